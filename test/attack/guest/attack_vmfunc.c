// SPDX-License-Identifier: GPL-2.0-only
/*
 * VMFUNC as such: every function and every index, from ordinary pages, from
 * the pages of a window and from the addresses of the gate's data, at CPL 0
 * and 3, on a vCPU that is not armed, that is armed, and that has a call
 * suspended.
 *
 * What is right:
 *
 *  - on a vCPU that is not armed, #UD at the VMFUNC;
 *  - EAX other than 0, #UD at the VMFUNC;
 *  - index 0: nothing happens, the default context is the current one;
 *  - index 2: nothing lies behind it in the gate context, but for an entry
 *    stub: #UD, at the VMFUNC or behind it;
 *  - all others, #UD at the VMFUNC.
 *
 * Nothing of it changes a register.
 */
#include "elisa.h"

#define UD	       6
#define NEAR_GATE_LIST 0x1fd6d000ULL /* kmod/gate_code.h */
#define NEAR_GATE_RSP  0x1fd6e000ULL
#define MIDDLE	       0x800

enum vcpu_state { UNARMED, ARMED, SUSPENDED };

static const char *const state_name[] = { "unarmed", "armed", "suspended" };

static struct att at_cpl0, at_cpl3;
static struct sub_shared *shared;

/* How they ended. */
static struct {
	u64 tried, ud, ud_behind, nothing;
} count;

/* clang-format off */
static const u64 more_indices[] = {
	512, 513, 1023, 4095, 0xffff, 0x10000, 0x10001, 0x10002, 0x7fffffff,
	0x80000000, 0x80000001, 0x80000002, 0xfffffffe, 0xffffffff,
	/* Only ECX counts. */
	0x100000000, 0x100000001, 0x100000002, 0x100000003,
	0xffffffff00000000, 0xffffffff00000001, 0xffffffff00000002,
	0xffffffff00000003, 0x8000000000000000, 0x8000000000000001,
	0xffffffffffffffff,
};
/* clang-format on */

static void random_regs(struct regs *in)
{
	u64 *word = (u64 *)in;
	unsigned int i;

	memset(in, 0, sizeof(*in));
	for (i = 0; i < offsetof(struct regs, vector) / 8; i++)
		word[i] = random();
	in->rsp = random();
}

static bool same_regs(const struct regs *a, const struct regs *b)
{
	return !memcmp(a, b, offsetof(struct regs, vector)) && a->rsp == b->rsp;
}

static void try_one(u64 rip, u64 rax, u64 rcx, int cpl, enum vcpu_state state)
{
	bool leaf0 = !(u32)rax, known = state != UNARMED && leaf0;
	const struct regs *end;
	struct outcome out;
	struct regs in;
	bool ud, good;

	random_regs(&in);
	in.rax = rax;
	in.rcx = rcx;
	vmfunc_at(rip, &in, cpl, &out);
	end = &out.trap.regs;
	ud = out.how == HOW_TRAP && end->vector == UD;
	if (known && (u32)rcx == ELISA_IDX_DEFAULT)
		good = out.how == HOW_FELL;
	else if (known && (u32)rcx == ELISA_IDX_GATE)
		good = ud && (end->rip == rip || end->rip == rip + 3);
	else
		good = ud && end->rip == rip;
	expect(good && same_regs(&in, end),
	       "rip %llx rax %llx rcx %llx CPL %d %s: %s, vector %llu rip %llx, registers %s",
	       rip, rax, rcx, cpl, state_name[state], how_name[out.how],
	       end->vector, end->rip, same_regs(&in, end) ? "kept" : "changed");
	count.tried++;
	count.nothing += out.how == HOW_FELL;
	count.ud += ud && end->rip == rip;
	count.ud_behind += ud && end->rip != rip;
}

static void try_all(u64 rip, int cpl, enum vcpu_state state)
{
	u64 i;

	for (i = 0; i < 512; i++)
		try_one(rip, 0, i, cpl, state);
	for (i = 0; i < ARRAY_SIZE(more_indices); i++) {
		try_one(rip, 0, more_indices[i], cpl, state);
		try_one(rip, 0xffffffff00000000, more_indices[i], cpl, state);
	}
	for (i = 0; i < 3; i++) {
		u64 leaf;

		for (leaf = 1; leaf <= 64; leaf++)
			try_one(rip, leaf, i, cpl, state);
		try_one(rip, 0x80000000, i, cpl, state);
		try_one(rip, 0xffffffff, i, cpl, state);
		try_one(rip, ~0ULL, i, cpl, state);
	}
}

/* VMFUNC and INT3 in this page of a window, or of the attacker's own. */
static void plant(u8 *page, unsigned int offset, bool there)
{
	static const u8 code[] = { 0x0f, 0x01, 0xd4 };

	if (there)
		memcpy(page + offset, code, sizeof(code));
	else
		memset(page + offset, 0xcc, sizeof(code));
}

static void places(const struct att *att, int cpl, enum vcpu_state state)
{
	struct window *w = window_at(att->window);
	unsigned int i;
	u8 *page;

	for (i = 0; i < 4; i++) {
		plant(w->page[i], MIDDLE, true);
		try_all(att->window + i * PAGE_SIZE + MIDDLE, cpl, state);
		plant(w->page[i], MIDDLE, false);
	}
	page = pages(1);
	memset(page, 0xcc, PAGE_SIZE);
	plant(page, MIDDLE, true);
	for (i = 0; i < 3; i++) {
		static const u64 at[] = { 0x700000000000, NEAR_GATE_LIST,
					  NEAR_GATE_RSP };

		map(at[i], (u64)page, PTE_RWU);
		/* INT3 behind it counts as HOW_FELL in a window only. */
		page[MIDDLE + 3] = 0xcd;
		page[MIDDLE + 4] = VECTOR_FELL;
		try_all(at[i] + MIDDLE, cpl, state);
		map(at[i], 0, 0);
	}
}

static void report(const struct att *att, int cpl, enum vcpu_state state)
{
	check(count.tried,
	      "VMFUNC from CPL %d, attached at %d, %s: %llu tried: %llu #UD, %llu #UD behind it, %llu nothing",
	      cpl, att->cpl, state_name[state], count.tried, count.ud,
	      count.ud_behind, count.nothing);
	memset(&count, 0, sizeof(count));
}

static void sweep(const struct att *att, enum vcpu_state state)
{
	int cpl;

	for (cpl = 0; cpl <= 3; cpl += 3) {
		places(att, cpl, state);
		report(att, cpl, state);
	}
}

/* An interrupt of the host may meet any call: then it is made again. */
static void enter_whole(const struct att *att, const struct regs *in,
			struct outcome *out)
{
	for (;;) {
		enter_raw(att->window, 0, in, att->cpl, out);
		if (out->how != HOW_AEP)
			return;
		abort_call(out->trap.regs.rdi);
	}
}

/* From the end of W+0, where a call begins. */
static void entry_stub(const struct att *att)
{
	unsigned int wrong = 0, i;
	struct outcome out;
	struct regs in;
	u64 rcx;

	/* One that runs in circles takes long: a few are enough. */
	for (rcx = 0; rcx < 512 && wrong < 4; rcx++) {
		random_regs(&in);
		in.rax = 0;
		in.rcx = rcx;
		in.r11 = SUB_NOP;
		enter_whole(att, &in, &out);
		if (rcx == ELISA_IDX_GATE)
			wrong += out.how != HOW_RETURN || out.trap.regs.rax ||
				 out.trap.regs.rsp != in.rsp;
		else if (rcx == ELISA_IDX_DEFAULT)
			wrong += out.how != HOW_FELL;
		else
			wrong += out.how != HOW_TRAP ||
				 out.trap.regs.vector != UD ||
				 !same_regs(&in, &out.trap.regs);
	}
	for (i = 0; i < ARRAY_SIZE(more_indices) && wrong < 4; i++) {
		random_regs(&in);
		in.rax = 0xffffffff00000000;
		in.rcx = more_indices[i];
		in.r11 = SUB_NOP;
		enter_whole(att, &in, &out);
		if ((u32)in.rcx == ELISA_IDX_GATE)
			wrong += out.how != HOW_RETURN || out.trap.regs.rax;
		else if ((u32)in.rcx == ELISA_IDX_DEFAULT)
			wrong += out.how != HOW_FELL;
		else
			wrong += out.how != HOW_TRAP ||
				 out.trap.regs.vector != UD;
	}
	check_eq(wrong, 0, "all indices at the entry stub, CPL %d", att->cpl);
}

/* A call that stands in sub, suspended, while all else is tried. */
static void with_suspended_call(const struct att *att)
{
	struct regs in = { .r11 = SUB_SPIN, .rsp = random() };
	struct outcome out;
	u64 handle;

	shared->go = 0;
	storm_start(2000000, 3000000);
	enter(att->window, 0, &in, att->cpl, &out);
	storm_stop();
	if (!check(out.how == HOW_AEP, "a call is suspended, CPL %d", att->cpl))
		return;
	handle = out.trap.regs.rdi;
	sweep(att, SUSPENDED);
	shared->go = 1;
	do {
		resume(handle, &in, att->cpl, &out);
	} while (out.how == HOW_AEP);
	check(out.how == HOW_RETURN && !out.trap.regs.rax &&
		      out.trap.regs.rdx && out.trap.regs.rsp == in.rsp,
	      "and goes on, CPL %d", att->cpl);
}

static void vmfunc_attack(void)
{
	struct export e;

	/* Two timer ticks. */
	run_limit = 2000000;
	shared = sub_export(&e, "vmfunc");
	if (!shared)
		return;
	attach(&at_cpl0, "vmfunc", 0, NULL, 0);
	attach(&at_cpl3, "vmfunc", 3, NULL, 0);
	if (!check(!at_cpl0.err && !at_cpl3.err, "attach"))
		return;
	sweep(&at_cpl3, UNARMED);
	check_eq(elisa_call(&at_cpl0, SUB_NOP, ARGS(1)).value, 1,
		 "a call arms this vCPU");
	check_eq(elisa_call(&at_cpl3, SUB_NOP, ARGS(1)).value, 1,
		 "a call at CPL 3");
	sweep(&at_cpl3, ARMED);
	sweep(&at_cpl0, ARMED);
	entry_stub(&at_cpl3);
	entry_stub(&at_cpl0);
	with_suspended_call(&at_cpl3);
	with_suspended_call(&at_cpl0);
	check_eq(elisa_call(&at_cpl3, SUB_NOP, ARGS(1)).value, 1,
		 "calls still work");
	check_eq(shared->calls, 0, "no other entry was run");
}

ATTACK("vmfunc", vmfunc_attack);
