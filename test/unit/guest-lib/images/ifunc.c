// SPDX-License-Identifier: MIT
/* An image with an indirect function. */
#include <elisa/sub.h>

static uint64_t one(void)
{
	return 1;
}

typedef uint64_t function(void);

static __attribute__((used)) function *resolve(void)
{
	return one;
}

static uint64_t indirect(void) __attribute__((ifunc("resolve")));
static uint64_t (*const pointer)(void) = indirect;

ELISA_ENTRY(entry, void)
{
	uint64_t (*const volatile *at)(void) = &pointer;

	return (*at)();
}
