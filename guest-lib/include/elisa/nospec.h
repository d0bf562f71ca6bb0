/* SPDX-License-Identifier: LGPL-2.1-or-later OR MIT */
/*
 * Indices that a caller chose, also while the CPU speculates.  Part of
 * <elisa/sub.h>.
 */
#ifndef _ELISA_NOSPEC_H
#define _ELISA_NOSPEC_H

#include <stdint.h>

/**
 * elisa_nospec() - an index that has been checked, and holds even if the CPU
 *	has guessed the outcome of the check
 * @index: any
 * @size: number of elements
 *
 * Return: @index if it is below @size, else 0; without a branch.
 */
static inline uint64_t elisa_nospec(uint64_t index, uint64_t size)
{
	uint64_t mask;

	__asm__ volatile("cmp %[size], %[index]\n\t"
			 "sbb %[mask], %[mask]"
			 : [mask] "=r"(mask)
			 : [index] "r"(index), [size] "r"(size)
			 : "cc");
	return index & mask;
}

#endif /* _ELISA_NOSPEC_H */
