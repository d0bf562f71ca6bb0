// SPDX-License-Identifier: MIT
/* A second object of the same image. */
#include <elisa/sub.h>

ELISA_ENTRY(more, uint64_t n)
{
	char text[] = "memory and strings are the C library's";

	memset(text, 'x', n < sizeof(text) ? n : 0);
	return strnlen(text, sizeof(text));
}
