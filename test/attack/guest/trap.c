// SPDX-License-Identifier: GPL-2.0-only
/* Exceptions, interrupts, run(). */
#include "guest.h"

void (*irq_hook[256])(struct regs *frame);
u64 run_limit = 200000000;

void run_load(u64 *save_rsp, const struct regs *in);
extern const char run_back[], stub_return[];

_Static_assert(offsetof(struct regs, rip) == REGS_RIP, "regs.h");
_Static_assert(offsetof(struct regs, ss) == REGS_SS, "regs.h");

static void come_back(struct cpu *cpu, struct regs *frame, u64 vector)
{
	cpu->catch->regs = *frame;
	cpu->catch->regs.vector = vector;
	cpu->catch->cr2 = read_cr2();
	cpu->catch = NULL;
	frame->rip = (u64)run_back;
	frame->cs = SEL_CODE;
	frame->rflags = FLAG_FIXED; /* run_back restores it */
	frame->rsp = cpu->back_rsp;
	frame->ss = SEL_DATA;
}

static _Noreturn void die(const struct regs *f)
{
	check(false,
	      "vCPU %u: exception %llu (%llx) at %llx, rsp %llx, cr2 %llx",
	      this_cpu()->index, f->vector, f->error, f->rip, f->rsp,
	      read_cr2());
	quit();
}

/* From trap_common. */
void trap_handler(struct regs *f)
{
	struct cpu *cpu = this_cpu();
	bool soft = f->vector >= VECTOR_RETURN && f->vector <= VECTOR_SOFT_LAST;

	if (f->vector == 2 || (f->vector >= 32 && !soft)) {
		cpu->irqs[f->vector]++;
		if (irq_hook[f->vector])
			irq_hook[f->vector](f);
		if (f->vector == 2)
			return;
		if (f->vector == VECTOR_TIMER)
			timer_tick();
		apic_eoi();
		if (cpu->catch && rdtsc() > cpu->deadline)
			come_back(cpu, f, VECTOR_TIMEOUT);
		return;
	}
	if (!cpu->catch)
		die(f);
	come_back(cpu, f, f->vector);
}

void run(const struct regs *in, int cpl, struct trap *out)
{
	struct cpu *cpu = this_cpu();
	struct regs regs = *in;

	if (!regs.cs)
		regs.cs = cpl ? SEL_USER_CODE : SEL_CODE;
	if (!regs.ss)
		regs.ss = cpl ? SEL_USER_DATA : SEL_DATA;
	if (!regs.rflags)
		regs.rflags = FLAG_IF;
	regs.rflags |= FLAG_FIXED;
	cpu->deadline = rdtsc() + run_limit;
	/* An interrupt that sees it must not see an earlier deadline. */
	barrier_mem();
	cpu->catch = out;
	run_load(&cpu->back_rsp, &regs);
	barrier_mem();
}

bool try_at(int cpl, u64 (*fn)(u64 arg), u64 arg, struct trap *out)
{
	/* Below what run() needs of this stack. */
	u64 sp = ((u64)__builtin_frame_address(0) - 8192) & ~15ULL;
	struct regs in = { .rip = (u64)fn, .rdi = arg };

	in.rsp = sp - 8;
	*(u64 *)in.rsp = (u64)stub_return;
	run(&in, cpl, out);
	return out->regs.vector == VECTOR_RETURN &&
	       out->regs.rip == (u64)stub_return + 2;
}
