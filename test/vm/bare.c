// SPDX-License-Identifier: GPL-2.0-only
/*
 * bare: a VM of one page of 64-bit code at CPL 0, on plain /dev/kvm.
 *
 *	bare vmcall NR     prints RAX after VMCALL with ELISA_HC(NR)
 *	bare vmfunc INDEX  prints "ok", or "#UD" when VMFUNC leaf 0 raises it
 *	bare cost KIND [TURNS]
 *	                   prints the least time that 100 exits of KIND (vmcall,
 *	                   cpuid) took, of 200 times or TURNS, in TSC ticks, which
 *	                   are instructions on the emulated host; and a sum of all
 *	                   that they returned
 *	bare -w ...        waits for a line on stdin before it runs the code, so
 *	                   that the VM can be enrolled
 */
#include <err.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include <elisa/hypercall.h>

#include "long_mode.h"

#define MEM_SIZE   0x200000
#define CODE	   0x1000
#define STACK	   0x3000
#define IDT	   0x4000
#define GDT	   0x5000
#define PML4	   0x10000
#define PDPT	   0x11000
#define PD	   0x12000
#define UD_HANDLER 0x1800

/* Ends with HLT; RBX = 1 if #UD was raised. */
static const uint8_t code_vmcall[] = { 0x0f, 0x01, 0xc1, 0xf4 };
static const uint8_t code_vmfunc[] = { 0x0f, 0x01, 0xd4, 0xf4 };
static const uint8_t code_ud[] = { 0xbb, 1, 0, 0, 0, 0xf4 };

/*
 * R12 = turns.  Ends with R15 = the least time of a turn, R14 = sum of results.
 * RSI = what the exit instruction gets in RAX.
 */
extern const uint8_t cost_vmcall[], cost_vmcall_end[];
extern const uint8_t cost_cpuid[], cost_cpuid_end[];

/* clang-format off */
#define COST(name, exit)						\
	__asm__(".pushsection .rodata\n"				\
		"cost_" name ":\n"					\
		"1:	rdtsc\n"					\
		"	shl	$32, %rdx\n"				\
		"	lea	(%rax, %rdx), %r8\n"			\
		"	mov	$100, %r13\n"				\
		"2:	mov	%rsi, %rax\n"				\
		"	xor	%ecx, %ecx\n"				\
		"	" exit "\n"					\
		"	add	%rax, %r14\n"				\
		"	add	%rbx, %r14\n"				\
		"	add	%rcx, %r14\n"				\
		"	dec	%r13\n"					\
		"	jnz	2b\n"					\
		"	rdtsc\n"					\
		"	shl	$32, %rdx\n"				\
		"	add	%rdx, %rax\n"				\
		"	sub	%r8, %rax\n"				\
		"	cmp	%r15, %rax\n"				\
		"	cmovb	%rax, %r15\n"				\
		"	dec	%r12\n"					\
		"	jnz	1b\n"					\
		"	hlt\n"						\
		"cost_" name "_end:\n"					\
		".popsection\n")
/* clang-format on */

COST("vmcall", "vmcall");
COST("cpuid", "cpuid");

#define COST_TURNS 200
/* No hypercall of KVM's or ours. */
#define COST_HYPERCALL 0x999

static uint8_t *mem;

static void put64(uint64_t at, uint64_t value)
{
	memcpy(mem + at, &value, sizeof(value));
}

static int must(int ret, const char *what)
{
	if (ret < 0)
		err(1, "%s", what);
	return ret;
}

static void build_memory(const uint8_t *code, size_t len)
{
	/* Identity, one page of 2 MiB. */
	put64(PML4, PDPT | 0x7);
	put64(PDPT, PD | 0x7);
	put64(PD, 0x87);
	put64(GDT + 8, 0x00af9b000000ffff);
	put64(GDT + 16, 0x00cf93000000ffff);
	/* Interrupt gate for #UD. */
	put64(IDT + 6 * 16, UD_HANDLER | 8 << 16 | 0x8e00ULL << 32);
	memcpy(mem + CODE, code, len);
	memcpy(mem + UD_HANDLER, code_ud, sizeof(code_ud));
}

int main(int argc, char **argv)
{
	struct kvm_userspace_memory_region ram = { .memory_size = MEM_SIZE };
	struct kvm_regs regs = { .rip = CODE, .rsp = STACK, .rflags = 2 };
	struct long_mode tables = {
		.pml4 = PML4,
		.gdt = GDT,
		.idt = IDT,
		.idt_limit = 0xfff,
	};
	uint64_t identity = 0xfffbc000;
	int kvm, vm, vcpu, size, wait;
	struct kvm_run *run;
	char line[16];

	wait = argc > 1 && !strcmp(argv[1], "-w");
	argc -= wait;
	argv += wait;
	if (argc != 3 && (argc != 4 || strcmp(argv[1], "cost")))
		return 2;
	kvm = must(open("/dev/kvm", O_RDWR), "/dev/kvm");
	vm = must(ioctl(kvm, KVM_CREATE_VM, 0), "KVM_CREATE_VM");
	must(ioctl(vm, KVM_SET_TSS_ADDR, 0xfffbd000ul), "KVM_SET_TSS_ADDR");
	must(ioctl(vm, KVM_SET_IDENTITY_MAP_ADDR, &identity),
	     "KVM_SET_IDENTITY_MAP_ADDR");
	mem = mmap(NULL, MEM_SIZE, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (mem == MAP_FAILED)
		err(1, "memory");
	ram.userspace_addr = (uintptr_t)mem;
	must(ioctl(vm, KVM_SET_USER_MEMORY_REGION, &ram), "memory slot");
	vcpu = must(ioctl(vm, KVM_CREATE_VCPU, 0), "KVM_CREATE_VCPU");
	size = must(ioctl(kvm, KVM_GET_VCPU_MMAP_SIZE, 0), "mmap size");
	run = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, vcpu, 0);
	if (run == MAP_FAILED)
		err(1, "mmap");

	if (!strcmp(argv[1], "vmcall")) {
		build_memory(code_vmcall, sizeof(code_vmcall));
		regs.rax = ELISA_HC(strtoul(argv[2], NULL, 0));
	} else if (!strcmp(argv[1], "cost")) {
		if (!strcmp(argv[2], "cpuid")) {
			build_memory(cost_cpuid, cost_cpuid_end - cost_cpuid);
		} else {
			build_memory(cost_vmcall,
				     cost_vmcall_end - cost_vmcall);
			regs.rsi = COST_HYPERCALL;
		}
		regs.r12 = argc == 4 ? strtoul(argv[3], NULL, 0) : COST_TURNS;
		if (!regs.r12)
			return 2;
		regs.r15 = UINT64_MAX;
	} else {
		build_memory(code_vmfunc, sizeof(code_vmfunc));
		regs.rcx = strtoul(argv[2], NULL, 0);
	}
	must(long_mode_cpuid(kvm, vcpu), "CPUID");
	must(long_mode_set(vcpu, &tables), "KVM_SET_SREGS");
	must(ioctl(vcpu, KVM_SET_REGS, &regs), "KVM_SET_REGS");
	if (wait) {
		puts("ready");
		fflush(stdout);
		if (!fgets(line, sizeof(line), stdin))
			return 1;
	}
	must(ioctl(vcpu, KVM_RUN, 0), "KVM_RUN");
	must(ioctl(vcpu, KVM_GET_REGS, &regs), "KVM_GET_REGS");
	if (run->exit_reason != KVM_EXIT_HLT)
		errx(1, "exit reason %u at %llx", run->exit_reason, regs.rip);
	if (!strcmp(argv[1], "vmcall"))
		printf("%lld\n", (long long)regs.rax);
	else if (!strcmp(argv[1], "cost"))
		printf("%llu %llx\n", regs.r15, regs.r14);
	else
		puts(regs.rbx ? "#UD" : "ok");
	return 0;
}
