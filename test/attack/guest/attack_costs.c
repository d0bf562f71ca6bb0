// SPDX-License-Identifier: GPL-2.0-only
/*
 * No attack: what ELISA costs besides its calls, for test/bench.  Here because
 * nothing else runs in these guests that would be counted, too.
 *
 *	costs-aex	AEX and RESUME; with one vCPU, so that no other one comes in
 *			between
 *	costs		ATTACH, DETACH, EXPORT_DESTROY
 *	costs-memory	stops where the host's memory is looked at
 *
 * Lines "cost ..." are ticks, the least of several tries.
 */
#include "steps.h"

#define LVT_TIMER   0x832
#define TIMER_COUNT 0x838
#define TRIES	    30
#define HOST_TRIES  1000
#define HOST_LEAST  200 /* no interrupt of the host takes less */
#define WINDOWS	    64
#define ATTACHES    3

BLOB(count);

static struct att atts[WINDOWS];

/* The window's pages as a library would fill them, on this vCPU. */
static void prepare_window(unsigned int slot)
{
	static const u8 aep[] = {
		0xb8, ELISA_HC_RESUME,
		'I',  'L',
		'E', /* mov $..., %eax */
		0x0f, 0x01,
		0xc1, /* vmcall */
		0x48, 0x83,
		0xf8, 0xf5, /* cmp $-EAGAIN, %rax */
		0x74, 0xf2, /* je to the start */
		0xc3,	    /* ret, as below */
	};
	struct window *w = window_at(ELISA_WINDOW(slot));

	w->page[2][0] = 0xc3;
	memcpy(w->page[3], aep, sizeof(aep));
}

static void prepare_windows(u64 unused)
{
	unsigned int i;

	(void)unused;
	for (i = 0; i < WINDOWS; i++)
		prepare_window(i);
}

/*
 * Call entry point 0 with one argument, with interrupts on, and without a detour
 * through run().  The status.
 */
static s64 plain_call(const struct att *a, u64 arg0)
{
	u64 rax = a->window + ELISA_W_ENTRY + ELISA_W_RESTART, rdi = arg0;

	__asm__ volatile("push	%%rbx\n\t"
			 "push	%%rbp\n\t"
			 "xor	%%r11d, %%r11d\n\t"
			 "call	*%%rax\n\t"
			 "pop	%%rbp\n\t"
			 "pop	%%rbx"
			 : "+a"(rax), "+D"(rdi)
			 :
			 : "rcx", "rdx", "rsi", "r8", "r9", "r10", "r11", "r12",
			   "r13", "r14", "r15", "cc", "memory");
	return (s32)rax;
}

static void plain_loop(u64 rounds)
{
	__asm__ volatile("1: dec %0\n\tjnz 1b" : "+r"(rounds) : : "cc");
}

/* In exported code if @att is not NULL. */
static bool run_loop(const struct att *att, u64 rounds)
{
	if (att)
		return expect(!plain_call(att, rounds), "a call");
	plain_loop(rounds);
	return true;
}

static u64 interrupts(void)
{
	return *(volatile u64 *)&this_cpu()->irqs[VECTOR_TIMER];
}

/*
 * Ticks of a loop, in exported code if @att is not NULL; with @ns, a timer
 * interrupt comes meanwhile.  ~0 if it did not, or failed.
 */
static u64 loop(const struct att *att, u64 rounds, u64 ns)
{
	u64 least = ~0ULL, before, begin, took, n;
	unsigned int i;

	for (i = 0; i < TRIES; i++) {
		if (ns)
			wrmsr(TIMER_COUNT, ns);
		/* One that comes before or after the loop is not counted. */
		begin = rdtsc();
		before = interrupts();
		if (!run_loop(att, rounds))
			return ~0ULL;
		n = interrupts() - before;
		took = rdtsc() - begin;
		if (n == !!ns && took < least)
			least = took;
	}
	return least;
}

/*
 * The same with an interrupt of the host, whichever comes and takes least; the
 * guest has none.
 */
static u64 loop_host(const struct att *att, u64 rounds, u64 quiet)
{
	u64 least = ~0ULL, begin, took;
	unsigned int i;

	for (i = 0; i < HOST_TRIES; i++) {
		begin = rdtsc();
		if (!run_loop(att, rounds))
			return ~0ULL;
		took = rdtsc() - begin;
		if (took >= quiet + HOST_LEAST && took < least)
			least = took;
	}
	return least;
}

static void cost_of_host_interrupt(const struct att *att, u64 rounds, u64 quiet,
				   u64 sub_quiet)
{
	u64 hit = loop_host(NULL, rounds, quiet);
	u64 sub_hit = loop_host(att, rounds, sub_quiet);

	if (!check(~hit && ~sub_hit,
		   "costs: interrupted by the host %llu; in sub %llu", hit,
		   sub_hit))
		return;
	print("cost item=interrupt_host value=%llu unit=instructions\n",
	      hit - quiet);
	print("cost item=aex_host value=%lld unit=instructions\n",
	      (s64)(sub_hit - sub_quiet) - (s64)(hit - quiet));
}

static void cost_of_aex(const struct att *att)
{
	/* A quarter of a millisecond, and an interrupt in the middle of it. */
	const u64 want = arg("second", 100000000) / 4000, ns = 100000;
	u64 rounds = 1000, quiet, hit, sub_quiet, sub_hit;

	/* The timer is run()'s clock otherwise. */
	wrmsr(TIMER_COUNT, 0);
	wrmsr(LVT_TIMER, VECTOR_TIMER);
	rounds = rounds * want / loop(NULL, rounds, 0);
	quiet = loop(NULL, rounds, 0);
	hit = loop(NULL, rounds, ns);
	sub_quiet = loop(att, rounds, 0);
	sub_hit = loop(att, rounds, ns);
	wrmsr(TIMER_COUNT, 0);
	cost_of_host_interrupt(att, rounds, quiet, sub_quiet);
	storm_stop();
	if (!check(~quiet && ~hit && ~sub_quiet && ~sub_hit && hit > quiet &&
			   sub_hit > sub_quiet,
		   "costs: loops of %llu, interrupted %llu; in sub %llu, %llu",
		   quiet, hit, sub_quiet, sub_hit))
		return;
	print("cost item=interrupt value=%llu unit=instructions\n",
	      hit - quiet);
	print("cost item=interrupt_sub value=%llu unit=instructions\n",
	      sub_hit - sub_quiet);
	print("cost item=aex value=%lld unit=instructions\n",
	      (s64)(sub_hit - sub_quiet) - (s64)(hit - quiet));
}

static u64 ticks_of_call(const struct att *att)
{
	u64 begin = rdtsc();

	expect(!plain_call(att, 1), "a call");
	return rdtsc() - begin;
}

static void least(u64 *value, u64 other)
{
	if (other < *value)
		*value = other;
}

/* The @n'th attachment: several times, to have one that nothing disturbs. */
static void cost_of_attach(unsigned int n, bool show)
{
	u64 attach_ticks = ~0ULL, first = ~0ULL, again = ~0ULL;
	u64 detach_ticks = ~0ULL, begin;
	struct att *att = &atts[n - 1];
	unsigned int i;

	for (i = 0; i < (show ? ATTACHES : 1); i++) {
		if (i) {
			begin = rdtsc();
			expect(!detach(att), "DETACH");
			least(&detach_ticks, rdtsc() - begin);
		}
		begin = rdtsc();
		attach(att, "costs", 0, NULL, 0);
		least(&attach_ticks, rdtsc() - begin);
		if (!expect(!att->err, "attach: %lld", att->err))
			return;
		least(&first, ticks_of_call(att));
		least(&again, ticks_of_call(att));
	}
	if (!show)
		return;
	print("cost item=attach n=%u of=attachments value=%llu unit=instructions\n",
	      n, attach_ticks + first - again);
	print("cost item=attach_call n=%u of=attachments value=%llu unit=instructions\n",
	      n, attach_ticks);
	print("cost item=detach n=%u of=attachments value=%llu unit=instructions\n",
	      n, detach_ticks);
}

static bool power_of_two(unsigned int n)
{
	return !(n & (n - 1));
}

static bool make_export(struct export *e)
{
	export_begin(e, "costs");
	export_data(e, pages(1), 1);
	export_blob(e, count);
	return check(!export_seal(e), "export: %lld", e->err);
}

static void first_call(u64 unused)
{
	u64 first = ticks_of_call(&atts[0]), again = ticks_of_call(&atts[0]);

	(void)unused;
	if (power_of_two(this_cpu()->index + 1))
		print("cost item=attach_vcpu n=%u of=vCPUs value=%llu unit=instructions\n",
		      this_cpu()->index + 1, first - again);
}

/* Call attachments @range >> 8 to (@range & 0xff) - 1. */
static void call_attachments(u64 range)
{
	unsigned int i;

	for (i = range >> 8; i < (range & 0xff); i++)
		expect(!plain_call(&atts[i], 1), "a call");
}

/* EXPORT_DESTROY with so many attachments, all of which so many vCPUs have used. */
static void cost_of_revoke(unsigned int n, unsigned int vcpus)
{
	unsigned int i;
	struct export e;
	u64 begin, took;

	if (!make_export(&e))
		return;
	for (i = 0; i < n; i++) {
		attach(&atts[i], "costs", 0, NULL, 0);
		expect(!atts[i].err, "attach: %lld", atts[i].err);
	}
	call_attachments(n);
	for (i = 1; i < vcpus; i++) {
		cpu_start(i, call_attachments, n);
		cpu_wait(i);
	}
	begin = rdtsc();
	expect(!export_destroy(&e), "EXPORT_DESTROY");
	took = rdtsc() - begin;
	print("cost item=revoke n=%u of=%s value=%llu unit=instructions\n",
	      vcpus > 1 ? vcpus : n, vcpus > 1 ? "vCPUs" : "attachments", took);
	for (i = 0; i < n; i++)
		expect(!detach(&atts[i]), "DETACH");
}

static void run_aex(void)
{
	struct export e;

	prepare_window(0);
	if (!make_export(&e))
		return;
	attach(&atts[0], "costs", 0, NULL, 0);
	if (!check(!atts[0].err, "attach: %lld", atts[0].err))
		return;
	/* The first one arms the vCPU. */
	expect(!plain_call(&atts[0], 1), "a call");
	cost_of_aex(&atts[0]);
}

ATTACK("costs-aex", run_aex);

static void run_costs(void)
{
	unsigned int i, most = arg("attachments", WINDOWS);
	struct export e;

	for (i = 0; i < n_cpus; i++) {
		if (!i)
			prepare_windows(0);
		else
			cpu_start(i, prepare_windows, 0);
		if (i)
			cpu_wait(i);
	}
	if (most > WINDOWS || !make_export(&e))
		return;
	for (i = 1; i <= most; i++)
		cost_of_attach(i, power_of_two(i));
	for (i = 1; i < n_cpus; i++) {
		cpu_start(i, first_call, 0);
		cpu_wait(i);
	}
	for (i = 0; i < most; i++)
		expect(!detach(&atts[i]), "DETACH");
	check(!export_destroy(&e), "costs: EXPORT_DESTROY");
	for (i = 1; i <= most; i *= 8)
		cost_of_revoke(i, 1);
	for (i = 2; i <= n_cpus; i *= 2)
		cost_of_revoke(1, i);
	check(true, "costs: of %u attachments", most);
}

ATTACK("costs", run_costs);

/* --- memory: the host reads it at each meet() */

static void attach_some(unsigned int first, unsigned int end)
{
	unsigned int i;

	for (i = first; i < end; i++) {
		attach(&atts[i], "costs", 0, NULL, 0);
		expect(!atts[i].err, "attach: %lld", atts[i].err);
	}
}

/* On all vCPUs but the first. */
static void on_others(void (*fn)(u64), u64 value)
{
	unsigned int i;

	for (i = 1; i < n_cpus; i++) {
		cpu_start(i, fn, value);
		cpu_wait(i);
	}
}

static void run_memory(void)
{
	unsigned int most = arg("attachments", WINDOWS);
	struct export warm, e;

	if (most > WINDOWS)
		return;
	prepare_windows(0);
	on_others(prepare_windows, 0);
	/* What the guest touches for the first time is not to be counted. */
	if (!make_export(&warm))
		return;
	export_destroy(&warm);
	meet(1);
	if (!make_export(&e))
		return;
	meet(2);
	attach_some(0, 1);
	meet(3);
	call_attachments(1);
	meet(4);
	on_others(call_attachments, 1);
	meet(5);
	attach_some(1, most);
	meet(6);
	call_attachments(1 << 8 | most);
	meet(7);
	on_others(call_attachments, 1 << 8 | most);
	meet(8);
	check(true, "costs: memory of %u attachments, %u vCPUs", most, n_cpus);
}

ATTACK("costs-memory", run_memory);
