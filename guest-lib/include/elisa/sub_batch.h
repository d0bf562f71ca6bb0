/* SPDX-License-Identifier: LGPL-2.1-or-later OR MIT */
/*
 * Batches, the image's side: an entry point that executes several calls in one
 * crossing.  Included by code of an image after <elisa/sub.h>, in one file:
 *
 *	static const uint64_t batched[] = {
 *		ELISA_BATCHED(kv_put_u64),
 *		ELISA_BATCHED(kv_get_u64),
 *	};
 *
 *	ELISA_BATCH(batched);
 *
 * defines the entry point "elisa_batch", which the callers of <elisa/batch.h>
 * use.  It calls none but those of the list.
 *
 * The calls lie in the exchange buffer, which its owner may change meanwhile:
 * each is copied out once, then checked and executed.  Each is as if it were
 * called by itself, but for these: they are one call for locks
 * (elisa_self()), they share its stack, and if one faults, the others that
 * follow it are not executed.
 */
#ifndef _ELISA_SUB_BATCH_H
#define _ELISA_SUB_BATCH_H

#ifndef _ELISA_SUB_H
#error "include <elisa/sub.h>"
#endif

#include <elisa/batch_op.h>

_Static_assert(sizeof(struct elisa_batch_op) == 64, "one cache line");

/** ELISA_BATCHED() - an element of the list of ELISA_BATCH() */
#define ELISA_BATCHED(fn) ((uint64_t)&fn)

typedef uint64_t _elisa_batched(uint64_t a0, uint64_t a1, uint64_t a2,
				uint64_t a3, uint64_t a4, uint64_t a5);

static inline bool _elisa_batch_allows(const uint64_t *list, uint64_t n,
				       uint64_t address)
{
	uint64_t i;

	for (i = 0; i < n; i++)
		if (list[i] == address)
			return true;
	return false;
}

/* One call; @last: address that was allowed last, or 0. */
static inline int _elisa_batch_one(struct elisa_batch_op *op,
				   const uint64_t *list, uint64_t n,
				   uint64_t *last)
{
	const uint64_t address = elisa_entry_address(op->entry);

	if (!address)
		return -EINVAL;
	if (address != *last) {
		if (!_elisa_batch_allows(list, n, address))
			return -EINVAL;
		*last = address;
	}
	op->result = ((_elisa_batched *)address)(op->arg[0], op->arg[1],
						 op->arg[2], op->arg[3],
						 op->arg[4], op->arg[5]);
	return 0;
}

/* Set by ELISA_BATCH(). */
struct _elisa_batch_list {
	const uint64_t *entry;
	uint64_t n;
};

static const struct _elisa_batch_list _elisa_batch_list;

static uint64_t elisa_batch(uint64_t offset, uint64_t count)
	__attribute__((unused));

static uint64_t elisa_batch(uint64_t offset, uint64_t count)
{
	const struct _elisa_batch_list *list = &_elisa_batch_list;
	struct elisa_batch_op op;
	struct elisa_xptr ops;
	uint64_t i, last = 0;

	if (count > ELISA_BATCH_OPS_MAX ||
	    elisa_xptr(&ops, offset, count * sizeof(op)))
		return (uint64_t)-EINVAL;
	for (i = 0; i < count; i++) {
		const uint64_t at = i * sizeof(op);

		/* Copied only now: an earlier call may have written here. */
		elisa_fetch(&ops, at, &op);
		op.status = _elisa_batch_one(&op, list->entry, list->n, &last);
		/* Who sees the status sees the result. */
		if (!op.status)
			elisa_put(&ops,
				  at + offsetof(struct elisa_batch_op, result),
				  &op.result);
		elisa_put(&ops, at + offsetof(struct elisa_batch_op, status),
			  &op.status);
	}
	return count;
}

/**
 * ELISA_BATCH() - define the entry point that executes batches
 * @list: array of entry points that may be called in one, see above
 */
#define ELISA_BATCH(list)                                           \
	static const struct _elisa_batch_list _elisa_batch_list = { \
		.entry = (list),                                    \
		.n = sizeof(list) / sizeof((list)[0]),              \
	};                                                          \
	ELISA_ENTRY_FOR(elisa_batch)

#endif /* _ELISA_SUB_BATCH_H */
