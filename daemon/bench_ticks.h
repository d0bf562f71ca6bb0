/* SPDX-License-Identifier: GPL-2.0-only */
/* From ticks of many turns to figures of one operation. */
#ifndef ELISACTL_BENCH_TICKS_H
#define ELISACTL_BENCH_TICKS_H

#include <stddef.h>
#include <linux/types.h>

struct bench_ticks {
	double least, median; /* of one operation */
};

/*
 * From N (at least 1) turns of PER operations (neither 0).  0, or -ENOMEM.
 */
int bench_ticks(const __u64 *turns, size_t n, unsigned int per,
		struct bench_ticks *result);

/* Nanoseconds that TICKS are; 0 when KHZ, ticks in a millisecond, is not known. */
double bench_ns(double ticks, unsigned int khz);

#endif /* ELISACTL_BENCH_TICKS_H */
