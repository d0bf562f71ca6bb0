// SPDX-License-Identifier: MIT
/* An image with several forbidden instructions, the last across two pages. */
#include <elisa/sub.h>

uint64_t first(void);
uint64_t second(void);

__asm__(".pushsection .text\n"
	"	.type first, @function\n"
	"	.type second, @function\n"
	"first:\n"
	"	nop\n"
	"	vmfunc\n"
	"	ret\n"
	"	.size first, . - first\n"
	"	.balign 16, 0xcc\n"
	"second:\n"
	"	nop\n"
	"	wrpkru\n"
	"	nop\n"
	"	.byte 0xc4, 0xe2, 0x78, 0x49, 0xc0\n" /* TILERELEASE */
	"	.size second, . - second\n"
	"	.org 0xfff, 0xcc\n"
	"	vmfunc\n"
	"	.popsection\n");

ELISA_ENTRY_FOR(first);
ELISA_ENTRY_FOR(second);
