/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the store is made to do in a measurement: gets, puts and mixes of them, of
 * values of one size, one by one or several in a call; each result is checked.
 */
#ifndef BENCH_WORK_H
#define BENCH_WORK_H

#include "build.h"

#define WORK_XBUF_SIZE (256u << 10)
#define WORK_SIZE_MAX  4096
#define WORK_BATCH_MAX 32
/* In a chunk: so few that no timer comes in between of most. */
#define WORK_OPS 40

/*
 * With VMCALL as the build, what leaves the guest once before each operation; or
 * a NOP in its place, by which the guest's share is known.
 */
enum work_exit {
	WORK_NO_EXIT,
	WORK_VMCALL,
	WORK_NOP,
};

/**
 * struct work - what to do
 * @build: the store
 * @exit: before each call
 * @nop: only calls that do nothing; the rest does not matter then
 * @size: bytes of values, 1..WORK_SIZE_MAX
 * @put_every: each how manieth operation is a put; 0: none; needs @batch 1
 * @batch: gets in a call, a divisor of @ops up to WORK_BATCH_MAX
 * @ops: operations of a chunk
 */
struct work {
	const struct build *build;
	enum work_exit exit;
	int nop;
	unsigned int size;
	unsigned int put_every;
	unsigned int batch;
	unsigned int ops;
};

/**
 * work_prepare() - put all keys, with values of @w->size
 *
 * Return: 0, or -errno, of the call or of the store.
 */
int work_prepare(const struct work *w);

/**
 * work_chunk() - do the operations of a chunk, for chunks_run()
 * @arg: the struct work, prepared
 *
 * Return: 0; -EBADMSG a result is wrong; or -errno of a call or the store.
 */
int work_chunk(void *arg, uint64_t first);

#endif /* BENCH_WORK_H */
