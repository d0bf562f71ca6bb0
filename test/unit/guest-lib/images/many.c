// SPDX-License-Identifier: MIT
/* An image with 257 entries, one too many (256 with ONE_LESS). */
#include <elisa/sub.h>

#define E1(n)                   \
	ELISA_ENTRY(e##n, void) \
	{                       \
		return 0;       \
	}
#define E4(n)  E1(n##0) E1(n##1) E1(n##2) E1(n##3)
#define E16(n) E4(n##0) E4(n##1) E4(n##2) E4(n##3)
#define E64(n) E16(n##0) E16(n##1) E16(n##2) E16(n##3)

E64(0)
E64(1)
E64(2)
E64(3)
#ifndef ONE_LESS
E1(x)
#endif
