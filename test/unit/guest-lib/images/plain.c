// SPDX-License-Identifier: MIT
/* An image without data. */
#include <elisa/sub.h>

ELISA_ENTRY(plain, void)
{
	return 1;
}
