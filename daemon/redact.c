// SPDX-License-Identifier: GPL-2.0-only
#include <stdbool.h>
#include <string.h>

#include "redact.h"

void strip_comments(char *text)
{
	char *to = text, before = '\n';
	bool comment = false;

	for (; *text; text++) {
		if (*text == '\n' || *text == '\r')
			comment = false;
		else if (*text == '#' && (before == '\n' || before == '\r' ||
					  before == ' ' || before == '\t'))
			comment = true;
		before = *text;
		if (!comment)
			*to++ = *text;
	}
	*to = '\0';
}

size_t keep_lines(char *text, const char *word)
{
	char *from = text, *to = text, *end;
	size_t len;

	for (; *from; from = end) {
		end = strchrnul(from, '\n');
		if (*end)
			end++;
		len = end - from;
		if (memmem(from, len, word, strlen(word))) {
			memmove(to, from, len);
			to += len;
		}
	}
	*to = '\0';
	return to - text;
}
