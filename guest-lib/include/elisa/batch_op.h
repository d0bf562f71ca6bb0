/* SPDX-License-Identifier: LGPL-2.1-or-later OR MIT */
/*
 * One call of a batch, as it lies in the exchange buffer: what <elisa/batch.h>,
 * the caller's side, and <elisa/sub_batch.h>, the image's, share.
 */
#ifndef _ELISA_BATCH_OP_H
#define _ELISA_BATCH_OP_H

#include <linux/types.h>

/* Name of the entry point that executes batches. */
#define ELISA_BATCH_ENTRY "elisa_batch"

/* Calls in a batch: as many as an exchange buffer has room for. */
#define ELISA_BATCH_OPS_MAX 32768

/* @status of a call that has not been executed. */
#define ELISA_BATCH_PENDING 1

/**
 * struct elisa_batch_op - one call; an array of these is a batch
 * @entry: number of the entry point, as elisa_lookup() finds it
 * @status: ELISA_BATCH_PENDING; 0 executed; or a negative errno value: -EINVAL
 *	the image does not let this entry point be called in a batch
 * @arg: its arguments
 * @result: what it returned, if @status is 0
 */
struct elisa_batch_op {
	__u32 entry;
	__s32 status;
	__u64 arg[6];
	__u64 result;
};

#endif /* _ELISA_BATCH_OP_H */
