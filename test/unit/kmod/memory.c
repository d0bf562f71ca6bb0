// SPDX-License-Identifier: GPL-2.0-only
/*
 * Made-up host-physical memory.
 */
#include "memory.h"
#include "test.h"

#define PAGES 1024

static u64 pages[PAGES][512];
static unsigned int used;
static u64 base_pa;

/** memory_reset() - free all pages; the next ones are at @base and above */
void memory_reset(u64 base)
{
	used = 0;
	base_pa = base;
}

/* Filled with garbage, so that a builder that forgets an entry is noticed. */
void memory_alloc(struct elisa_table *table)
{
	assert_true(used < PAGES);
	table->va = pages[used];
	table->pa = base_pa + (u64)used * 4096;
	memset(table->va, 0xa5, 4096);
	used++;
}

/** memory_at() - the page at @pa, which must have been allocated */
const u64 *memory_at(u64 pa)
{
	assert_int_equal(pa & 4095, 0);
	assert_in_range(pa, base_pa, base_pa + (u64)used * 4096 - 1);
	return pages[(pa - base_pa) >> 12];
}
