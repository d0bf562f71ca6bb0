/* SPDX-License-Identifier: GPL-2.0-only */
/* A file that readers see in full, as it was or as it is, at any time. */
#ifndef ELISACTL_REPLACE_FILE_H
#define ELISACTL_REPLACE_FILE_H

#include <stdio.h>

/*
 * Give NAME the content that WRITE writes, or leave it as it is: 0 or -errno.
 * The new file is readable by all.  -EINVAL if NAME is
 * something else than a file.
 */
int replace_file(const char *name, void (*write)(FILE *to, const void *arg),
		 const void *arg);

#endif /* ELISACTL_REPLACE_FILE_H */
