// SPDX-License-Identifier: GPL-2.0-only
/*
 * Debug traps: single steps, breakpoints, a debugging VMM.
 *
 * The attacker hopes to stop in gate or sub with #DB: his handler would see
 * sub's registers, or run with the list open.  It must fail because KVM
 * intercepts #DB, so it is an exit, after which a single step is forgotten and
 * a breakpoint is a fault of the call; DR6 says nothing of it.
 *
 * What remains: a data breakpoint on an address of sub tells by the call's
 * failure that the address was used.
 */
#include "oracle.h"

#define GATE ELISA_W_GATE

static struct sub_shared *shared;
static struct att att[2];
static struct export export;

static bool set_up(void)
{
	shared = sub_export(&export, "debug");
	if (!shared)
		return false;
	attach(&att[0], "debug", 0, NULL, 0);
	attach(&att[1], "debug", 3, pages(1), 1);
	return check(!att[0].err && !att[1].err, "attach at CPL 0 and 3");
}

/* Run with TF to the end; each step ends run(). */
static void step(const struct att *a, u64 rip, const struct regs *in)
{
	struct regs regs = *in;
	unsigned int steps = 0, inside = 0, i;
	bool tf_at_return = false;
	struct trap t;

	regs.rip = rip;
	regs.rflags = FLAG_IF | FLAG_TF;
	for (i = 0; i < 1000; i++) {
		run(&regs, a->cpl, &t);
		if (t.regs.vector != 1)
			break;
		steps++;
		inside += t.regs.rip - ELISA_WINDOW_BASE < 1ULL << 30 &&
			  (t.regs.rip & 0x3000) == GATE;
		inside += t.regs.rip - ELISA_CHUNK_VA(1) < 1ULL << 29;
		tf_at_return |= t.regs.rip == a->window + ELISA_W_RETURN;
		regs = t.regs;
	}
	check(t.regs.vector == VECTOR_W_RETURN && !t.regs.rax &&
		      t.regs.rdx == 7 && t.regs.rsp == in->rsp,
	      "a call by single steps from %llx, CPL %d: vector %llu, rdx %llx",
	      rip & 0xfff, a->cpl, t.regs.vector, t.regs.rdx);
	check(steps >= 2 && !inside && !tf_at_return,
	      "%u steps before it, none in gate or sub, CPL %d", steps, a->cpl);
	check(!(t.regs.rflags & FLAG_TF), "TF is the return stub's, CPL %d",
	      a->cpl);
}

static void steps(const struct att *a)
{
	const struct regs in = {
		.rdi = 1,
		.rsi = 3,
		.r11 = SUB_NOP,
		.rsp = random() & ~15ULL,
	};

	window_at(a->window);
	step(a, a->window + ELISA_W_RESTART, &in);
	write_dr6(0xffff0ff0);
}

/* A call with this breakpoint: length and kind as DR7 wants them. */
static struct result with_breakpoint(const struct att *a, u64 va,
				     unsigned int kind, u64 entry, u64 arg0,
				     u64 *dr6)
{
	const struct regs in = {
		.rdi = arg0,
		.r11 = entry,
		.rsp = random() & ~15ULL,
	};
	struct result res;

	window_at(a->window);
	__asm__ volatile("mov %0, %%dr0" : : "r"(va));
	write_dr6(0xffff0ff0);
	write_dr7(0x403 | kind << 16);
	res = elisa_call_regs(a, &in);
	write_dr7(0x400);
	*dr6 = read_dr6();
	expect(res.last.how == HOW_RETURN && res.last.trap.regs.rsp == in.rsp,
	       "a breakpoint at %llx: %s, vector %llu", va,
	       how_name[res.last.how], res.last.trap.regs.vector);
	return res;
}

#define BP_EXEC	  0x0
#define BP_WRITE8 0x9
#define BP_RW8	  0xb
#define BP_RW1	  0x3

static void breakpoints(const struct att *a)
{
	static const struct {
		u64 va;
		unsigned int kind;
		bool hits;
	} bp[] = {
		/* The gate, both halves, and behind them */
		{ GATE, BP_EXEC, true },
		{ GATE + 8, BP_EXEC, true },
		{ GATE + 0x13, BP_EXEC, true },
		{ GATE + 0x15, BP_EXEC, true },
		{ GATE + 0x1d, BP_EXEC, true },
		{ GATE + 0xfe3, BP_EXEC, true },
		{ GATE + 0xfeb, BP_EXEC, true },
		{ GATE + 0xff3, BP_EXEC, true },
		{ GATE + 0xffb, BP_EXEC, true },
		{ GATE + 0xffd, BP_EXEC, true },
		{ GATE + 0x100, BP_EXEC, false },
		/* Landing */
		{ GATE + 0x20, BP_EXEC, true },
		{ GATE + 0xfe0, BP_EXEC, true },
		/* The list, the stack pointer, entry table, stack, data, code */
		{ 0x1fd6d000, BP_WRITE8, true },
		{ 0x1fd6d008, BP_WRITE8, true },
		{ 0x1fd6e010, BP_WRITE8, true },
		{ 0x1fd6e010, BP_RW8, true },
		{ 0x1fd6d010, BP_WRITE8, false },
		{ ELISA_SUB_ENTRIES + SUB_LOG * 8, BP_RW8, true },
		{ ELISA_SUB_STACK_TOP - 8, BP_WRITE8, true },
		{ ELISA_SUB_STACK_TOP - 8, BP_RW1, true },
		{ ELISA_SUB_DATA, BP_RW8, true },
		{ ELISA_SUB_DATA + 0x80, BP_RW8, false },
		{ ELISA_SUB_XBUF, BP_RW8, false },
	};
	unsigned int i, hits = 0;

	for (i = 0; i < ARRAY_SIZE(bp); i++) {
		bool window = bp[i].va < 2 * PAGE_SIZE;
		u64 va = bp[i].va + (window ? a->window : 0), dr6, calls;
		struct result res;
		const char *wrong;
		u64 *flags = &res.last.trap.regs.rflags;

		/* The gate is built by the first call. */
		elisa_call(a, SUB_NOP, ARGS(0));
		calls = shared->calls;
		res = with_breakpoint(a, va, bp[i].kind, SUB_LOG, 1, &dr6);
		/* Arithmetic flags are those of the gate. */
		if (window || va < PAGE_SIZE << 20)
			*flags &= ~0x8d5ULL;
		wrong = stub_is_wrong(a, &res.last.trap,
				      res.last.trap.regs.rsp);
		expect(res.status == (bp[i].hits ? -EFAULT : 0),
		       "breakpoint at %llx, kind %x: status %lld", va,
		       bp[i].kind, res.status);
		if (bp[i].hits)
			expect(!wrong && ELISA_FAULT_KIND(res.value) == 1 &&
				       ELISA_FAULT_CODE(res.value) == 1,
			       "breakpoint at %llx: details %llx, %s is wrong",
			       va, res.value, wrong ?: "nothing");
		expect(dr6 == 0xffff0ff0, "breakpoint at %llx: DR6 %llx", va,
		       dr6);
		hits += res.status == -EFAULT;
		/* In the return half the call has been made. */
		expect(shared->calls - calls <= 1, "one call at most");
		expect(!elisa_call(a, SUB_NOP, ARGS(0)).status,
		       "the next call");
	}
	check(hits >= 18, "%u breakpoints, %u hit, CPL %d", i, hits, a->cpl);
}

/*
 * A data breakpoint of MOV SS is due behind the next instruction: VMFUNC, so
 * it is in the gate.
 */
static void mov_ss(const struct att *a)
{
	struct window *w = window_at(a->window);
	/* mov (%rbx), %ss, before the bytes that the window wants there */
	static const u8 code[] = { 0x8e, 0x13 };
	static const u8 tail[] = { 0x8e, 0x13, 0x0f, 0x01, 0xd4 };
	u16 *sel = pages(1);
	struct regs in = {
		.rdi = 1,
		.rsi = 3,
		.r11 = SUB_NOP,
		.rbx = (u64)sel,
		.rcx = ELISA_IDX_GATE,
		.rsp = random() & ~15ULL,
	};
	struct outcome out;
	const char *wrong;

	*sel = a->cpl ? SEL_USER_DATA : SEL_DATA;
	memcpy(w->page[0] + PAGE_SIZE - sizeof(tail), tail, sizeof(tail));
	__asm__ volatile("mov %0, %%dr0" : : "r"(sel));
	write_dr6(0xffff0ff0);
	write_dr7(0x403 | 7 << 16);
	vmfunc_at(a->window + PAGE_SIZE - sizeof(tail), &in, a->cpl, &out);
	write_dr7(0x400);
	wrong = stub_is_wrong(a, &out.trap, in.rsp);
	check(out.how == HOW_RETURN && (s64)out.trap.regs.rax == -EFAULT &&
		      !wrong,
	      "MOV SS with a breakpoint, VMFUNC, CPL %d: %s, %s is wrong",
	      a->cpl, how_name[out.how], wrong ?: "nothing");
	memcpy(w->page[0] + PAGE_SIZE - 3 - sizeof(code), "\x31\xc0", 2);
	write_dr6(0xffff0ff0);
	check(!elisa_call(a, SUB_NOP, ARGS(0)).status, "the next call");
}

/* The VMM single-steps, or has breakpoints of its own. */
static void vmm_debugs(const struct att *a)
{
	struct kvm_guest_debug *debug = pages(1);
	unsigned int i, wrong = 0;

	debug->control = KVM_GUESTDBG_ENABLE | KVM_GUESTDBG_SINGLESTEP;
	check(!vcpu_ioctl(0, KVM_SET_GUEST_DEBUG, debug),
	      "KVM_SET_GUEST_DEBUG");
	for (i = 0; i < 3; i++) {
		struct result res = elisa_call(a, SUB_NOP, ARGS(i, 1, 2));

		wrong += res.status || res.value != i + 2 + 8;
	}
	debug->control = KVM_GUESTDBG_ENABLE | KVM_GUESTDBG_USE_HW_BP;
	debug->arch.debugreg[7] = 0x403;
	debug->arch.debugreg[0] = a->window + GATE + 8;
	vcpu_ioctl(0, KVM_SET_GUEST_DEBUG, debug);
	for (i = 0; i < 3; i++)
		wrong += elisa_call(a, SUB_NOP, ARGS(0)).status != -EFAULT;
	debug->control = 0;
	vcpu_ioctl(0, KVM_SET_GUEST_DEBUG, debug);
	check(!wrong, "calls under a VMM that debugs, CPL %d: %u wrong", a->cpl,
	      wrong);
	check(!elisa_call(a, SUB_NOP, ARGS(0)).status, "the next call");
}

static void run_debug(void)
{
	unsigned int i;

	if (!set_up())
		return;
	for (i = 0; i < 2; i++) {
		steps(&att[i]);
		breakpoints(&att[i]);
		mov_ss(&att[i]);
		vmm_debugs(&att[i]);
	}
}

ATTACK("debug", run_debug);
