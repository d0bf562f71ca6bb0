// SPDX-License-Identifier: GPL-2.0-only
/* A sub image that would leave its context by itself. */
#include <elisa/sub.h>

ELISA_ENTRY(leave, void)
{
	__asm__ volatile("xor %%ecx, %%ecx; xor %%eax, %%eax; vmfunc"
			 :
			 :
			 : "rax", "rcx", "memory");
	return 0;
}
