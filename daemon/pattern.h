/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Patterns of export names, as a grant carries them: the characters of a name
 * plus '*' and '?'.  Only the module matches them; here they are checked, so
 * that a mistake is found where it was written.
 */
#ifndef ELISACTL_PATTERN_H
#define ELISACTL_PATTERN_H

#include <stddef.h>

/* NULL when fine, otherwise what is wrong with it. */
const char *pattern_check(const char *pattern, size_t len);

/* The same for an export name, which has no wildcards. */
const char *pattern_check_name(const char *name, size_t len);

#endif /* ELISACTL_PATTERN_H */
