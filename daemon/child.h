/* SPDX-License-Identifier: GPL-2.0-only */
/* Other programs, run with nothing but what they need. */
#ifndef ELISACTL_CHILD_H
#define ELISACTL_CHILD_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/*
 * Start ARGV, looked for where root's programs are, with IN and OUT as
 * standard input and output and, if BOTH, OUT as standard error.  -1 for IN
 * is an empty file.  The process's ID or -errno.
 */
pid_t child_start(const char *const argv[], int in, int out, bool both);

/* The exit status; 128 and the signal's number; or -errno. */
int child_wait(pid_t pid);

/*
 * The first SIZE_MAX bytes of what ARGV prints within SECONDS, after which it
 * is killed; to be freed.  NULL: see errno.  *STATUS as of child_wait().
 */
char *child_output(const char *const argv[], size_t size_max,
		   unsigned int seconds, size_t *size, int *status);

#endif /* ELISACTL_CHILD_H */
