// SPDX-License-Identifier: MIT
/* An image for the tests of <elisa/alloc.h>. */
#include <elisa/sub.h>
#include <elisa/alloc.h>

#include "heap.h"

struct shared {
	struct heap_slots slots;
	struct elisa_heap heap;
};

static struct shared *shared(void)
{
	return elisa_data();
}

#define SIGNED(x) ((uint64_t)(int64_t)(x))

ELISA_ENTRY(init, uint64_t start, uint64_t end)
{
	return SIGNED(elisa_heap_init(&shared()->heap, start, end));
}

ELISA_ENTRY(alloc, uint64_t slot, uint64_t size)
{
	return SIGNED(elisa_heap_alloc(&shared()->heap, size,
				       &shared()->slots.slot[slot]));
}

ELISA_ENTRY(release, uint64_t slot)
{
	return SIGNED(
		elisa_heap_free(&shared()->heap, &shared()->slots.slot[slot]));
}

/* With a variable of the call. */
ELISA_ENTRY(alloc_own, uint64_t size)
{
	uint64_t offset = 1;
	int err = elisa_heap_alloc(&shared()->heap, size, &offset);

	return err ? SIGNED(err) : offset;
}

ELISA_ENTRY(release_own, uint64_t offset)
{
	int err = elisa_heap_free(&shared()->heap, &offset);

	return err ? SIGNED(err) : offset;
}

ELISA_ENTRY(size, uint64_t offset)
{
	return elisa_heap_size(&shared()->heap, offset);
}

ELISA_ENTRY(has, uint64_t offset, uint64_t size)
{
	return !!elisa_heap_at(&shared()->heap, offset, size);
}

ELISA_ENTRY(rebuilt, void)
{
	return shared()->heap.rebuilt;
}

ELISA_ENTRY(fill, uint64_t slot, uint64_t size, uint64_t byte)
{
	void *p = elisa_heap_at(&shared()->heap, shared()->slots.slot[slot],
				size);

	elisa_assert(p);
	memset(p, (int)byte, size);
	return 0;
}

ELISA_ENTRY(filled, uint64_t slot, uint64_t size, uint64_t byte)
{
	const uint8_t *p = elisa_heap_at(&shared()->heap,
					 shared()->slots.slot[slot], size);
	uint64_t i;

	elisa_assert(p);
	for (i = 0; i < size; i++)
		if (p[i] != (uint8_t)byte)
			return 0;
	return 1;
}

/* A free list is a list of free blocks, as many as there are. */
static void check_list(const struct _elisa_heap_view *v, unsigned int order,
		       uint64_t blocks)
{
	uint64_t prev = 0, unit = v->heap->free[order];

	for (; unit; prev = unit, unit = _elisa_heap_link(v, unit - 1)->next) {
		elisa_assert(blocks--);
		elisa_assert(_elisa_heap_is_free(v, unit - 1, order));
		elisa_assert(_elisa_heap_link(v, unit - 1)->prev == prev);
	}
	elisa_assert(!blocks);
}

/* Everything that is always so, once the lock is taken; units in use. */
ELISA_ENTRY(check, void)
{
	uint64_t free_blocks[ELISA_HEAP_ORDERS] = { 0 };
	struct _elisa_heap_view v;
	uint64_t unit, i, used = 0;
	unsigned int order;

	elisa_assert(!_elisa_heap_lock(&v, &shared()->heap));
	for (unit = 0; unit < v.units; unit += 1ULL << order) {
		const uint8_t tag = v.tags[unit];

		order = tag & _ELISA_HEAP_ORDER;
		elisa_assert(_elisa_heap_fits(&v, unit, order));
		for (i = 1; i < 1ULL << order; i++)
			elisa_assert(!v.tags[unit + i]);
		if (tag == (_ELISA_HEAP_USED | order)) {
			used += 1ULL << order;
			continue;
		}
		elisa_assert(tag == (_ELISA_HEAP_FREE | order));
		elisa_assert(
			order + 1 == ELISA_HEAP_ORDERS ||
			!_elisa_heap_is_free(&v, unit ^ 1ULL << order, order));
		free_blocks[order]++;
	}
	elisa_assert(unit == v.units);
	for (order = 0; order < ELISA_HEAP_ORDERS; order++)
		check_list(&v, order, free_blocks[order]);
	elisa_assert(!v.heap->where);
	_elisa_heap_unlock(&shared()->heap);
	return used;
}

/* --- where things are, for those who spoil them */

ELISA_ENTRY(offset_of_tags, void)
{
	return shared()->heap.tags;
}

/* As if a call had died that gives the block at @unit to slot 0. */
ELISA_ENTRY(spoil_block, uint64_t unit)
{
	shared()->heap.block = unit;
	shared()->heap.where = 1;
	return 0;
}

ELISA_ENTRY(header, void)
{
	return offsetof(struct shared, heap) | (uint64_t)sizeof(struct shared)
						       << 32;
}
