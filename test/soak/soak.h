/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The soak's driver: the world as it must be (model.c), what changes it (ops.c),
 * the VMs (guest.c) and the host (host.c) that it is compared with.
 *
 * What is requested depends on the seed and on the model, never on results: the
 * same seed asks for the same things.  The model knows all results but those of
 * calls that run while something is done to them; for these it knows bounds.
 */
#ifndef SOAK_H
#define SOAK_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "abi.h"

#define VMS	    3
#define EXPORT_HOST 3 /* of the host, sealed */
#define EXPORT_FULL 4 /* of the host, with full trust */
#define EXPORTS	    5 /* the first: of VM i */

/* Limits of each VM. */
#define LIMIT_ATTACHMENTS   SOAK_ATTS
#define LIMIT_EXPORTS	    2
#define LIMIT_PINNED	    8
#define LIMIT_INSTANCES	    40
#define LIMIT_INSTANCES_LOW 6 /* of VM 1: callers may find none free */

/* VM 2 may only read what it attaches. */
#define VM_LOW	     1
#define VM_READ_ONLY 2

struct cell {
	uint64_t lo, hi;
};

/* clang-format off */
struct export {
	bool alive;
	unsigned int born;	/* how often: names are used again */
	struct cell cell[SOAK_CELLS];
};
/* clang-format on */

struct att {
	bool used, live; /* !live: revoked */
	unsigned int export, cpl, xbuf_pages;
	uint64_t xcell; /* what the exchange buffer holds */
};

struct handle {
	bool asked;	/* a request made it */
	bool suspended; /* there is a call; timing decides */
	bool live;	/* and it was not ended from outside */
	unsigned int att;
	uint64_t want;
};

/* What a vCPU still does after the request. */
struct background {
	bool running, disturbed;
	unsigned int att, calls;
	unsigned int export, born;
	bool adds;
	int64_t want; /* its status when nothing comes between */
};

struct vm {
	bool alive, enrolled;
	pid_t pid;
	struct soak_box *box[SOAK_CPUS];
	bool exported;
	struct att att[SOAK_ATTS];
	struct handle handle[SOAK_HANDLES];
	struct background bg[SOAK_CPUS];
};

extern struct vm vms[VMS];
extern struct export exports[EXPORTS];
extern const char *const export_name[EXPORTS];
extern bool daemon_runs;

/* main.c */
struct options {
	uint64_t seed;
	unsigned int ops, checkpoint;
	bool verbose;
};

extern struct options opt;

uint64_t draw(uint64_t below);
void wrong(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void trace(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
bool has_failed(void);
void result(const char *what);	    /* counted by operation */
void loop_result(const char *what); /* of what ran in the background */

/* model.c */
const char *vm_name(unsigned int v);
unsigned int pinned_pages(unsigned int v);
unsigned int attachments(unsigned int v);
bool may_write(unsigned int v);
void export_born(unsigned int e);
void export_gone(unsigned int e);
struct cell *sum_of(unsigned int v, const struct background *bg);
void att_gone(unsigned int v, unsigned int a, bool revoked);
void vm_unenrolled(unsigned int v);
void vm_gone(unsigned int v);
void cell_add(struct cell *cell, int64_t lo, int64_t hi);
void check_cells(unsigned int e, const __u64 *value, const char *who);

/* guest.c */
void vm_start(unsigned int v);
void vm_enrol(unsigned int v);
void vm_kill(unsigned int v);
void vm_quit(unsigned int v);
void collect(unsigned int v, unsigned int cpu);
/* Fill in the request, and wait for the answer or not. */
struct soak_box *request(unsigned int v, unsigned int cpu, unsigned int what);
int64_t ask(unsigned int v, unsigned int cpu);
void post(unsigned int v, unsigned int cpu);
bool reap_output(unsigned int v);
bool is_forgotten(void *name);

/* host.c */
int run_command(char *out, size_t size, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
long figure(const char *vm, const char *name);
long info(const char *name);
long proc_number(const char *path, const char *key);
long proc_field(const char *path, const char *key);
bool write_file(const char *path, const char *text);
bool wait_for(bool (*done)(void *arg), void *arg);
bool module_is_free(void *unused);
bool module_load(void);
bool module_unload(void);
void daemon_start(void);
void daemon_stop(int sig);
unsigned int daemon_fds(void);
void nap(unsigned int us);
void measure_memory(long *available, long *slab);

/* ops.c */
void one_op(unsigned int n);
void op_ends(void);
void report_ops(void);

/* checkpoint.c */
void first_checkpoint(void); /* notes what there is before all */
void checkpoint(bool reload);

#endif /* SOAK_H */
