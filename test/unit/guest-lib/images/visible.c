// SPDX-License-Identifier: MIT
/* An image with a variable that others could preempt. */
#include <elisa/sub.h>

uint64_t preemptible = 5;

ELISA_ENTRY(entry, void)
{
	return preemptible;
}
