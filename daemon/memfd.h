/* SPDX-License-Identifier: GPL-2.0-only */
/* A memfd of another process, to share its memory. */
#ifndef ELISACTL_MEMFD_H
#define ELISACTL_MEMFD_H

#include <linux/types.h>
#include <sys/types.h>

#define MEMFD_WHY_SIZE 256

/* PID:FD, two decimal numbers, FD from 0; -EINVAL. */
int memfd_parse(const char *text, pid_t *pid, int *fd);

/*
 * Copy descriptor FD of process PID, which stays that process: another one with
 * its number would not be taken.  Returned is a descriptor of our own for the
 * caller to close; or -errno, with a sentence in WHY:
 *
 *	-ESRCH		no such process
 *	-EPERM		we may not, that wants CAP_SYS_PTRACE
 *	-EBADF		it has no such descriptor
 *	-EINVAL		not a memfd, or its memory cannot be shared as it is
 *	-EFBIG		DATA_PAGES is 0, all of it, which is too much
 *
 * DATA_PAGES (of 4 KiB) are wanted of it.
 */
int memfd_copy(pid_t pid, int fd, __u32 data_pages, char why[MEMFD_WHY_SIZE]);

#endif /* ELISACTL_MEMFD_H */
