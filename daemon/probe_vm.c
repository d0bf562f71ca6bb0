// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <elisa/hypercall.h>
#include <elisa/layout.h>

#include "compiler.h"
#include "long_mode.h"
#include "probe_vm.h"

/* Guest-physical addresses. */
enum {
	PML4 = 0x1000,
	PDPT = 0x2000, /* of the first 512 GiB */
	PD = 0x3000,
	GDT = 0x4000,
	CODE = 0x5000,
	STACK_TOP = 0x7000,
	WINDOW_PDPT = 0x8000,
	WINDOW_PD = 0x9000,
	WINDOW_PT = 0xa000,
	ENTRY = 0xb000, /* what windows have at W+0, ... */
	RETURN = 0xc000,
	AEP = 0xd000,
	OWN_CODE = 0xe000, /* of who has opened it */
	MEM_SIZE = 0x200000,
};

_Static_assert(PROBE_VM_DATA + PROBE_VM_DATA_SIZE == MEM_SIZE,
	       "data ends where the memory does");

#define PRESENT_RW 0x3
#define LARGE	   0x80

/* The first exit of a vCPU that is not HLT or a signal ends the probe. */
#define EINTR_MAX 1000

static const __u8 code_hypercall[] = { 0x0f, 0x01, 0xc1, 0xf4 };
/* The last bytes of the page: see ELISA_W_RESTART. */
/* clang-format off */
static const __u8 code_entry[] = {
	0xb9, ELISA_IDX_GATE, 0, 0, 0,		/* mov $2, %ecx */
	0x31, 0xc0,				/* xor %eax, %eax */
	0x0f, 0x01, 0xd4,			/* vmfunc */
};
/* The same for calls by VMCALL. */
static const __u8 code_interposed[] = {
	0xb8, ELISA_HC_CALL, 'I', 'L', 'E',	/* mov $ELISA_HC(...), %eax */
	0x0f, 0x01, 0xc1,			/* vmcall */
};
static const __u8 code_return[] = { 0xc3 };	/* ret */
/* RDI = handle.  Comes back only with an error, -EAGAIN: once more. */
static const __u8 code_aep[] = {
	0xb8, ELISA_HC_RESUME, 'I', 'L', 'E',	/* mov $ELISA_HC(...), %eax */
	0x0f, 0x01, 0xc1,			/* vmcall */
	0x48, 0x83, 0xf8, 0xf5,			/* cmp $-11, %rax */
	0x74, 0xf2,				/* je to the start */
	0xf4,					/* hlt */
};
/* clang-format on */

_Static_assert(ELISA_HC_BASE == 0x454c4900, "bytes of code_aep");
_Static_assert(ELISA_W_RESTART + sizeof(code_entry) == ELISA_PAGE_SIZE,
	       "the entry stub ends with its page");
_Static_assert(ELISA_WINDOWS * 4 == 512, "all windows are one page table");

static int __printf(3, 4)
fail(struct probe_vm *p, int error, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(p->error, sizeof(p->error), fmt, ap);
	va_end(ap);
	return error;
}

static int fail_errno(struct probe_vm *p, const char *what)
{
	return fail(p, -errno, "%s: %s", what, strerror(errno));
}

static void put64(struct probe_vm *p, __u64 at, __u64 value)
{
	memcpy(p->mem + at, &value, sizeof(value));
}

static unsigned int table_index(__u64 va, unsigned int level)
{
	return va >> (12 + 9 * level) & 511;
}

/* Entry stubs end where their page does. */
static void set_entry(struct probe_vm *p, const __u8 *code, size_t size)
{
	p->entry = ELISA_PAGE_SIZE - size;
	memcpy(p->mem + ENTRY + p->entry, code, size);
}

/*
 * The first 2 MiB at their own addresses; every window has the same three pages,
 * whichever it will be.  W+0x1000 is left out: the gate is there.
 */
static void build_memory(struct probe_vm *p)
{
	unsigned int i;

	put64(p, PML4, PDPT | PRESENT_RW);
	put64(p, PDPT, PD | PRESENT_RW);
	put64(p, PD, LARGE | PRESENT_RW);
	put64(p, PML4 + 8 * table_index(ELISA_WINDOW_BASE, 3),
	      WINDOW_PDPT | PRESENT_RW);
	put64(p, WINDOW_PDPT + 8 * table_index(ELISA_WINDOW_BASE, 2),
	      WINDOW_PD | PRESENT_RW);
	put64(p, WINDOW_PD + 8 * table_index(ELISA_WINDOW_BASE, 1),
	      WINDOW_PT | PRESENT_RW);
	for (i = 0; i < ELISA_WINDOWS; i++) {
		const __u64 pt = WINDOW_PT + 32ULL * i;

		put64(p, pt + 8 * (ELISA_W_ENTRY >> 12), ENTRY | PRESENT_RW);
		put64(p, pt + 8 * (ELISA_W_RETURN >> 12), RETURN | PRESENT_RW);
		put64(p, pt + 8 * (ELISA_W_AEP >> 12), AEP | PRESENT_RW);
	}
	put64(p, GDT + LONG_MODE_CS, 0x00af9b000000ffff);
	put64(p, GDT + LONG_MODE_DS, 0x00cf93000000ffff);
	memcpy(p->mem + CODE, code_hypercall, sizeof(code_hypercall));
	set_entry(p, code_entry, sizeof(code_entry));
	memcpy(p->mem + RETURN, code_return, sizeof(code_return));
	memcpy(p->mem + AEP, code_aep, sizeof(code_aep));
}

static int create_vm(struct probe_vm *p, int kvm)
{
	struct kvm_userspace_memory_region ram = { .memory_size = MEM_SIZE };
	const struct long_mode tables = { .pml4 = PML4, .gdt = GDT };
	__u64 identity = 0xfffbc000;
	int size;

	p->vm = ioctl(kvm, KVM_CREATE_VM, 0);
	if (p->vm < 0)
		return fail_errno(p, "KVM_CREATE_VM");
	if (ioctl(p->vm, KVM_SET_TSS_ADDR, 0xfffbd000ul) ||
	    ioctl(p->vm, KVM_SET_IDENTITY_MAP_ADDR, &identity))
		return fail_errno(p, "KVM_SET_TSS_ADDR");
	p->mem = mmap(NULL, MEM_SIZE, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (p->mem == MAP_FAILED)
		return fail_errno(p, "memory of the VM");
	ram.userspace_addr = (uintptr_t)p->mem;
	if (ioctl(p->vm, KVM_SET_USER_MEMORY_REGION, &ram))
		return fail_errno(p, "KVM_SET_USER_MEMORY_REGION");
	build_memory(p);

	p->vcpu = ioctl(p->vm, KVM_CREATE_VCPU, 0);
	if (p->vcpu < 0)
		return fail_errno(p, "KVM_CREATE_VCPU");
	size = ioctl(kvm, KVM_GET_VCPU_MMAP_SIZE, 0);
	if (size < 0)
		return fail_errno(p, "KVM_GET_VCPU_MMAP_SIZE");
	p->run = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, p->vcpu,
		      0);
	if (p->run == MAP_FAILED)
		return fail_errno(p, "memory of the vCPU");
	p->run_size = size;
	if (long_mode_cpuid(kvm, p->vcpu))
		return fail_errno(p, "CPUID of the vCPU");
	if (long_mode_set(p->vcpu, &tables))
		return fail_errno(p, "registers of the vCPU");
	return 0;
}

int probe_vm_open(struct probe_vm *p)
{
	int kvm, ret;

	memset(p, 0, sizeof(*p));
	p->vm = -1;
	p->vcpu = -1;
	p->mem = MAP_FAILED;
	p->run = MAP_FAILED;
	kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	if (kvm < 0)
		return fail_errno(p, "/dev/kvm");
	ret = create_vm(p, kvm);
	close(kvm);
	return ret;
}

void probe_vm_close(struct probe_vm *p)
{
	/* A mapped vCPU keeps the VM. */
	if (p->run != MAP_FAILED)
		munmap(p->run, p->run_size);
	if (p->vcpu >= 0)
		close(p->vcpu);
	if (p->vm >= 0)
		close(p->vm);
	if (p->mem != MAP_FAILED)
		munmap(p->mem, MEM_SIZE);
}

/* From RIP to the next HLT, which is where a return leads as well. */
static int run(struct probe_vm *p, __u64 rip, struct kvm_regs *regs)
{
	unsigned int tries;
	int ret = -1;

	put64(p, STACK_TOP - 8, CODE + sizeof(code_hypercall) - 1);
	regs->rip = rip;
	regs->rsp = STACK_TOP - 8;
	/* Nothing interrupts a vCPU that has no interrupt controller. */
	regs->rflags = 1 << 9 | 1 << 1;
	if (ioctl(p->vcpu, KVM_SET_REGS, regs))
		return fail_errno(p, "KVM_SET_REGS");
	for (tries = 0; tries < EINTR_MAX && ret; tries++) {
		ret = ioctl(p->vcpu, KVM_RUN, 0);
		if (ret && errno != EINTR && errno != EAGAIN)
			break;
	}
	if (ret)
		return fail_errno(p, "KVM_RUN");
	if (ioctl(p->vcpu, KVM_GET_REGS, regs))
		return fail_errno(p, "KVM_GET_REGS");
	if (p->run->exit_reason != KVM_EXIT_HLT)
		return fail(p, -EIO,
			    "the vCPU stopped with exit reason %u at %llx",
			    p->run->exit_reason, regs->rip);
	return 0;
}

int probe_vm_hypercall(struct probe_vm *p, struct kvm_regs *regs)
{
	return run(p, CODE, regs);
}

void probe_vm_interpose(struct probe_vm *p)
{
	set_entry(p, code_interposed, sizeof(code_interposed));
}

int probe_vm_call(struct probe_vm *p, __u64 window, struct kvm_regs *regs)
{
	return run(p, window + ELISA_W_ENTRY + p->entry, regs);
}

int probe_vm_load(struct probe_vm *p, const __u8 *code, size_t size)
{
	if (size > ELISA_PAGE_SIZE)
		return fail(p, -E2BIG, "the code is too long");
	memcpy(p->mem + OWN_CODE, code, size);
	return 0;
}

int probe_vm_run(struct probe_vm *p, struct kvm_regs *regs)
{
	return run(p, OWN_CODE, regs);
}

const __u64 *probe_vm_data(const struct probe_vm *p)
{
	return (const __u64 *)(p->mem + PROBE_VM_DATA);
}

unsigned int probe_vm_khz(const struct probe_vm *p)
{
	const int khz = ioctl(p->vcpu, KVM_GET_TSC_KHZ);

	return khz > 0 ? khz : 0;
}
