/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Counting instructions and VM exits of an operation.
 *
 * The operation runs in chunks.  Before and after each, the VMM tells how many
 * exits the vCPU has caused; reading that is itself one exit.  Most chunks are
 * undisturbed; in some, a timer interrupt of guest or host comes in between
 * and adds exits and instructions.  The figures for one operation come from
 * the undisturbed chunks, those with the fewest exits, so that an exit that
 * the operation itself causes is never taken for a disturbance; what the
 * others have above that is counted too, and shown separately.
 */
#ifndef BENCH_CHUNKS_H
#define BENCH_CHUNKS_H

#include <stdint.h>

/* Operations in a chunk, if they are short: most are not disturbed then. */
#define CHUNK_OPS 128

/**
 * struct chunk_result - what a run has counted
 * @ops: operations done
 * @instructions: per operation, guest and host together (on hardware: TSC
 *	ticks), least of the undisturbed chunks, without the loop's own
 * @exits: per operation in undisturbed chunks
 * @chunks: number of chunks
 * @disturbed: chunks that had more exits than the others
 * @other_exits: exits above those of undisturbed chunks, in all chunks
 */
struct chunk_result {
	uint64_t ops;
	double instructions;
	double exits;
	uint64_t chunks, disturbed, other_exits;
};

/*
 * Do all operations of a chunk, numbered from @first.
 * Return: 0, or an error that ends the run.
 */
typedef int chunk_fn(void *arg, uint64_t first);

int chunks_open(void);

/**
 * chunks_run() - measure an operation
 * @result: what was counted
 * @ops: operations, rounded up to whole chunks of CHUNK_OPS
 * @fn: does a chunk of them
 * @arg: for @fn
 *
 * Return: 0, -ENOMEM, or what @fn returned.
 */
int chunks_run(struct chunk_result *result, uint64_t ops, chunk_fn *fn,
	       void *arg);

/**
 * chunks_run_long() - the same for operations that are long
 * @per_chunk: how many of them are a chunk, less than CHUNK_OPS
 */
int chunks_run_long(struct chunk_result *result, uint64_t ops,
		    unsigned int per_chunk, chunk_fn *fn, void *arg);

#endif /* BENCH_CHUNKS_H */
