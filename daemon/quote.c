// SPDX-License-Identifier: GPL-2.0-only
#include "quote.h"

void quote(char *to, size_t size, const char *from)
{
	size_t n = 0;

	to[n++] = '"';
	for (; *from && n < size - 2; from++)
		to[n++] = *from == '"' || *from == '\\' || *from < 0x20 ||
			  *from > 0x7e ? '?' : *from;
	to[n++] = '"';
	to[n] = '\0';
}
