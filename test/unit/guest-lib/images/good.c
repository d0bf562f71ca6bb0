// SPDX-License-Identifier: MIT
/* An image with everything that an acceptable one can have. */
#include <elisa/sub.h>

static uint64_t counter = 42;
static uint64_t zeros[512];
static uint64_t *volatile pointers[] = { &counter, &zeros[0], &zeros[512] };
static const char text[] = "constant";

ELISA_ENTRY(first, void)
{
	return ++*pointers[0];
}

ELISA_ENTRY(second, uint64_t n)
{
	return pointers[1][n % 512] + text[n % sizeof(text)];
}

ELISA_ENTRY(a_name_of_thirty_one_characters, uint64_t n)
{
	memset(pointers[1], (int)n, pointers[2] - pointers[1]);
	return 0;
}
