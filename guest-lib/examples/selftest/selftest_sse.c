// SPDX-License-Identifier: MIT
/* The part of the selftest image that uses vector registers. */
#include <elisa/sub.h>

#include "selftest.h"

ELISA_ENTRY(spin_sse, uint64_t n)
{
	return selftest_spin_sse(n);
}
