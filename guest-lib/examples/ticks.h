/* SPDX-License-Identifier: MIT */
/*
 * Measuring with RDTSC.  On the emulated host of this project one tick is one
 * instruction, of guest and host together; on hardware ticks are time.
 */
#ifndef TICKS_H
#define TICKS_H

#include <stdint.h>

static inline uint64_t ticks(void)
{
	uint32_t low, high;

	__asm__ volatile("lfence\n\trdtsc"
			 : "=a"(low), "=d"(high)
			 :
			 : "memory");
	return (uint64_t)high << 32 | low;
}

#endif /* TICKS_H */
