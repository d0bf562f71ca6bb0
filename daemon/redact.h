/* SPDX-License-Identifier: GPL-2.0-only */
/* What may not, or need not, be seen by those who read a bug report. */
#ifndef ELISACTL_REDACT_H
#define ELISACTL_REDACT_H

#include <stddef.h>

/*
 * Cut YAML comments out of TEXT: they may hold anything.  A '#' that begins no
 * comment, in quotes, loses the rest of its line as well: rather too much than
 * too little.
 */
void strip_comments(char *text);

/* Leave only the lines of TEXT that have WORD in them; the new length. */
size_t keep_lines(char *text, const char *word);

#endif /* ELISACTL_REDACT_H */
