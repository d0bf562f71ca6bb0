// SPDX-License-Identifier: GPL-2.0-only
/*
 * soak: random operations on the emulated host, each checked against a model.
 *
 *	soak [--seed N] [--ops N] [--checkpoint N] [--stop FILE] [--verbose]
 *
 * Ends after N operations, when FILE is not empty any more, or at the first
 * difference from the model.  Every CHECKPOINT operations all VMs and exports go,
 * and nothing may be left of them.
 */
#include <err.h>
#include <getopt.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "soak.h"

#define TRACES	 24 /* of the last operations, shown with a failure */
#define PROGRESS 20 /* operations between two lines that count them */

struct options opt = { .seed = 1, .ops = 100, .checkpoint = 40 };

static const char *stop_file;
static uint64_t state;
static unsigned int failures;
static char traces[TRACES][160];
static unsigned long n_traces;

/* splitmix64; @below 0: all 64 bits */
uint64_t draw(uint64_t below)
{
	uint64_t x = state += 0x9e3779b97f4a7c15ULL;

	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9ULL;
	x = (x ^ x >> 27) * 0x94d049bb133111ebULL;
	x ^= x >> 31;
	return below ? x % below : x;
}

void trace(const char *fmt, ...)
{
	char *line = traces[n_traces++ % TRACES];
	va_list args;

	va_start(args, fmt);
	vsnprintf(line, sizeof(traces[0]), fmt, args);
	va_end(args);
	if (opt.verbose)
		printf("# %s\n", line);
}

void wrong(const char *fmt, ...)
{
	unsigned long i;
	va_list args;

	if (!failures++) {
		printf("# the last operations:\n");
		for (i = n_traces > TRACES ? n_traces - TRACES : 0;
		     i < n_traces; i++)
			printf("#   %s\n", traces[i % TRACES]);
	}
	printf("not ok - soak: ");
	va_start(args, fmt);
	vprintf(fmt, args);
	va_end(args);
	printf("\n");
	if (failures == 50)
		exit(1);
}

bool has_failed(void)
{
	return failures;
}

static bool is_told_to_stop(void)
{
	struct stat st;

	return stop_file && !stat(stop_file, &st) && st.st_size;
}

static void parse(int argc, char **argv)
{
	static const struct option options[] = {
		{ "seed", required_argument, NULL, 's' },
		{ "ops", required_argument, NULL, 'n' },
		{ "checkpoint", required_argument, NULL, 'c' },
		{ "stop", required_argument, NULL, 'f' },
		{ "verbose", no_argument, NULL, 'v' },
		{},
	};
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (c) {
		case 's':
			opt.seed = strtoull(optarg, NULL, 0);
			break;
		case 'n':
			opt.ops = strtoul(optarg, NULL, 0);
			break;
		case 'c':
			opt.checkpoint = strtoul(optarg, NULL, 0);
			break;
		case 'f':
			stop_file = optarg;
			break;
		case 'v':
			opt.verbose = true;
			break;
		default:
			exit(2);
		}
	}
	if (optind != argc || !opt.checkpoint)
		errx(2, "usage: soak [OPTION]...");
}

int main(int argc, char **argv)
{
	unsigned int n, checkpoints = 0;
	struct timespec begin, now;

	setvbuf(stdout, NULL, _IOLBF, 0);
	signal(SIGPIPE, SIG_IGN);
	parse(argc, argv);
	clock_gettime(CLOCK_MONOTONIC, &begin);
	state = opt.seed;
	printf("# seed %llu\n", (unsigned long long)opt.seed);
	if (!module_load())
		errx(1, "cannot load the module");
	daemon_start();
	printf("ok - module and daemon start\n");
	first_checkpoint();
	for (n = 1;
	     !failures && !is_told_to_stop() && (!opt.ops || n <= opt.ops);
	     n++) {
		one_op(n);
		if (n % PROGRESS == 0)
			printf("# %u operations\n", n);
		if (n % opt.checkpoint == 0 && !failures)
			checkpoint(++checkpoints % 2);
	}
	n--;
	if (!failures && n % opt.checkpoint)
		checkpoint(++checkpoints % 2);
	daemon_stop(SIGTERM);
	clock_gettime(CLOCK_MONOTONIC, &now);
	report_ops();
	printf("# %u operations, %u checkpoints, %ld s of emulated time\n", n,
	       checkpoints, now.tv_sec - begin.tv_sec);
	if (failures) {
		printf("# replay: make soak SEED=%llu OPS=%u CHECKPOINT=%u\n",
		       (unsigned long long)opt.seed, n, opt.checkpoint);
		return 1;
	}
	printf("ok - soak, seed %llu: %u operations, %u checkpoints\n",
	       (unsigned long long)opt.seed, n, checkpoints);
	return 0;
}
