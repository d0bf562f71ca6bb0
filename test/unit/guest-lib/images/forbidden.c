// SPDX-License-Identifier: MIT
/* An image with VMFUNC, hidden in an immediate. */
#include <elisa/sub.h>

ELISA_ENTRY(entry, void)
{
	uint64_t value;

	__asm__ volatile("mov $0xd4010f00, %0" : "=r"(value));
	return value;
}
