// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/* Batches, the caller's side; what is in the exchange buffer is read once. */
#include <elisa/batch.h>

#include "attachment.h"

#define ERRNO_MAX 4095

_Static_assert(sizeof(struct elisa_batch_op) == 64, "one cache line");

int elisa_batch_init(struct elisa_batch *batch,
		     const struct elisa_attachment *att, size_t offset,
		     unsigned int room)
{
	const size_t op = sizeof(struct elisa_batch_op);
	int rc;

	if (!room || room > ELISA_BATCH_OPS_MAX || offset % op)
		return -EINVAL;
	if (offset > att->xbuf_size || room > (att->xbuf_size - offset) / op)
		return -EINVAL;
	rc = elisa_lookup(att, ELISA_BATCH_ENTRY, &batch->run);
	if (rc)
		return rc;
	batch->ops = (struct elisa_batch_op *)((char *)att->xbuf + offset);
	batch->offset = offset;
	batch->fault = 0;
	batch->room = room;
	batch->count = 0;
	return 0;
}

int elisa_batch_run(struct elisa_batch *batch)
{
	unsigned int i;
	uint64_t ret;
	int rc;

	for (i = 0; i < batch->count; i++)
		__atomic_store_n(&batch->ops[i].status, ELISA_BATCH_PENDING,
				 __ATOMIC_RELAXED);
	rc = elisa_call2(&batch->run, &ret, batch->offset, batch->count);
	batch->fault = rc == -EFAULT ? ret : 0;
	if (rc)
		return rc;
	return ret == batch->count ? 0 : -EPROTO;
}

int elisa_batch_result(const struct elisa_batch *batch, unsigned int n,
		       uint64_t *ret)
{
	const struct elisa_batch_op *op;
	int status;

	if (n >= batch->count)
		return -ERANGE;
	op = &batch->ops[n];
	status = __atomic_load_n(&op->status, __ATOMIC_ACQUIRE);
	if (status == ELISA_BATCH_PENDING)
		return -EINPROGRESS;
	if (status > 0 || status < -ERRNO_MAX)
		return -EPROTO;
	if (!status)
		*ret = __atomic_load_n(&op->result, __ATOMIC_RELAXED);
	return status;
}
