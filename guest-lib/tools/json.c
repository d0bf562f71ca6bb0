// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
#include <inttypes.h>
#include <stdio.h>

#include "json.h"

/* Something stands in front, at this level. */
static bool comma;

static void quote(const char *ascii)
{
	const unsigned char *p = (const unsigned char *)ascii;

	putchar('"');
	for (; *p; p++) {
		if (*p == '"' || *p == '\\')
			printf("\\%c", *p);
		else if (*p < ' ' || *p >= 0x7f)
			printf("\\u%04x", *p);
		else
			putchar(*p);
	}
	putchar('"');
}

static void begin(const char *key)
{
	if (comma)
		printf(", ");
	comma = true;
	if (!key)
		return;
	quote(key);
	printf(": ");
}

void json_open(const char *key, char bracket)
{
	begin(key);
	putchar(bracket);
	comma = false;
}

void json_close(char bracket)
{
	putchar(bracket);
	comma = true;
}

void json_text(const char *key, const char *ascii)
{
	begin(key);
	quote(ascii);
}

void json_number(const char *key, uint64_t value)
{
	begin(key);
	printf("%" PRIu64, value);
}

void json_bool(const char *key, bool value)
{
	begin(key);
	printf(value ? "true" : "false");
}
