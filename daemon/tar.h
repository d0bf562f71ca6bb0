/* SPDX-License-Identifier: GPL-2.0-only */
/* An archive in the ustar format of POSIX, written front to back. */
#ifndef ELISACTL_TAR_H
#define ELISACTL_TAR_H

#include <stdio.h>
#include <time.h>

/* NAME has at most 99 characters; 0 or -errno. */
int tar_file(FILE *to, const char *name, const void *data, size_t size,
	     time_t mtime);
int tar_end(FILE *to);

#endif /* ELISACTL_TAR_H */
