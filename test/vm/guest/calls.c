// SPDX-License-Identifier: GPL-2.0-only
/*
 * calls: many checked calls into the selftest image.
 *
 *	calls [-n CALLS] [-r ROUNDS] [-t THREADS] [-m] [-k] [EXPORT]
 *
 * Each call computes for ROUNDS rounds in most general registers or in vector
 * registers, in turn, and its result is compared with the same computation
 * done here.  -m moves the calling threads between vCPUs all the time.  -k:
 * go on until the export is revoked (-ENOLINK), then succeed.
 *
 * Prints "calls N wrong N errors N moves N".
 */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <elisa/guest.h>

#include "selftest.h"

#define THREADS_MAX 16

static struct elisa_entry spin, spin_sse;
static unsigned long calls = 10000, rounds = 1000;
static bool until_revoked;
static atomic_ulong done, wrong, errors, revoked;
static atomic_bool stop;
static pthread_t thread[THREADS_MAX];

/* Seeds differ, so that a result of another call is noticed. */
#define SEEDS 8
static uint64_t expect[SEEDS], expect_sse[SEEDS];

static void *caller(void *arg)
{
	unsigned long i;
	uint64_t ret;
	int err;

	for (i = (unsigned long)arg; until_revoked || i < calls; i++) {
		unsigned int seed = i / 2 % SEEDS;
		bool sse = i & 1;

		do {
			err = elisa_call1(sse ? &spin_sse : &spin, &ret,
					  rounds + seed);
		} while (err == -EBUSY);
		if (err == -ENOLINK && until_revoked) {
			revoked++;
			break;
		}
		if (err) {
			fprintf(stderr, "calls: call %lu: %s, details %#llx\n",
				i, strerror(-err), (unsigned long long)ret);
			errors++;
			break;
		}
		wrong += ret != (sse ? expect_sse : expect)[seed];
		done++;
	}
	return NULL;
}

static void *mover(void *arg)
{
	const struct timespec pause = { .tv_nsec = 700000 };
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);
	unsigned long *moves = arg;
	cpu_set_t set;
	unsigned int i;

	for (; !stop; nanosleep(&pause, NULL)) {
		for (i = 0; i < THREADS_MAX && thread[i]; i++) {
			CPU_ZERO(&set);
			CPU_SET((*moves + i) % cpus, &set);
			pthread_setaffinity_np(thread[i], sizeof(set), &set);
		}
		++*moves;
	}
	return NULL;
}

static int run(unsigned int threads, bool move)
{
	unsigned long moves = 0;
	pthread_t moving;
	unsigned int i;

	for (i = 0; i < SEEDS; i++) {
		expect[i] = selftest_spin(rounds + i);
		expect_sse[i] = selftest_spin_sse(rounds + i);
	}
	for (i = 0; i < threads; i++)
		if (pthread_create(&thread[i], NULL, caller, NULL))
			return 1;
	if (move && pthread_create(&moving, NULL, mover, &moves))
		return 1;
	for (i = 0; i < threads; i++)
		pthread_join(thread[i], NULL);
	stop = true;
	if (move)
		pthread_join(moving, NULL);
	printf("calls %lu wrong %lu errors %lu moves %lu revoked %lu\n", done,
	       wrong, errors, moves, revoked);
	if (wrong || errors || (until_revoked && revoked != threads))
		return 1;
	return !until_revoked && done != calls * threads;
}

static int fail(const char *what, int err)
{
	fprintf(stderr, "calls: %s: %s\n", what, strerror(-err));
	return -err;
}

int main(int argc, char **argv)
{
	struct elisa_attachment *att;
	unsigned int threads = 1;
	bool move = false;
	int c, err, rc;

	while ((c = getopt(argc, argv, "n:r:t:mk")) != -1) {
		switch (c) {
		case 'n':
			calls = strtoul(optarg, NULL, 10);
			break;
		case 'r':
			rounds = strtoul(optarg, NULL, 10);
			break;
		case 't':
			threads = strtoul(optarg, NULL, 10);
			break;
		case 'm':
			move = true;
			break;
		case 'k':
			until_revoked = true;
			break;
		default:
			return 2;
		}
	}
	if (threads < 1 || threads > THREADS_MAX)
		return 2;
	err = elisa_attach(&att, optind < argc ? argv[optind] : SELFTEST_EXPORT,
			   NULL, 0);
	if (err)
		return fail("attach", err);
	err = elisa_lookup(att, "spin", &spin);
	if (!err)
		err = elisa_lookup(att, "spin_sse", &spin_sse);
	rc = err ? fail("lookup", err) : run(threads, move);
	err = elisa_detach(att);
	if (err)
		return fail("detach", err);
	return rc;
}
