// SPDX-License-Identifier: GPL-2.0-only
/*
 * Exported code that always claims to be in a critical section.
 *
 * It hopes to keep a CPU of the host that others want, too; to keep its guest's
 * interrupts away, or the host from ending it; or that its registers are seen,
 * because it goes on without its guest's RESUME.  Both vCPUs share one CPU.
 */
#include "locks.h"

#define HOG_ROUNDS 50000 /* several times what is put off */
#define SLACK_US   400	 /* the host's interrupts, and one exit */

static struct locks l;
static struct barrier start;
static u64 deadline;
static struct {
	u64 calls, put_off, longest;
} hog[2];

static void caller(u64 depth)
{
	const unsigned int me = this_cpu()->index;
	struct result r;

	barrier(&start, 2);
	if (!me)
		deadline = rdtsc() + arg("mticks", 60) * 1000000;
	barrier(&start, 2);
	while (rdtsc() < deadline) {
		r = locks_result(&l, LOCKS_ENTRY_hog, ARGS(depth, HOG_ROUNDS));
		expect(!r.status, "call: %lld", r.status);
		hog[me].calls++;
		hog[me].put_off += !!r.value;
		if (r.value > hog[me].longest)
			hog[me].longest = r.value;
	}
}

static void share(void)
{
	const u64 ticks_per_us = arg("second", 50000000) / 1000000;
	const u64 most = (arg("us", 0) + SLACK_US) * ticks_per_us;

	cpu_start(1, caller, 0);
	caller(1);
	cpu_wait(1);
	check(hog[0].put_off || arg("preempts", 0),
	      "the host put something off %llu times", hog[0].put_off);
	check(!hog[1].put_off, "and not for who is in no section");
	check(hog[0].longest <= most, "for %llu instructions at most (%llu)",
	      hog[0].longest, most);
	check(hog[0].calls <= hog[1].calls + hog[1].calls / 4,
	      "who claims it always gets through no more: %llu calls and %llu",
	      hog[0].calls, hog[1].calls);
}

static void endless(u64 depth)
{
	hog[this_cpu()->index].calls =
		locks_result(&l, LOCKS_ENTRY_hog, ARGS(depth, ~0ULL)).status;
}

static void keep_interrupts(void)
{
	unsigned int i;

	storm_start(1000000, 2000000);
	aep_hook = abort_at_aep;
	for (i = 0; i < 20; i++)
		endless(1);
	aep_hook = NULL;
	storm_stop();
	check_eq(aborted_calls, 20, "its guest's interrupts come nevertheless");
}

static void resumed(void)
{
	u64 wanted;

	storm_start(1000000, 2000000);
	wanted = locks_call(&l, asked, 10000000);
	storm_stop();
	check_eq(wanted, 0, "RESUME clears what was wanted before");
}

static void poked(void)
{
	struct poker *poker = pages(1);

	poker->period_us = 1000;
	if (!check(!poker_start(0, poker), "the poker starts"))
		return;
	deadline = rdtsc() + 20 * 1000000;
	while (rdtsc() < deadline)
		locks_call(&l, hog, 1, HOG_ROUNDS);
	poker_stop(0, poker);
	check(poker->kicks && !poker->in_window && !poker->elsewhere,
	      "%llu looks by the VMM, %llu at the AEP, %llu at sub",
	      poker->kicks, poker->at_aep, poker->in_window);
}

static void revoked(void)
{
	detach(&l.att);
	locks_attach(&l, "locks2", 3);
	cpu_start(1, endless, 1);
	meet(1);
	endless(1);
	cpu_wait(1);
	check((s64)hog[0].calls == -ENOLINK && (s64)hog[1].calls == -ENOLINK,
	      "the host ends both: %lld, %lld", hog[0].calls, hog[1].calls);
}

static void run_sections(void)
{
	if (!check(n_cpus == 2, "two vCPUs"))
		return;
	locks_attach(&l, "locks", 3);
	share();
	keep_interrupts();
	resumed();
	poked();
	revoked();
}

ATTACK("locks-sections", run_sections);

/* Until it is killed. */
static void run_hog(void)
{
	locks_attach(&l, "locks", 3);
	cpu_start(1, endless, 1);
	print("# hogs\n");
	endless(1);
}

ATTACK("locks-hog", run_hog);
