// SPDX-License-Identifier: GPL-2.0-only
/*
 * Throughput of one lock that all vCPUs want, several vCPUs on a host CPU: a
 * vCPU that is preempted in its section keeps all others waiting.  Each call is
 * one section.  Figures are instructions, of host and guests together: the TSC
 * counts them.
 */
#include "locks.h"

static struct locks l;
static struct barrier start;
static u64 deadline;
static u64 calls[ATTACK_MAX_CPUS], aex[ATTACK_MAX_CPUS];

static void caller(u64 entry)
{
	const u64 rounds = arg("rounds", 500);
	const unsigned int cpu = this_cpu()->index;
	struct result r;

	barrier(&start, n_cpus);
	if (!cpu)
		deadline = rdtsc() + arg("mticks", 40) * 1000000;
	barrier(&start, n_cpus);
	while (rdtsc() < deadline) {
		r = locks_result(&l, entry, ARGS(rounds));
		expect(!r.status && !r.value, "call: %lld %llx", r.status,
		       r.value);
		calls[cpu]++;
		aex[cpu] += r.aex;
	}
}

static u64 measure(enum locks_entry entry, const char *what)
{
	u64 begin, end, total = 0, all_aex = 0, least = ~0ULL;
	unsigned int i;

	begin = rdtsc();
	memset(calls, 0, sizeof(calls));
	memset(aex, 0, sizeof(aex));
	for (i = 1; i < n_cpus; i++)
		cpu_start(i, caller, entry);
	caller(entry);
	for (i = 1; i < n_cpus; i++)
		cpu_wait(i);
	end = rdtsc();
	for (i = 0; i < n_cpus; i++) {
		total += calls[i];
		all_aex += aex[i];
		least = calls[i] < least ? calls[i] : least;
	}
	print("# %s: %llu calls, %llu per million instructions, %llu AEX, least of a vCPU %llu\n",
	      what, total, total * 1000000 / (end - begin), all_aex, least);
	return total * 1000000 / (end - begin);
}

static void contention(void)
{
	locks_attach(&l, "locks", arg("cpl", 3));
	print("# %u vCPUs, sections of %llu rounds\n", n_cpus,
	      arg("rounds", 500));
	/* Which is more is for the reader: the scheduler has a say. */
	check(measure(LOCKS_ENTRY_add_spin, "waiters spin"), "spinning");
	check(measure(LOCKS_ENTRY_add, "waiters ask the host"), "asking");
	check(!locks_call(&l, get, LOCKS_WRONG) &&
		      locks_call(&l, get, LOCKS_A) ==
			      locks_call(&l, get, LOCKS_B),
	      "no two calls were in a section");
}

ATTACK("contention", contention);
