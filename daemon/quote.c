// SPDX-License-Identifier: GPL-2.0-only
#include <stdbool.h>

#include "quote.h"

void quote(char *to, size_t size, const char *from)
{
	size_t n = 0;

	to[n++] = '"';
	for (; *from && n < size - 2; from++) {
		bool good = *from >= 0x20 && *from <= 0x7e && *from != '"' &&
			    *from != '\\';

		to[n++] = good ? *from : '?';
	}
	to[n++] = '"';
	to[n] = '\0';
}
