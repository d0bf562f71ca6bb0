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
	const unsigned int *n = arg;
	uint64_t i;

	for (i = 0; i < *n; i++)
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
		      uint64_t n, unsigned int per_chunk)
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
	r->ops = n * per_chunk;
	r->exits = (double)least / per_chunk;
	r->instructions = (double)ticks / per_chunk;
}

static int run(struct chunk_result *result, uint64_t n, unsigned int per_chunk,
	       chunk_fn *fn, void *arg)
{
	struct sample *s = calloc(n, sizeof(*s));
	uint64_t i;
	int err = 0;

	if (!s)
		return -ENOMEM;
	/* Unmeasured: page faults, and the first use of a window. */
	for (i = 0; i < WARM_CHUNKS && !err; i++)
		err = fn(arg, i * per_chunk);
	for (i = 0; i < n && !err; i++)
		err = measure(&s[i], fn, arg, i * per_chunk);
	if (!err)
		summarize(result, s, n, per_chunk);
	free(s);
	return err;
}

int chunks_run_long(struct chunk_result *result, uint64_t ops,
		    unsigned int per_chunk, chunk_fn *fn, void *arg)
{
	uint64_t n = (ops + per_chunk - 1) / per_chunk;
	struct chunk_result loop;
	int err;

	err = run(&loop, 16, per_chunk, nothing, &per_chunk);
	if (!err)
		err = run(result, n, per_chunk, fn, arg);
	if (!err)
		result->instructions -= loop.instructions;
	return err;
}

int chunks_run(struct chunk_result *result, uint64_t ops, chunk_fn *fn,
	       void *arg)
{
	return chunks_run_long(result, ops, CHUNK_OPS, fn, arg);
}
