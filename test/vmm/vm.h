/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A virtual machine on plain /dev/kvm: memory, vCPUs, two serial ports.
 */
#ifndef TESTVMM_VM_H
#define TESTVMM_VM_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "uart.h"

#define VM_MAX_CPUS 16
/* RAM is one piece from address 0; what lies above is the APICs' and more. */
#define VM_MAX_MIB 2048

/* How a VM ended; the exit status of testvmm. */
enum vm_end {
	VM_END_OK = 0,	  /* power off, reset, SIGTERM */
	VM_END_SETUP = 1, /* never started */
	VM_END_USAGE = 2,
	VM_END_TRIPLE_FAULT = 3,
	VM_END_INTERNAL_ERROR = 4,
	VM_END_FAIL_ENTRY = 5,
	VM_END_UNKNOWN_EXIT = 6,
	VM_END_RUN_FAILED = 7, /* KVM_RUN itself failed */
	VM_END_RUNNING = -1,
};

struct vm;
struct kvm_run;

struct vcpu {
	struct vm *vm;
	unsigned int id;
	int fd;
	struct kvm_run *run;
	int stats_fd; /* of stats.c; -1: not opened */
	off_t stats_exits;
	pthread_t thread;
};

struct vm {
	const char *name;
	int kvm_fd;
	int fd;
	int end_fd;	/* eventfd: readable once the VM has ended */
	atomic_int end; /* enum vm_end */

	uint8_t *mem;
	size_t mem_size;

	const char *shared; /* file to map at LAYOUT_SHARED, or NULL */

	bool pcid; /* let the guest see PCID */
	unsigned int nr_cpus;
	struct vcpu vcpus[VM_MAX_CPUS];

	uint16_t pm1_en; /* ACPI register; its events never happen */
	struct uart com1;
	struct uart com2;
};

int vm_create(struct vm *vm);
void vm_irq(struct vm *vm, unsigned int irq, bool level);

/* Guest memory of @size bytes at @gpa, or NULL if that is not RAM. */
void *vm_ram(struct vm *vm, uint64_t gpa, uint64_t size);

/* End the VM; the first caller decides how. Any thread. */
void vm_stop(struct vm *vm, enum vm_end how);

void vm_log(struct vm *vm, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

#endif /* TESTVMM_VM_H */
