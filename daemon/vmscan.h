/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Find KVM VMs and get hold of their file descriptors.
 *
 * A PID alone can change its owner at any time.  So a process is opened by
 * pidfd first; what /proc says about the PID and what pidfd_getfd() returns
 * belong together, because the process is still there afterwards.
 */
#ifndef ELISACTL_VMSCAN_H
#define ELISACTL_VMSCAN_H

#include <stdbool.h>
#include <sys/types.h>

#include "vmident.h"

#define VMSCAN_FDS_MAX 64 /* VM descriptors looked at in one process */

struct vmscan {
	struct vm_ident ident;
	int pidfd;
	int fds[VMSCAN_FDS_MAX]; /* numbers in that process */
	unsigned int n_fds;
	bool more; /* there are, or may be, more than that */
};

/*
 * Look at the process that PID, one of its threads, belongs to.  When it has
 * no VM, n_fds is 0 and only ident.pid is filled in.  -ESRCH: it is gone.  Does
 * not wait for the process after vmguard_start().
 */
int vmscan_open(struct vmscan *scan, pid_t pid);
void vmscan_close(struct vmscan *scan);

/* Our own copy of its descriptor number NUMBER of a VM, or -errno. */
int vmscan_get(const struct vmscan *scan, int number);

/* Call FN for every process of the host; -errno when /proc is not there. */
int vmscan_all(void (*fn)(pid_t pid, void *arg), void *arg);

#endif /* ELISACTL_VMSCAN_H */
