/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a VMM can make last for as long as it likes, done without waiting so long:
 *
 *	its command line is its memory, which may be a file of FUSE;
 *	a descriptor may be another file's by the time that it is copied, and FUSE
 *	is asked when the copy is closed.
 *
 * After vmguard_start() a child process does both, and who does not answer within
 * GUARD_MS is given up with -ETIMEDOUT.  The child is killed, but may stay all the
 * same: the kernel waits for FUSE.  So no more than GUARD_PER_OWNER children are spent
 * on one owner in GUARD_FORGET_MS, nor while so many are still there for him:
 * -ETIMEDOUT at once.  An owner is a user's slice, a unit of systemd's, or a user, the
 * first of them that there is.  GUARD_MAX are spent on all together: -EAGAIN at once.
 *
 * Without vmguard_start() the caller does it and waits: for commands of an
 * operator, who can end them.
 */
#ifndef ELISACTL_VMGUARD_H
#define ELISACTL_VMGUARD_H

#include "vmident.h"

#ifndef GUARD_MS
#define GUARD_MS 1000
#endif
#define GUARD_FORGET_MS 30000
#define GUARD_PER_OWNER 2
#define GUARD_MAX	16

/* From now on; the process has no children but the guard's. */
void vmguard_start(void);
void vmguard_stop(void);

/* What vm_ident_read_claims() does. */
int vmguard_read_claims(struct vm_ident *ident);

/*
 * Our own copy of descriptor NUMBER of the process, a VM; -EBADF: it is another
 * file.  The caller makes sure that the process has not ended meanwhile.
 */
int vmguard_copy(const struct vm_ident *ident, int number);

#endif /* ELISACTL_VMGUARD_H */
