/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Do ELISA's hooks fire on this very kernel?  A tiny VM is enrolled, makes one
 * call of code that the host exports for it, and is gone again.
 */
#ifndef ELISACTL_PROBE_H
#define ELISACTL_PROBE_H

#include <stddef.h>

/*
 * 0, or -errno.  TEXT tells in one sentence what was seen, or what failed.
 * Nothing of it stays in either case.
 */
int probe(char *text, size_t size);

#endif /* ELISACTL_PROBE_H */
