/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Reclaim: what a caller may take when its VM is at the limit on instances.
 *
 * An instance stays where it was used last, and a call that nobody resumes
 * keeps one for ever: the guest's kernel tells nobody when it kills a process.
 * So a VM at its limit takes, in this order,
 *
 *	1. one of the same window that is bound to a vCPU outside the guest;
 *	2. those of other windows that are free, or bound to a vCPU outside the
 *	   guest: they are freed, because another sub context is wanted;
 *	3. the call that is suspended for the longest time, if that is longer
 *	   than ELISA_STALE_SECONDS: it ends as if by ABORT.
 *
 * Only then a call fails with -EBUSY.
 */
#ifndef ELISA_RECLAIM_H
#define ELISA_RECLAIM_H

#include <linux/types.h>

struct elisa_attachment;

enum elisa_reclaim {
	ELISA_RECLAIM_NONE,
	ELISA_RECLAIM_SAME,  /* one is on the attachment's free list */
	ELISA_RECLAIM_OTHER, /* fewer are in use, all CPUs were interrupted */
};

enum elisa_reclaim elisa_reclaim(struct elisa_attachment *att);

#endif /* ELISA_RECLAIM_H */
