// SPDX-License-Identifier: GPL-2.0-only
/*
 * A guest that is a hypervisor itself (kvm_intel nested=1) and has attachments.
 *
 * Its own guest, L2, tries what leads to ELISA when it is done one level below:
 * VMFUNC at an entry stub, hypercalls by VMCALL.  The attacker hopes that the
 * module takes L2's exits for its own, or changes vmcs02, or leaves a gate open
 * across VMLAUNCH.  Hooks skip a vCPU that runs a nested guest, so L2's exits are
 * KVM's, which hands them to the guest's hypervisor.
 *
 * L2 has no page tables of its own and no nested EPT: it runs in this guest's
 * address space, at CPL 0, one instruction after the other up to an exit.
 */
#include "steps.h"

#define MSR_FEATURE_CONTROL 0x3a
#define MSR_VMX_BASIC	    0x480
#define MSR_VMX_PIN	    0x481
#define MSR_VMX_PROC	    0x482
#define MSR_VMX_EXIT	    0x483
#define MSR_VMX_ENTRY	    0x484
#define MSR_EFER	    0xc0000080
#define MSR_FS_BASE	    0xc0000100
#define MSR_GS_BASE	    0xc0000101
#define CR4_VMXE	    (1ULL << 13)

/* VMCS fields: SDM vol. 3, appendix B */
#define PIN_CONTROLS	  0x4000
#define PROC_CONTROLS	  0x4002
#define EXCEPTIONS	  0x4004
#define EXIT_CONTROLS	  0x400c
#define ENTRY_CONTROLS	  0x4012
#define VMCS_LINK	  0x2800
#define INSTRUCTION_ERROR 0x4400
#define EXIT_REASON	  0x4402
#define EXIT_INTR_INFO	  0x4404
#define GUEST_SELECTOR	  0x0800 /* ES CS SS DS FS GS LDTR TR */
#define GUEST_LIMIT	  0x4800
#define GUEST_ACCESS	  0x4814
#define GUEST_BASE	  0x6806
#define GUEST_GDT_LIMIT	  0x4810
#define GUEST_IDT_LIMIT	  0x4812
#define GUEST_CR0	  0x6800
#define GUEST_CR3	  0x6802
#define GUEST_CR4	  0x6804
#define GUEST_GDT_BASE	  0x6816
#define GUEST_IDT_BASE	  0x6818
#define GUEST_DR7	  0x681a
#define GUEST_RSP	  0x681c
#define GUEST_RIP	  0x681e
#define GUEST_RFLAGS	  0x6820
#define HOST_SELECTOR	  0x0c00 /* ES CS SS DS FS GS TR */
#define HOST_CR0	  0x6c00
#define HOST_CR3	  0x6c02
#define HOST_CR4	  0x6c04
#define HOST_FS_BASE	  0x6c06
#define HOST_GS_BASE	  0x6c08
#define HOST_TR_BASE	  0x6c0a
#define HOST_GDT_BASE	  0x6c0c
#define HOST_IDT_BASE	  0x6c0e
#define HOST_RSP	  0x6c14
#define HOST_RIP	  0x6c16

#define PIN_INTERRUPTS 1U
#define PROC_HLT       (1U << 7)
#define EXIT_TO_64     (1U << 9)
#define ENTRY_64       (1U << 9)

#define REASON_EXCEPTION 0
#define REASON_INTERRUPT 1
#define REASON_HLT	 12
#define REASON_VMCALL	 18
#define INVALID_OPCODE	 0x80000306U

#define FAILED 0x1000000 /* no entry; error below */

struct table {
	u16 limit;
	u64 base;
} __attribute__((packed));

static u64 *vmxon_region, *vmcs;
static u8 *l2_stack;

/* RAX, RCX, RDI of L2, in and out */
struct l2 {
	u64 rip, rax, rcx, rdi;
};

static bool vmxon(u64 *at)
{
	u8 ok;

	__asm__ volatile("vmxon %1; seta %0"
			 : "=r"(ok)
			 : "m"(at)
			 : "cc", "memory");
	return ok;
}

static bool vmclear(u64 *at)
{
	u8 ok;

	__asm__ volatile("vmclear %1; seta %0"
			 : "=r"(ok)
			 : "m"(at)
			 : "cc", "memory");
	return ok;
}

static bool vmptrld(u64 *at)
{
	u8 ok;

	__asm__ volatile("vmptrld %1; seta %0"
			 : "=r"(ok)
			 : "m"(at)
			 : "cc", "memory");
	return ok;
}

static bool fields_good;

static void put(u64 field, u64 value)
{
	u8 ok;

	__asm__ volatile("vmwrite %2, %1; seta %0"
			 : "=r"(ok)
			 : "r"(field), "r"(value)
			 : "cc");
	fields_good &= ok;
}

static u64 get(u64 field)
{
	u64 value = 0;

	__asm__ volatile("vmread %1, %0" : "=r"(value) : "r"(field) : "cc");
	return value;
}

static u32 allowed(u32 msr, u32 wanted)
{
	u64 caps = rdmsr(msr);

	return (wanted | (u32)caps) & (caps >> 32);
}

static void put_segments(const struct table *gdt)
{
	static const struct {
		u16 selector;
		u32 access;
	} seg[8] = {
		{ SEL_DATA, 0xc093 }, { SEL_CODE, 0xa09b },
		{ SEL_DATA, 0xc093 }, { SEL_DATA, 0xc093 },
		{ SEL_DATA, 0xc093 }, { SEL_DATA, 0xc093 },
		{ 0, 0x10000 },	      { SEL_TSS, 0x8b },
	};
	const u64 *entry = (const u64 *)(gdt->base + SEL_TSS);
	u64 tss = ((entry[0] >> 16) & 0xffffff) | (entry[0] >> 56) << 24 |
		  entry[1] << 32;
	unsigned int i;

	for (i = 0; i < 8; i++) {
		bool is_tss = i == 7;

		put(GUEST_SELECTOR + 2 * i, seg[i].selector);
		put(GUEST_LIMIT + 2 * i, is_tss ? 0x67 + 0x20 : 0xffffffff);
		put(GUEST_ACCESS + 2 * i, seg[i].access);
		put(GUEST_BASE + 2 * i, is_tss ? tss : 0);
	}
	put(GUEST_LIMIT + 2 * 6, 0);
	for (i = 0; i < 6; i++)
		put(HOST_SELECTOR + 2 * i, seg[i].selector & ~7);
	put(HOST_SELECTOR + 12, SEL_TSS);
	put(HOST_TR_BASE, tss);
}

static void put_state(void)
{
	struct table gdt, idt;

	__asm__ volatile("sgdt %0" : "=m"(gdt));
	__asm__ volatile("sidt %0" : "=m"(idt));
	put(PIN_CONTROLS, allowed(MSR_VMX_PIN, PIN_INTERRUPTS));
	put(PROC_CONTROLS, allowed(MSR_VMX_PROC, PROC_HLT));
	put(EXCEPTIONS, 1 << 6);
	put(EXIT_CONTROLS, allowed(MSR_VMX_EXIT, EXIT_TO_64));
	put(ENTRY_CONTROLS, allowed(MSR_VMX_ENTRY, ENTRY_64));
	put(VMCS_LINK, ~0ULL);
	put_segments(&gdt);
	put(GUEST_GDT_BASE, gdt.base);
	put(GUEST_GDT_LIMIT, gdt.limit);
	put(GUEST_IDT_BASE, idt.base);
	put(GUEST_IDT_LIMIT, idt.limit);
	put(HOST_GDT_BASE, gdt.base);
	put(HOST_IDT_BASE, idt.base);
	put(GUEST_CR0, read_cr0());
	put(GUEST_CR3, read_cr3());
	put(GUEST_CR4, read_cr4());
	put(HOST_CR0, read_cr0());
	put(HOST_CR3, read_cr3());
	put(HOST_CR4, read_cr4());
	put(HOST_FS_BASE, 0);
	put(HOST_GS_BASE, 0);
	put(GUEST_DR7, 0x400);
}

static bool start_vmx(void)
{
	u32 id[4];
	u64 basic;

	cpuid(1, 0, id);
	if (!check(id[2] & 1 << 5, "nested: the guest has VMX"))
		return false;
	if (!(rdmsr(MSR_FEATURE_CONTROL) & 1))
		wrmsr(MSR_FEATURE_CONTROL, 5);
	basic = rdmsr(MSR_VMX_BASIC);
	vmxon_region = pages(1);
	vmcs = pages(1);
	l2_stack = (u8 *)pages(2) + 2 * PAGE_SIZE;
	*(u32 *)vmxon_region = basic & 0x7fffffff;
	*(u32 *)vmcs = basic & 0x7fffffff;
	write_cr4(read_cr4() | CR4_VMXE);
	if (!check(vmxon(vmxon_region) && vmclear(vmcs) && vmptrld(vmcs),
		   "nested: VMXON, VMCLEAR, VMPTRLD"))
		return false;
	fields_good = true;
	put_state();
	return check(fields_good, "nested: a VMCS");
}

/* Run L2 until it exits; the basic reason, or FAILED. */
static u64 run_l2(struct l2 *l2)
{
	static bool launched;
	u64 failed = launched;

	put(GUEST_RIP, l2->rip);
	put(GUEST_RSP, (u64)l2_stack);
	put(GUEST_RFLAGS, FLAG_FIXED | FLAG_IF);
	__asm__ volatile("push	%%rbp\n\t"
			 "push	%%rbx\n\t"
			 "push	%[l2]\n\t"
			 "cli\n\t" /* an exit clears IF as well */
			 "mov	$0x6c14, %%ecx\n\t" /* HOST_RSP */
			 "vmwrite %%rsp, %%rcx\n\t"
			 "lea	1f(%%rip), %%rdx\n\t"
			 "mov	$0x6c16, %%ecx\n\t" /* HOST_RIP */
			 "vmwrite %%rdx, %%rcx\n\t"
			 "mov	%[l2], %%rdx\n\t"
			 "cmp	$0, %%rax\n\t"
			 "mov	8(%%rdx), %%rax\n\t"
			 "mov	16(%%rdx), %%rcx\n\t"
			 "mov	24(%%rdx), %%rdi\n\t"
			 "jne	2f\n\t"
			 "vmlaunch\n\t"
			 "jmp	3f\n"
			 "2:	vmresume\n"
			 "3:	pop	%%rdx\n\t"
			 "mov	$1, %%eax\n\t"
			 "jmp	4f\n"
			 "1:	pop	%%rdx\n\t"
			 "mov	%%rax, 8(%%rdx)\n\t"
			 "mov	%%rcx, 16(%%rdx)\n\t"
			 "mov	%%rdi, 24(%%rdx)\n\t"
			 "xor	%%eax, %%eax\n"
			 "4:	pop	%%rbx\n\t"
			 "pop	%%rbp\n\t"
			 "sti"
			 : "+a"(failed)
			 : [l2] "S"(l2)
			 : "rcx", "rdx", "rdi", "r8", "r9", "r10", "r11", "r12",
			   "r13", "r14", "r15", "memory", "cc");
	if (failed)
		return FAILED + get(INSTRUCTION_ERROR);
	launched = true;
	l2->rip = get(GUEST_RIP);
	return get(EXIT_REASON);
}

/* The same, going on after interrupts, which come to this guest. */
static u64 l2_exit(struct l2 *l2)
{
	unsigned int i;
	u64 reason;

	for (i = 0; i < 10000; i++) {
		reason = run_l2(l2);
		if (reason != REASON_INTERRUPT)
			return reason;
		__asm__ volatile("sti; nop; nop" : : : "memory");
	}
	return FAILED;
}

/* What L2 executes. */
extern const u8 l2_vmcall[], l2_vmfunc[], l2_hlt[], l2_spin[];

__asm__(".pushsection .text\n"
	"l2_vmcall: vmcall\n	hlt\n"
	"l2_vmfunc: vmfunc\n	hlt\n"
	"l2_hlt: hlt\n"
	"l2_spin: mov $300000, %ecx\n"
	"1:	dec %ecx\n	jnz 1b\n	hlt\n"
	".popsection");

static struct export export;
static struct steps_shared *steps;
static struct att att, att3;
static u64 next_id, aex, bad;

static bool call(const struct att *a)
{
	struct steps_call c = { a, next_id++ % STEPS_IDS, 30, 2000 };
	struct regs in = steps_regs(&c);
	struct result res;

	steps->count[c.id] = 0;
	res = elisa_call_regs(a, &in);
	aex += res.aex;
	return steps_good(steps, &c, &res.last);
}

static volatile bool stop;
static volatile u64 others;

static void calls_beside(u64 unused)
{
	struct att a;

	(void)unused;
	attach(&a, "nested", 3, NULL, 0);
	bad += !!a.err;
	while (!stop) {
		struct steps_call c = { &a, STEPS_IDS - 1, 30, 2000 };
		struct regs in = steps_regs(&c);
		struct result res;

		steps->count[c.id] = 0;
		res = elisa_call_regs(&a, &in);
		bad += !steps_good(steps, &c, &res.last);
		others++;
	}
	bad += !!detach(&a);
}

/* Each of ELISA's hypercalls, and two that are not. */
static void l2_hypercalls(void)
{
	unsigned int nr, wrong = 0;

	for (nr = 0; nr < ELISA_HC_COUNT + 2; nr++) {
		struct l2 l2 = {
			.rip = (u64)l2_vmcall,
			.rax = ELISA_HC(nr),
			.rcx = 7,
			.rdi = att.token,
		};
		u64 reason = l2_exit(&l2);

		wrong += !expect(reason == REASON_VMCALL &&
					 l2.rip == (u64)l2_vmcall &&
					 l2.rax == ELISA_HC(nr) &&
					 l2.rdi == att.token,
				 "VMCALL %u: reason %llx, rax %llx", nr, reason,
				 l2.rax);
	}
	check_eq(wrong, 0, "nested: %u hypercalls of L2 are its hypervisor's",
		 ELISA_HC_COUNT + 2);
}

static void l2_vmfuncs(void)
{
	const u64 from[] = {
		(u64)l2_vmfunc,
		att.window + ELISA_W_GATE - 3,
		att.window + ELISA_W_RESTART,
	};
	unsigned int i, ecx, wrong = 0, n = 0;

	for (i = 0; i < ARRAY_SIZE(from); i++) {
		for (ecx = 0; ecx < 4; ecx++, n++) {
			struct l2 l2 = { .rip = from[i], .rcx = ecx };
			u64 reason = l2_exit(&l2);

			wrong +=
				!expect(reason == REASON_EXCEPTION &&
						(u32)get(EXIT_INTR_INFO) ==
							INVALID_OPCODE,
					"VMFUNC %u at %llx: reason %llx %llx, rip %llx",
					ecx, from[i], reason,
					get(EXIT_INTR_INFO), l2.rip);
		}
	}
	check_eq(wrong, 0, "nested: %u times VMFUNC in L2 is #UD", n);
}

static void run_nested(void)
{
	unsigned int i, n = arg("n", 20), wrong = 0;
	struct l2 l2;

	steps = steps_export(&export, "nested");
	if (!steps || !check(n_cpus > 1, "two vCPUs"))
		return;
	attach(&att, "nested", 0, NULL, 0);
	attach(&att3, "nested", 3, NULL, 0);
	check(!att.err && !att3.err && call(&att) && call(&att3),
	      "nested: calls before");
	if (!start_vmx())
		return;
	check(call(&att) && call(&att3), "nested: calls in VMX operation");
	l2 = (struct l2){ .rip = (u64)l2_hlt };
	if (!check_eq(l2_exit(&l2), REASON_HLT, "nested: VMLAUNCH, HLT"))
		return;
	check(call(&att) && call(&att3), "nested: calls after an L2");

	cpu_start(1, calls_beside, 0);
	while (!others)
		vmm_sleep(1000);
	l2_hypercalls();
	l2_vmfuncs();
	storm_start(4000000, 8000000);
	for (i = 0; i < n; i++) {
		l2 = (struct l2){ .rip = (u64)l2_spin };
		wrong += l2_exit(&l2) != REASON_HLT;
		wrong += !call(&att) + !call(&att3);
	}
	storm_stop();
	check_eq(wrong, 0,
		 "nested: %u runs of L2 between calls, suspended %llu times", n,
		 aex);
	stop = true;
	cpu_wait(1);
	check_eq(bad, 0, "nested: %llu calls of another vCPU beside them",
		 others);
	check(aex, "nested: calls were suspended");
	__asm__ volatile("vmxoff" : : : "memory", "cc");
	write_cr4(read_cr4() & ~CR4_VMXE);
	check(call(&att) && call(&att3), "nested: calls after VMXOFF");
	check(!detach(&att) && !detach(&att3), "nested: DETACH");
}

ATTACK("nested", run_nested);
