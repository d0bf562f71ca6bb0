/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What every unit test of kmod/ includes.
 */
#ifndef ELISA_TEST_H
#define ELISA_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include "portable.h"

#include <cmocka.h>

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

/** test_random() - splitmix64, the same numbers in every run */
static inline u64 test_random(void)
{
	static u64 state;
	u64 z = state += 0x9e3779b97f4a7c15ULL;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
	return z ^ (z >> 31);
}

#endif /* ELISA_TEST_H */
