/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Files of KVM VMs among the descriptors of a process.
 */
#ifndef ELISACTL_VMFD_H
#define ELISACTL_VMFD_H

#include <stdbool.h>
#include <sys/types.h>

/* pidfd_open(2); -errno */
int vmfd_open_process(pid_t pid);

/* Is NAME in the directory DIR, a /proc/PID/fd, a VM? */
bool vmfd_is_vm(int dir, const char *name);

/*
 * Our own copy of descriptor NUMBER of process PID, or -errno.  The process may
 * have put another file than a VM there (*IS_VM is false), and then closing the
 * copy can take for as long as the process likes: FUSE is told of each close.
 */
int vmfd_copy(pid_t pid, int number, bool *is_vm);

#endif /* ELISACTL_VMFD_H */
