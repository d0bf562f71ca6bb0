// SPDX-License-Identifier: MIT
/* The smallest sub image: an entry point that does nothing. */
#include <elisa/sub.h>

ELISA_ENTRY(nop, void)
{
	return 0;
}
