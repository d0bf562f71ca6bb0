/* SPDX-License-Identifier: GPL-2.0-only */
/* A VMM for hostile guests, itself as hostile as they ask it to be. */
#ifndef ATTACKER_H
#define ATTACKER_H

#include <linux/kvm.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../abi.h"

#define POSTS_MAX 16
#define POST_DATA 4096

/* An ioctl that waits for its vCPU to leave KVM_RUN. */
struct post {
	bool used;
	unsigned long request;
	uint64_t gpa; /* of the argument, or its value */
	uint64_t when, rip_first, rip_last;
	bool copied;
	unsigned char data[POST_DATA];
};

struct vcpu {
	unsigned int index;
	int fd;
	struct kvm_run *run;
	struct kvm_dirty_gfn *ring; /* --dirty-ring */
	unsigned int ring_next;
	pthread_t thread;
	bool started, gone;
	/* The fields below: vm_lock. */
	struct svc *request; /* by another thread; NULL when done */
	struct post post[POSTS_MAX];
	bool poked, poker_runs, poke_pending;
	struct poker poker;
};

struct region {
	uint64_t gpa, size;
	unsigned char *host;
};

#define REGIONS_MAX 32

struct vm {
	int kvm, fd;
	unsigned int n_cpus;
	bool irqchip, split_irqchip, no_pcid, smm;
	unsigned int ring_entries; /* 0: dirty bitmaps */
	struct vcpu vcpu[ATTACK_MAX_CPUS];
	struct region region[REGIONS_MAX]; /* index: slot */
	uint64_t entry;
	struct attack_info *info;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	bool ended;
	int status;
};

extern struct vm vm;

/* memory.c */
void *guest_mem(uint64_t gpa, uint64_t size); /* NULL: not all there */
int set_slot(unsigned int slot, uint64_t gpa, uint64_t size, uint32_t flags,
	     void *host);
void add_memory(unsigned int slot, uint64_t gpa, uint64_t size,
		const char *file);
long svc_memslot(const struct svc *svc);

/* load.c */
void load_elf(const char *path);
void build_boot_tables(void);

/* vcpu.c */
void vcpu_create(unsigned int index);
void vcpu_start(struct vcpu *vcpu);
void vcpu_kick(struct vcpu *vcpu);
void end(int status);

/* service.c */
void service(struct vcpu *self, uint64_t gpa);
void serve_requests(struct vcpu *self); /* vm.lock held */
unsigned int run_posts(struct vcpu *self, unsigned int when);

/* dirty.c */
void dirty_ring_enable(void);
void dirty_ring_map(struct vcpu *vcpu);
void dirty_ring_collect(void);		   /* vm.lock held */
long svc_dirty_log(const struct svc *svc); /* vm.lock held */

/* stall.c */
long stall_page(uint64_t gpa, uint64_t us);
bool stall_met(void);

/* poker.c */
long poker_start(struct vcpu *vcpu, const struct poker *poker);
long poker_stop(struct vcpu *vcpu, struct poker *poker);
void poker_look(struct vcpu *self);

#endif /* ATTACKER_H */
