// SPDX-License-Identifier: GPL-2.0-only
/*
 * Creating a virtual machine, and what concerns all of it.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "vm.h"

/* Pages that KVM itself needs on VMX: above RAM, below the local APIC. */
#define IDENTITY_MAP_ADDR 0xfffbc000ul
#define TSS_ADDR	  0xfffbd000ul

#define HUGE_PAGE (2ul << 20)

void vm_log(struct vm *vm, const char *fmt, ...)
{
	char msg[512], line[640];
	va_list ap;
	int len;

	va_start(ap, fmt);
	vsnprintf(msg, sizeof(msg), fmt, ap);
	va_end(ap);

	/* One write, so that lines of several VMs do not mix. */
	len = snprintf(line, sizeof(line), "[%s] testvmm: %s\n", vm->name, msg);
	if (write(STDOUT_FILENO, line, len) < 0)
		return;
}

static int vm_fail(struct vm *vm, const char *what)
{
	int err = errno;

	vm_log(vm, "%s: %s", what, strerror(err));
	return -err;
}

/*
 * Guest RAM, aligned so that where the host has huge pages KVM can map them as
 * such: booting then takes far fewer EPT violations.
 */
static void *vm_alloc_ram(size_t size)
{
	uint8_t *mem, *start;

	mem = mmap(NULL, size + HUGE_PAGE, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (mem == MAP_FAILED)
		return NULL;
	start = (uint8_t *)(((uintptr_t)mem + HUGE_PAGE - 1) & -HUGE_PAGE);
	if (start > mem)
		munmap(mem, start - mem);
	munmap(start + size, mem + HUGE_PAGE - start);
	return start;
}

int vm_create(struct vm *vm)
{
	struct kvm_pit_config pit = { .flags = KVM_PIT_SPEAKER_DUMMY };
	struct kvm_userspace_memory_region ram = { 0 };
	uint64_t identity = IDENTITY_MAP_ADDR;

	atomic_init(&vm->end, VM_END_RUNNING);
	vm->end_fd = eventfd(0, EFD_CLOEXEC);
	if (vm->end_fd < 0)
		return vm_fail(vm, "eventfd");

	vm->kvm_fd = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	if (vm->kvm_fd < 0)
		return vm_fail(vm, "/dev/kvm");
	vm->fd = ioctl(vm->kvm_fd, KVM_CREATE_VM, 0);
	if (vm->fd < 0)
		return vm_fail(vm, "KVM_CREATE_VM");
	if (ioctl(vm->fd, KVM_SET_TSS_ADDR, TSS_ADDR) < 0)
		return vm_fail(vm, "KVM_SET_TSS_ADDR");
	if (ioctl(vm->fd, KVM_SET_IDENTITY_MAP_ADDR, &identity) < 0)
		return vm_fail(vm, "KVM_SET_IDENTITY_MAP_ADDR");
	if (ioctl(vm->fd, KVM_CREATE_IRQCHIP, 0) < 0)
		return vm_fail(vm, "KVM_CREATE_IRQCHIP");
	if (ioctl(vm->fd, KVM_CREATE_PIT2, &pit) < 0)
		return vm_fail(vm, "KVM_CREATE_PIT2");

	vm->mem = vm_alloc_ram(vm->mem_size);
	if (!vm->mem)
		return vm_fail(vm, "guest memory");
	ram.memory_size = vm->mem_size;
	ram.userspace_addr = (uintptr_t)vm->mem;
	if (ioctl(vm->fd, KVM_SET_USER_MEMORY_REGION, &ram) < 0)
		return vm_fail(vm, "KVM_SET_USER_MEMORY_REGION");
	return 0;
}

void vm_irq(struct vm *vm, unsigned int irq, bool level)
{
	struct kvm_irq_level line = { .irq = irq, .level = level };

	if (ioctl(vm->fd, KVM_IRQ_LINE, &line) < 0)
		vm_fail(vm, "KVM_IRQ_LINE");
}

void *vm_ram(struct vm *vm, uint64_t gpa, uint64_t size)
{
	if (gpa > vm->mem_size || size > vm->mem_size - gpa)
		return NULL;
	return vm->mem + gpa;
}

void vm_stop(struct vm *vm, enum vm_end how)
{
	int running = VM_END_RUNNING;

	if (!atomic_compare_exchange_strong(&vm->end, &running, how))
		return;
	if (eventfd_write(vm->end_fd, 1) < 0)
		vm_fail(vm, "eventfd_write");
}
