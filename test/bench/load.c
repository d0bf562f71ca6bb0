// SPDX-License-Identifier: GPL-2.0-only
/*
 * See load.h.  The guests meet in a page that all of them map.  Who began first
 * has worked long enough first; then all stop, so that nobody has the machine for
 * himself.  Calls that others have the CPU for in between, and interrupts, are
 * part of what is measured, unlike in chunks.c.
 */
#include <errno.h>
#include <inttypes.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "load.h"
#include "ticks.h"

#define ROUNDS 1024

struct scene {
	atomic_uchar arrived[ROUNDS];
	atomic_uchar over[ROUNDS];
};

_Static_assert(sizeof(struct scene) <= 4096, "one page, behind the store's");

int load_run(struct work *w, const struct load *l)
{
	const char *name = w->exit == WORK_VMCALL ? "vmcall" : w->build->name;
	uint64_t start, now, ops = 0;
	struct scene *scene;
	int err;

	if (l->round >= ROUNDS)
		return -EINVAL;
	scene = build_map_shared(BUILD_SHARED_SIZE, sizeof(*scene));
	if (!scene)
		return -errno;
	err = work_prepare(w);
	if (!err)
		err = work_chunk(w, 0);
	atomic_fetch_add(&scene->arrived[l->round], 1);
	while (atomic_load(&scene->arrived[l->round]) < l->guests)
		sched_yield();
	start = ticks();
	do {
		if (!err)
			err = work_chunk(w, 0);
		ops += w->ops;
		now = ticks();
		if (now - start >= l->ticks)
			atomic_store(&scene->over[l->round], 1);
	} while (!err && !atomic_load(&scene->over[l->round]));
	/* Nobody waits for one that has failed. */
	atomic_store(&scene->over[l->round], 1);
	munmap(scene, sizeof(*scene));
	if (err) {
		fprintf(stderr, "bench: %s: %s\n", l->op, strerror(-err));
		return err;
	}
	printf("load system=%s op=%s size=%u batch=%u build=%s guests=%u round=%u ops=%" PRIu64
	       " ticks=%" PRIu64 "\n",
	       w->nop ? "nop" : "kv", l->op, w->size, w->batch, name, l->guests,
	       l->round, ops, now - start);
	return 0;
}
