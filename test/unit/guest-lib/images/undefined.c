// SPDX-License-Identifier: MIT
/* An image that refers to a variable of nobody. */
#include <elisa/sub.h>

extern uint64_t not_here __attribute__((visibility("default")));
static uint64_t *const pointer = &not_here;

ELISA_ENTRY(entry, void)
{
	return !*(uint64_t *const volatile *)&pointer;
}
