// SPDX-License-Identifier: GPL-2.0-only
#include <stdbool.h>
#include <string.h>

#include <elisa/hypercall.h>

#include "pattern.h"

static bool name_char(char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
	       (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
}

static const char *check(const char *s, size_t len, bool wildcards)
{
	size_t i;

	if (!len)
		return "is empty";
	if (len > ELISA_NAME_MAX)
		return "is longer than 31 bytes";
	for (i = 0; i < len; i++) {
		if (name_char(s[i]))
			continue;
		if (wildcards && (s[i] == '*' || s[i] == '?'))
			continue;
		return wildcards ?
			       "has a character other than A-Z a-z 0-9 . _ - * ?" :
			       "has a character other than A-Z a-z 0-9 . _ -";
	}
	return NULL;
}

const char *pattern_check(const char *pattern, size_t len)
{
	return check(pattern, len, true);
}

const char *pattern_check_name(const char *name, size_t len)
{
	return check(name, len, false);
}
