// SPDX-License-Identifier: GPL-2.0-only
/*
 * The basic block counter.
 */
#include "steps.h"

unsigned long steps;

#ifndef ELISA_LIBFUZZER /* libFuzzer has its own, and no bound is checked */
void __sanitizer_cov_trace_pc(void)
{
	steps++;
}
#endif
