/* SPDX-License-Identifier: LGPL-2.1-or-later OR MIT */
/*
 * libelisa-guest, batches: several calls of an export in one crossing, for
 * images that offer it (<elisa/sub_batch.h>).
 *
 *	struct elisa_batch batch;
 *
 *	err = elisa_batch_init(&batch, att, 0, 16);
 *	n = elisa_batch_add(&batch, &get, key, 0, 0, 0, 0, 0);
 *	m = elisa_batch_add(&batch, &put, key2, value, 0, 0, 0, 0);
 *	err = elisa_batch_run(&batch);
 *	err = elisa_batch_result(&batch, n, &value);
 *
 * The calls are written to the exchange buffer, executed in their order, and
 * their results are read from there.  What is in the buffer is the export's to
 * change, so results are as untrusted as those of elisa_callN().
 *
 * Every function returns 0, or what it says, or a negative errno value.  A
 * batch is used by one thread at a time; there may be any number of them, each
 * with a part of the exchange buffer.  elisa_batch_init() is not
 * async-signal-safe, the other functions are.
 */
#ifndef _ELISA_BATCH_H
#define _ELISA_BATCH_H

#include <errno.h>

#include <elisa/batch_op.h>
#include <elisa/guest.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * struct elisa_batch - calls to be executed together
 * @fault: after elisa_batch_run() has returned -EFAULT: the details, for
 *	elisa_fault_describe(); the other members are the library's own
 *
 * Filled in by elisa_batch_init().  It needs no release, and is valid until the
 * attachment is detached.
 */
struct elisa_batch {
	struct elisa_entry run;
	struct elisa_batch_op *ops;
	uint64_t offset;
	uint64_t fault;
	unsigned int room;
	unsigned int count;
};

/**
 * elisa_batch_init() - prepare a batch
 * @batch: filled in; without calls
 * @att: an attachment with an exchange buffer
 * @offset: where in the exchange buffer the calls go, a multiple of 64
 * @room: how many, 1..ELISA_BATCH_OPS_MAX; 64 bytes each
 *
 * Return: 0; -EINVAL malformed argument, or the exchange buffer is too small;
 * -ENOENT the export's image offers no batches; or as elisa_lookup().
 */
int elisa_batch_init(struct elisa_batch *batch,
		     const struct elisa_attachment *att, size_t offset,
		     unsigned int room);

/**
 * elisa_batch_add() - add a call
 * @batch: the batch
 * @entry: an entry point of the same attachment
 * @a0: its first argument; and so on
 * @a1: second argument
 * @a2: third argument
 * @a3: fourth argument
 * @a4: fifth argument
 * @a5: sixth argument
 *
 * Return: the number of the call, 0, 1, ...; -ENOSPC there is no room for more;
 * -EXDEV the entry point is that of another attachment.
 */
_ELISA_INLINE int elisa_batch_add(struct elisa_batch *batch,
				  const struct elisa_entry *entry, uint64_t a0,
				  uint64_t a1, uint64_t a2, uint64_t a3,
				  uint64_t a4, uint64_t a5)
{
	struct elisa_batch_op *op;

	if (batch->count == batch->room)
		return -ENOSPC;
	if (entry->stub != batch->run.stub)
		return -EXDEV;
	op = &batch->ops[batch->count];
	op->entry = (__u32)entry->index;
	op->arg[0] = a0;
	op->arg[1] = a1;
	op->arg[2] = a2;
	op->arg[3] = a3;
	op->arg[4] = a4;
	op->arg[5] = a5;
	return (int)batch->count++;
}

/** elisa_batch_clear() - forget all calls and their results */
_ELISA_INLINE void elisa_batch_clear(struct elisa_batch *batch)
{
	batch->count = 0;
}

/**
 * elisa_batch_run() - execute all calls
 * @batch: the batch; it may be run again, with the same calls or more
 *
 * Return: 0 all were executed or refused, see elisa_batch_result(); otherwise
 * as elisa_call6(), or -EPROTO if the export answered nonsense.  With -EBUSY
 * none was executed.  After -EFAULT, -ENOLINK and the like those with results
 * were executed, and the first without one may or may not have had its effect.
 */
int elisa_batch_run(struct elisa_batch *batch);

/**
 * elisa_batch_result() - result of a call
 * @batch: the batch, which has been run
 * @n: number of the call
 * @ret: stores what the entry point returned
 *
 * Return: 0; -EINPROGRESS it was not executed; -EINVAL it was refused, because
 * the image does not allow this entry point in a batch; -ERANGE there is no
 * such call; -EPROTO the export answered nonsense.
 */
int elisa_batch_result(const struct elisa_batch *batch, unsigned int n,
		       uint64_t *ret);

#ifdef __cplusplus
}
#endif

#endif /* _ELISA_BATCH_H */
