// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bench_ticks.h"

static int compare(const void *a, const void *b)
{
	const __u64 x = *(const __u64 *)a, y = *(const __u64 *)b;

	return x < y ? -1 : x > y;
}

int bench_ticks(const __u64 *turns, size_t n, unsigned int per,
		struct bench_ticks *result)
{
	__u64 *sorted = malloc(n * sizeof(*sorted));

	if (!sorted)
		return -ENOMEM;
	memcpy(sorted, turns, n * sizeof(*sorted));
	qsort(sorted, n, sizeof(*sorted), compare);
	result->least = (double)sorted[0] / per;
	result->median = (double)sorted[n / 2] / per;
	free(sorted);
	return 0;
}

double bench_ns(double ticks, unsigned int khz)
{
	return khz ? ticks * 1e6 / khz : 0;
}
