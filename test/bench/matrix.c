// SPDX-License-Identifier: GPL-2.0-only
/* See matrix.h. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "chunks.h"
#include "matrix.h"
#include "work.h"

/**
 * struct op - a row
 * @system: the program that it belongs to
 * @name: what is done
 * @size: bytes of values
 * @few: among those of a short run
 */
struct op {
	const char *system, *name;
	unsigned int size, put_every, batch;
	int few;
};

static const struct op ops_of_store[] = {
	{ "nop", "nop", 0, 0, 1, 1 },	{ "kv", "get", 8, 0, 1, 0 },
	{ "kv", "get", 64, 0, 1, 1 },	{ "kv", "get", 512, 0, 1, 0 },
	{ "kv", "get", 4096, 0, 1, 0 }, { "kv", "put", 8, 1, 1, 0 },
	{ "kv", "put", 64, 1, 1, 1 },	{ "kv", "put", 512, 1, 1, 0 },
	{ "kv", "put", 4096, 1, 1, 0 }, { "kv", "mix95", 64, 20, 1, 0 },
	{ "kv", "mix50", 64, 2, 1, 0 }, { "kv", "get", 64, 0, 8, 1 },
	{ "kv", "get", 64, 0, 20, 0 },
};

static int fail(const char *what, int err)
{
	fprintf(stderr, "bench: %s: %s\n", what, strerror(-err));
	return err;
}

static int row(const struct build *b, const struct op *op, int vmcall,
	       uint64_t ops)
{
	struct work w = {
		.build = b,
		.exit = vmcall ? WORK_VMCALL : WORK_NO_EXIT,
		.nop = !op->size,
		.size = op->size,
		.put_every = op->put_every,
		.batch = op->batch,
		.ops = op->size || vmcall ? WORK_OPS : CHUNK_OPS,
	};
	struct chunk_result r, guest;
	int err;

	err = work_prepare(&w);
	if (!err)
		err = chunks_run_long(&r, ops, w.ops, work_chunk, &w);
	if (!err && vmcall) {
		w.exit = WORK_NOP;
		err = chunks_run_long(&guest, ops, w.ops, work_chunk, &w);
	}
	if (err)
		return fail(op->name, err);
	printf("row system=%s op=%s size=%u batch=%u build=%s ops=%" PRIu64
	       " instructions=%.1f exits=%.3f vmfuncs=%g other_exits=%" PRIu64,
	       op->system, op->name, op->size, op->batch,
	       vmcall ? "vmcall" : b->name, r.ops, r.instructions, r.exits,
	       (double)b->vmfuncs / op->batch, r.other_exits);
	/* Without an exit nothing of it is the host's. */
	if (r.exits == 0)
		printf(" guest=%.1f\n", r.instructions);
	else if (vmcall)
		printf(" guest=%.1f\n", guest.instructions);
	else
		printf("\n");
	fflush(stdout);
	return 0;
}

int matrix_run(const struct build *b, int vmcall, uint64_t ops, int few)
{
	size_t i;
	int err;

	for (i = 0; i < sizeof(ops_of_store) / sizeof(*ops_of_store); i++) {
		if (few && !ops_of_store[i].few)
			continue;
		err = row(b, &ops_of_store[i], vmcall, ops);
		if (err)
			return err;
	}
	return 0;
}
