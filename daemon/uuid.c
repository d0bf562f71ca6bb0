// SPDX-License-Identifier: GPL-2.0-only
#include "uuid.h"

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

bool uuid_parse(const char *text, __u8 uuid[UUID_SIZE])
{
	__u8 out[UUID_SIZE];
	unsigned int i;

	for (i = 0; i < UUID_SIZE; i++) {
		int hi, lo;

		if ((i == 4 || i == 6 || i == 8 || i == 10) && *text++ != '-')
			return false;
		hi = hex_digit(text[0]);
		if (hi < 0)
			return false;
		lo = hex_digit(text[1]);
		if (lo < 0)
			return false;
		out[i] = hi << 4 | lo;
		text += 2;
	}
	if (*text)
		return false;
	for (i = 0; i < UUID_SIZE; i++)
		uuid[i] = out[i];
	return true;
}

void uuid_format(const __u8 uuid[UUID_SIZE], char text[UUID_TEXT_SIZE])
{
	static const char hex[] = "0123456789abcdef";
	unsigned int i;

	for (i = 0; i < UUID_SIZE; i++) {
		if (i == 4 || i == 6 || i == 8 || i == 10)
			*text++ = '-';
		*text++ = hex[uuid[i] >> 4];
		*text++ = hex[uuid[i] & 15];
	}
	*text = '\0';
}
