// SPDX-License-Identifier: GPL-2.0-only
/* See chunks.h. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/io.h>

#include "chunks.h"
#include "ticks.h"

#define WARM_CHUNKS 8
#define PORT_EXITS  0x5e0 /* testvmm, stats.h */

struct sample {
	uint64_t ticks;
	uint32_t exits;
};

/** chunks_open() - get access to the VMM's port.  Return: 0 or -errno. */
int chunks_open(void)
{
	if (iopl(3))
		return -errno;
	return inl(PORT_EXITS) == 0xffffffff ? -ENODEV : 0;
}

static int nothing(void *arg, uint64_t first)
{
	uint64_t i;

	(void)arg;
	for (i = 0; i < CHUNK_OPS; i++)
		__asm__ volatile("" : : "r"(first + i));
	return 0;
}

static int measure(struct sample *s, chunk_fn *fn, void *arg, uint64_t first)
{
	uint32_t exits = inl(PORT_EXITS);
	uint64_t start = ticks();
	int err = fn(arg, first);

	s->ticks = ticks() - start;
	/* Less the one that the second reading is. */
	s->exits = inl(PORT_EXITS) - exits - 1;
	return err;
}

static void summarize(struct chunk_result *r, const struct sample *s,
		      uint64_t n)
{
	uint64_t ticks = UINT64_MAX, i;
	uint32_t least = UINT32_MAX;

	for (i = 0; i < n; i++)
		if (s[i].exits < least)
			least = s[i].exits;
	memset(r, 0, sizeof(*r));
	for (i = 0; i < n; i++) {
		if (s[i].exits == least && s[i].ticks < ticks)
			ticks = s[i].ticks;
		if (s[i].exits != least) {
			r->disturbed++;
			r->other_exits += s[i].exits - least;
		}
	}
	r->chunks = n;
	r->ops = n * CHUNK_OPS;
	r->exits = (double)least / CHUNK_OPS;
	r->instructions = (double)ticks / CHUNK_OPS;
}

static int run(struct chunk_result *result, uint64_t n, chunk_fn *fn, void *arg)
{
	struct sample *s = calloc(n, sizeof(*s));
	uint64_t i;
	int err = 0;

	if (!s)
		return -ENOMEM;
	/* Unmeasured: page faults, and the first use of a window. */
	for (i = 0; i < WARM_CHUNKS && !err; i++)
		err = fn(arg, i * CHUNK_OPS);
	for (i = 0; i < n && !err; i++)
		err = measure(&s[i], fn, arg, i * CHUNK_OPS);
	if (!err)
		summarize(result, s, n);
	free(s);
	return err;
}

/**
 * chunks_run() - measure an operation
 * @result: what was counted
 * @ops: operations, rounded up to whole chunks
 * @fn: does a chunk of them
 * @arg: for @fn
 *
 * Return: 0, -ENOMEM, or what @fn returned.
 */
int chunks_run(struct chunk_result *result, uint64_t ops, chunk_fn *fn,
	       void *arg)
{
	uint64_t n = (ops + CHUNK_OPS - 1) / CHUNK_OPS;
	struct chunk_result loop;
	int err;

	err = run(&loop, 16, nothing, NULL);
	if (!err)
		err = run(result, n, fn, arg);
	if (!err)
		result->instructions -= loop.instructions;
	return err;
}
