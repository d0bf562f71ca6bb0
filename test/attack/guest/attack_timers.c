// SPDX-License-Identifier: GPL-2.0-only
/*
 * The APIC's timer by TSC deadline, IPIs and HLT beside calls, on two vCPUs:
 * exits that KVM handles in its fast path, and VMX preemption timers that end in
 * default, gate and sub.
 *
 *	timers		deadlines set by the guest
 *	timers-sub	deadlines set by exported code at CPL 0
 */
#include "steps.h"

#define MSR_LVT_TIMER 0x832
#define MSR_DEADLINE  0x6e0
#define DEADLINE_MODE (2u << 17)
#define LEAST	      500
#define MOST	      60000
#define PATIENCE      2000000000ULL

BLOB(deadline);

static struct export steps_e, deadline_e;
static struct steps_shared *steps;
static u64 bad, lost, done, hit, halts, refused, calls;
static struct barrier both;

static void add(u64 *to, u64 n)
{
	__atomic_add_fetch(to, n, __ATOMIC_SEQ_CST);
}

static u64 ticks(void)
{
	return *(volatile u64 *)&this_cpu()->irqs[VECTOR_TIMER];
}

/* The timer is run()'s clock otherwise: its deadlines go on. */
static void deadline_mode(bool on)
{
	storm_stop();
	if (on)
		wrmsr(MSR_LVT_TIMER, VECTOR_TIMER | DEADLINE_MODE);
}

static bool came(u64 before)
{
	u64 until = rdtsc() + PATIENCE;

	while (ticks() == before)
		if (rdtsc() > until)
			return false;
	return ticks() == before + 1;
}

/* Sleep until the timer's interrupt, which may have come already. */
static void halt(u64 before)
{
	for (;;) {
		__asm__ volatile("cli" : : : "memory");
		if (ticks() != before)
			break;
		__asm__ volatile("sti\n\thlt" : : : "memory");
	}
	__asm__ volatile("sti" : : : "memory");
}

static void run_on(u64 cpl)
{
	unsigned int cpu = this_cpu()->index, n = arg("n", 40), i;
	struct steps_call call;
	struct result res;
	struct att att;
	struct regs in;
	u64 before;

	attach(&att, "steps", cpl, NULL, 0);
	if (!expect(!att.err, "attach: %lld", att.err))
		return;
	barrier(&both, n_cpus);
	deadline_mode(true);
	for (i = 0; i < n; i++) {
		call = (struct steps_call){ &att, cpu, 10, 2000 };
		in = steps_regs(&call);
		steps->count[cpu] = 0;
		before = ticks();
		wrmsr(MSR_DEADLINE, rdtsc() + LEAST + random() % MOST);
		if (i % 4 == 3)
			ipi(!cpu, VECTOR_USER);
		if (i % 4 == 2) {
			halt(before);
			add(&halts, 1);
		}
		res = elisa_call_regs(&att, &in);
		add(&bad, !steps_good(steps, &call, &res.last));
		add(&hit, !!res.aex);
		/* Once, and not lost, wherever it ended. */
		add(&lost, !came(before));
		add(&done, 1);
	}
	deadline_mode(false);
	barrier(&both, n_cpus);
	expect(!detach(&att), "DETACH");
}

static void run_timers(void)
{
	int cpl;

	if (!check(n_cpus == 2, "two vCPUs"))
		return;
	steps = steps_export(&steps_e, "steps");
	if (!steps)
		return;
	for (cpl = 0; cpl < 4; cpl += 3) {
		cpu_start(1, run_on, cpl);
		run_on(cpl);
		cpu_wait(1);
	}
	check_eq(bad, 0, "timers: %llu calls, %llu of them interrupted", done,
		 hit);
	check_eq(lost, 0, "timers: each deadline was met once");
	check(hit >= done / 4, "timers: they ended in calls");
	check(halts && cpus[0].irqs[VECTOR_USER] && cpus[1].irqs[VECTOR_USER],
	      "timers: beside %llu HLTs, %llu and %llu IPIs", halts,
	      cpus[0].irqs[VECTOR_USER], cpus[1].irqs[VECTOR_USER]);
}

ATTACK("timers", run_timers);

/* --- set from sub */

static void set_in_sub(u64 unused)
{
	unsigned int n = arg("n", 30), i;
	struct result res;
	struct att att;
	u64 before, times;

	(void)unused;
	attach(&att, "deadline", 0, NULL, 0);
	if (!expect(!att.err, "attach: %lld", att.err))
		return;
	deadline_mode(true);
	for (i = 0; i < n; i++) {
		times = 1 + random() % 20;
		before = ticks();
		res = elisa_call(&att, 0, ARGS(LEAST + random() % MOST, times));
		/*
		 * WRMSR is nothing that exported code may do: when KVM does not
		 * enter again at once, the call ends.
		 */
		add(&refused, res.status == -EFAULT);
		add(&bad, res.status && res.status != -EFAULT);
		add(&bad, !res.status && res.value != times);
		add(&hit, !!res.aex);
		/* An interrupt between two of them makes more than one. */
		add(&lost, !came(before) && ticks() == before);
		add(&done, times);
		add(&calls, 1);
	}
	deadline_mode(false);
	expect(!detach(&att), "DETACH");
}

static void run_in_sub(void)
{
	if (!check(n_cpus == 2, "two vCPUs"))
		return;
	export_begin(&deadline_e, "deadline");
	export_data(&deadline_e, pages(1), 1);
	export_blob(&deadline_e, deadline);
	if (!check(!export_seal(&deadline_e), "export: %lld", deadline_e.err))
		return;
	cpu_start(1, set_in_sub, 0);
	set_in_sub(0);
	cpu_wait(1);
	check_eq(bad, 0,
		 "timers: %llu deadlines set in sub, %llu of %llu calls interrupted, %llu -EFAULT",
		 done, hit, calls, refused);
	check_eq(lost, 0, "timers: the last of each call was met");
	check(hit && refused < calls, "timers: some in sub");
}

ATTACK("timers-sub", run_in_sub);
