/* SPDX-License-Identifier: GPL-2.0-only */
/* Names that others chose, as values of a log line. */
#ifndef ELISACTL_QUOTE_H
#define ELISACTL_QUOTE_H

#include <stddef.h>

/*
 * FROM in quotes, cut to fit; what could end the value or the line early is
 * replaced.  SIZE is at least 3.
 */
void quote(char *to, size_t size, const char *from);

#endif /* ELISACTL_QUOTE_H */
