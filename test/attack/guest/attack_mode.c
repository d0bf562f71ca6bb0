// SPDX-License-Identifier: GPL-2.0-only
/*
 * Paging modes and 32-bit code.
 *
 * Hope: gate and landing are where they are by 64-bit paging.  In another mode
 * the addresses mean something else, and the gate's own data is below 4 GiB,
 * where 32-bit code can switch context.
 *
 * Why it fails: a vCPU that is not in 64-bit mode is not armed; every way to
 * leave the mode is an exit.  32-bit code in 64-bit mode reaches the gate
 * context, but nothing there is executable below 4 GiB.  RESUME is for 64-bit
 * code only, also when the VMM changes CS behind its back.
 */
#include <linux/kvm.h>

#include "cr3.h"
#include "mode.h"

#define SEL_CODE32	0x50
#define SEL_USER_CODE32 0x5b
#define CR0_PG		0x80000000ULL
#define CR4_PSE		0x10ULL
#define CR4_PAE		0x20ULL
#define EFER_LONG	0x500ULL /* LME, LMA */
/* -KVM_ENOSYS */
#define KVM_NO_SUCH_CALL 0xfffffc18U

void mode_enter(void);
extern const char mode_out[], mode_back[], stub_vmcall[];
extern const u8 mode_code[], mode_code_end[];
extern const u8 mode_32[], mode_ud_32[], mode_16[], mode_ud_16[];

enum mode { PROTECTED, PAE, LEGACY, REAL, MODES };

static const char *const mode_name[] = {
	[PROTECTED] = "protected mode, no paging",
	[PAE] = "32-bit PAE paging",
	[LEGACY] = "32-bit paging",
	[REAL] = "real mode",
};

_Static_assert(MODE_PORT == ATTACK_PORT_NOP, "mode.h");

static struct craft c;
static struct kvm_sregs *then, *now;
static struct kvm_regs *regs;
static u64 *pdpt, *pd;
static u32 *legacy;

static u32 address(const u8 *piece)
{
	return MODE_CODE + (piece - mode_code);
}

static void prepare(enum mode mode)
{
	u32 *idt = (u32 *)MODE_IDT, at = address(mode_ud_32);
	u64 *gdt = (u64 *)MODE_GDT;
	volatile u32 *result = (u32 *)MODE_RESULT;
	unsigned int i;

	for (i = 0; i < 4; i++)
		result[i] = 0;
	memset(idt, 0, 0x800);
	if (mode == REAL) {
		idt[6] = address(mode_ud_16);
	} else {
		idt[12] = (at & 0xffff) | 8 << 16;
		idt[13] = (at & 0xffff0000) | 0x8e00;
	}
	gdt[1] = 0x00cf9b000000ffff;
	gdt[2] = 0x00cf93000000ffff;
	memcpy((void *)MODE_CODE, mode_code, mode_code_end - mode_code);
	for (i = 0; i < 4; i++)
		pdpt[i] = (u64)pd | 1;
	for (i = 0; i < 512; i++)
		pd[i] = (u64)i << 21 | 0x83;
	for (i = 0; i < 1024; i++)
		legacy[i] = i << 22 | 0x83;
}

static void choose(enum mode mode)
{
	struct kvm_segment code = {
		.limit = 0xffffffff,
		.selector = 8,
		.type = 11,
		.present = 1,
		.s = 1,
		.db = 1,
		.g = 1,
	};
	struct kvm_segment data;

	*now = *then;
	now->efer &= ~EFER_LONG;
	if (mode == PAE) {
		now->cr3 = (u64)pdpt;
	} else if (mode == LEGACY) {
		now->cr3 = (u64)legacy;
		now->cr4 = (now->cr4 & ~CR4_PAE) | CR4_PSE;
	} else {
		now->cr0 &= ~(CR0_PG | (mode == REAL ? 1 : 0));
	}
	if (mode == REAL) {
		code.limit = 0xffff;
		code.selector = 0;
		code.db = 0;
		code.g = 0;
	}
	data = code;
	data.type = 3;
	if (mode != REAL)
		data.selector = 16;
	now->cs = code;
	now->ds = data;
	now->es = data;
	now->fs = data;
	now->gs = data;
	now->ss = data;
	now->idt.base = MODE_IDT;
	now->idt.limit = 0x7ff;
	now->gdt.base = MODE_GDT;
	now->gdt.limit = 0x7ff;
}

/* Be in another mode, armed or so it hopes, and come back. */
static bool in_mode(enum mode mode)
{
	const u64 out = (u64)mode_out;
	u64 first;

	prepare(mode);
	vcpu_ioctl(0, KVM_GET_SREGS, then);
	choose(mode);
	memset(regs, 0, sizeof(*regs));
	regs->rip = address(mode == REAL ? mode_16 : mode_32);
	regs->rsp = MODE_STACK;
	regs->rflags = 2;
	vcpu_post(0, KVM_SET_SREGS, now, SVC_WHEN_PORT, out, out);
	vcpu_post(0, KVM_SET_REGS, regs, SVC_WHEN_PORT, out, out);
	/* Not where it begins: these two would be done at once. */
	first = regs->rip + 1;
	regs->rip = (u64)mode_back;
	vcpu_post(0, KVM_SET_SREGS, then, SVC_WHEN_PORT, first, first + 0xff);
	vcpu_post(0, KVM_SET_REGS, regs, SVC_WHEN_PORT, first, first + 0xff);
	mode_enter();
	return !vcpu_posted(0);
}

static void vmfunc_in(enum mode mode)
{
	const volatile u32 *result = (u32 *)MODE_RESULT;
	bool there;

	check_eq(elisa_call(&c.at3, X_NOP, ARGS(0)).status, 0,
		 "a call before %s", mode_name[mode]);
	there = in_mode(mode);
	check(there && result[0] == MODE_UD && result[1] == MODE_UD &&
		      result[2] == MODE_UD && result[3] == KVM_NO_SUCH_CALL,
	      "%s: VMFUNC is #UD, VMCALL is KVM's: %x %x %x, %x",
	      mode_name[mode], result[0], result[1], result[2], result[3]);
	check(unharmed(&c, mode_name[mode]), "and back again");
}

/* --- 32-bit code in 64-bit mode */

static void add_segments(void)
{
	struct {
		u16 limit;
		u64 base;
	} __attribute__((packed)) gdtr;

	__asm__ volatile("sgdt %0" : "=m"(gdtr));
	((u64 *)gdtr.base)[SEL_CODE32 / 8] = 0x00cf9b000000ffff;
	((u64 *)gdtr.base)[SEL_USER_CODE32 / 8] = 0x00cffb000000ffff;
}

/* VMFUNC that ends at @va, below 4 GiB; behind it, what could run in the gate */
static void vmfunc_low(u64 va, int cpl, unsigned int *ud, unsigned int *tries)
{
	static const u8 code[] = { 0x0f, 0x01, 0xd4 };
	u8 *page = pages(2);
	struct regs in = {
		.rip = va - 3,
		.cs = cpl ? SEL_USER_CODE32 : SEL_CODE32,
		.rcx = ELISA_IDX_GATE,
		.rsp = LIST_VA + 0x10,
	};
	struct trap t;
	unsigned int i;

	/* push %ebx, over and over */
	memset(page, 0x53, 2 * PAGE_SIZE);
	memcpy(page + PAGE_SIZE + (va & 0xfff) - 3, code, 3);
	for (i = 0; i < 2; i++)
		map((va & ~0xfffULL) + i * PAGE_SIZE - PAGE_SIZE,
		    (u64)page + i * PAGE_SIZE, PTE_RWU);
	run(&in, cpl, &t);
	(*tries)++;
	*ud += t.regs.vector == 6;
	expect(t.regs.vector == 6 && t.regs.rip >= va - 3 && t.regs.rip <= va,
	       "32-bit VMFUNC before %llx, CPL %d: exception %llu at %llx", va,
	       cpl, t.regs.vector, t.regs.rip);
	expect(unharmed(&c, "32-bit VMFUNC"), "before %llx", va);
	for (i = 0; i < 2; i++)
		map((va & ~0xfffULL) + i * PAGE_SIZE - PAGE_SIZE, 0, 0);
}

static void compatibility(void)
{
	static const u64 at[] = {
		LIST_VA,    LIST_VA + 3,       LIST_VA + 0x18, LIST_VA + 0xff0,
		PRIVATE_VA, PRIVATE_VA + 0x10, 0x1fd6c000,     0x1fc00000,
		0x40000000, 0xfffff000,
	};
	unsigned int i, ud = 0, tries = 0;
	struct regs in = { .rip = (u64)stub_vmcall, .cs = SEL_CODE32 };
	struct trap t;

	for (i = 0; i < ARRAY_SIZE(at); i++) {
		vmfunc_low(at[i], 0, &ud, &tries);
		vmfunc_low(at[i], 3, &ud, &tries);
	}
	check_eq(ud, tries, "%u VMFUNCs by 32-bit code are #UD", tries);
	in.rax = ELISA_HC(ELISA_HC_VERSION);
	run(&in, 0, &t);
	check(t.regs.vector == VECTOR_VMCALL &&
		      (u32)t.regs.rax == KVM_NO_SUCH_CALL,
	      "VMCALL by 32-bit code is KVM's: %llx", t.regs.rax);
}

/* --- RESUME */

static enum { TRIP, CODE32, CS_BY_VMM } what;
static unsigned int resumes, posts_done;

static void on_aep(const struct att *att, u64 handle, struct outcome *out)
{
	struct regs in = {
		.rip = (u64)stub_vmcall,
		.cs = SEL_CODE32,
		.rax = ELISA_HC(ELISA_HC_RESUME),
		.rdi = handle,
	};
	const u64 at = (u64)stub_vmcall;

	if (what == TRIP && resumes < MODES)
		expect(in_mode(resumes), "%s with a suspended call",
		       mode_name[resumes]);
	if (what == CODE32 && resumes < 4) {
		run(&in, 0, &out->trap);
		expect((u32)out->trap.regs.rax == KVM_NO_SUCH_CALL,
		       "RESUME by 32-bit code: %llx", out->trap.regs.rax);
	}
	/* An interrupt, whose IRET loads CS again, can undo it: try on. */
	if (what == CS_BY_VMM && !vcpu_posted(0)) {
		vcpu_ioctl(0, KVM_GET_SREGS, now);
		now->cs.l = 0;
		now->cs.db = 1;
		vcpu_post(0, KVM_SET_SREGS, now, SVC_WHEN_INTR, at, at);
	}
	resume(handle, NULL, att->cpl, out);
	if (what == CS_BY_VMM && !vcpu_posted(0)) {
		posts_done++;
		if (out->how == HOW_REFUSED)
			abort_call(handle);
	}
	if (++resumes == (what == CS_BY_VMM ? 2000 : 8))
		c.shared->go = 1;
}

static struct result resumed(int w)
{
	what = w;
	resumes = 0;
	return call_interrupted(&c, &c.at0, on_aep);
}

static void suspended(void)
{
	struct poker *poker = pages(1);
	struct result res;

	res = resumed(TRIP);
	check(!res.status && resumes >= 8,
	      "a suspended call survives other modes: %lld, %llu AEX",
	      res.status, res.aex);
	res = resumed(CODE32);
	check(!res.status && resumes >= 8,
	      "and RESUME by 32-bit code: %lld, %llu AEX", res.status, res.aex);
	poker->period_us = 100;
	poker_start(0, poker);
	res = resumed(CS_BY_VMM);
	poker_stop(0, poker);
	check(posts_done && res.last.how == HOW_REFUSED &&
		      (u32)res.last.trap.regs.rax == KVM_NO_SUCH_CALL,
	      "32-bit code by KVM_SET_SREGS at RESUME, %u times in %llu AEX: %s %llx",
	      posts_done, res.aex, how_name[res.last.how],
	      res.last.trap.regs.rax);
	check(unharmed(&c, "RESUME"), "and all is well");
}

/* What does not matter to gate and landing: a call works with it. */
static u64 set_cr0(u64 value)
{
	write_cr0(value);
	return 0;
}

static u64 set_cr4(u64 value)
{
	write_cr4(value);
	return 0;
}

static void harmless_bits(void)
{
	/* MP EM TS NE WP AM, CD, CD and NW */
	static const u64 cr0[] = {
		2, 4, 8, 0x20, 0x10000, 0x40000, 0x40000000, 0x60000000,
	};
	/* TSD DE PGE PCE OSFXSR UMIP FSGSBASE, and if there are any PKE */
	static const u64 cr4[] = {
		4, 8, 0x80, 0x100, 0x200, 0x800, 0x10000, 0x400000,
	};
	const u64 old0 = read_cr0(), old4 = read_cr4();
	unsigned int i, wrong = 0, tries = 0;
	struct trap t;

	for (i = 0; i < ARRAY_SIZE(cr0); i++) {
		if (!try(set_cr0, old0 ^ cr0[i], &t))
			continue;
		wrong += elisa_call(&c.at0, X_NOP, ARGS(1)).status != 0;
		wrong += elisa_call(&c.at3, X_NOP, ARGS(1)).status != 0;
		write_cr0(old0);
		tries++;
	}
	for (i = 0; i < ARRAY_SIZE(cr4); i++) {
		if (!try(set_cr4, old4 ^ cr4[i], &t))
			continue;
		wrong += elisa_call(&c.at0, X_NOP, ARGS(1)).status != 0;
		wrong += elisa_call(&c.at3, X_NOP, ARGS(1)).status != 0;
		write_cr4(old4);
		tries++;
	}
	check(!wrong && tries >= 12, "calls with %u other bits in CR0 and CR4",
	      tries);
}

static void mode(void)
{
	unsigned int i;
	u32 id[4];

	then = pages(1);
	now = pages(1);
	regs = pages(1);
	pdpt = pages(1);
	pd = pages(1);
	legacy = pages(1);
	if (!craft_export(&c, "mode"))
		return;
	add_segments();
	for (i = 0; i < MODES; i++)
		vmfunc_in(i);
	compatibility();
	suspended();
	harmless_bits();
	cpuid(7, 0, id);
	print("# 5-level paging is %s\n",
	      id[2] & 1 << 16 ? "there, not tried" : "not in this CPU");
}

ATTACK("mode", mode);
