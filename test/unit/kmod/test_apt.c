// SPDX-License-Identifier: GPL-2.0-only
/*
 * Anywhere page tables: what a guest's page walks find in gate and sub,
 * whatever its CR3.
 */
#include <elisa/layout.h>

#include "gate_code.h"
#include "guest_walk.h"
#include "test.h"
#include "world.h"

#define SLOT   5
#define OTHER  127
#define RW     (EPT_R | EPT_W)
#define EXEC   (EPT_X | EPT_UX)
#define CODE   (EXEC | (w.config.exec_only ? 0 : EPT_R))
#define CHUNKS (ELISA_CHUNK_DATA + ELISA_DATA_CHUNKS)

static const struct world_config configs[] = {
	{ 36, false, false, SLOT, OTHER, 1, true, true, true, false },
	{ 39, false, true, SLOT, OTHER, 2, true, true, false, true },
	{ 46, false, true, SLOT, OTHER, ELISA_DATA_CHUNKS, true, false, true,
	  true },
	{ 46, true, false, SLOT, OTHER, 2, false, true, false, false },
	{ 46, false, true, 0, OTHER, 0, false, false, true, false },
	{ 48, true, true, OTHER, 0, 3, true, true, false, false },
	{ 52, false, true, SLOT, 0, 2, true, true, true, true },
	{ 52, true, true, SLOT, OTHER, ELISA_DATA_CHUNKS, true, true, false,
	  true },
};

static struct world w;

/* Calls @check for each configuration. */
static void for_each(void (*check)(void))
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(configs); i++) {
		world_build(&w, &configs[i]);
		check();
	}
}

static bool in_special(u64 gpa)
{
	return gpa >= w.base && gpa < w.base + (1ULL << 30);
}

/* Any value that the guest can load, but none in the special range. */
static u64 random_cr3(void)
{
	unsigned int bits = w.config.phys_bits < 48 ? w.config.phys_bits : 48;
	u64 cr3;

	do {
		cr3 = test_random() & ((1ULL << bits) - 1);
	} while (in_special(cr3));
	return cr3;
}

static struct walk walk(const struct world_side *side, u64 cr3, u64 va)
{
	struct walk result =
		guest_walk(&w.cpu, side->eptp, w.config.la57, cr3, va);

	assert_int_equal(result.first_pa, side->apt.root.pa);
	return result;
}

static void expect(const struct world_side *side, u64 va,
		   const struct elisa_table *page, unsigned int rights,
		   bool user)
{
	struct walk r = walk(side, random_cr3(), va + 0x123);

	assert_int_equal(r.end, WALK_OK);
	assert_int_equal(r.ept.pa, page->pa + 0x123);
	assert_int_equal(r.ept.rights, rights);
	assert_int_equal(r.user, user);
	assert_true(r.write);
	assert_true(in_special(r.gpa));
}

static struct walk expect_hole(const struct world_side *side, u64 va)
{
	struct walk r = walk(side, random_cr3(), va);

	assert_int_equal(r.end, WALK_VIOLATION);
	assert_true(in_special(r.gpa));
	return r;
}

static void check_gate(void)
{
	const struct world_config *c = &w.config;
	u64 va;

	expect(&w.gate, ELISA_WINDOW(c->slot) + 0x1000, &w.gate_page, CODE,
	       c->user);
	expect(&w.gate, ELISA_WINDOW(c->other_slot) + 0x1000,
	       &w.other_gate_page, CODE, !c->user);
	expect(&w.gate, ELISA_GATE_LIST_VA, &w.list, RW, true);
	expect(&w.gate, ELISA_GATE_PRIVATE_VA, &w.private, RW, true);
	/* The rest of the windows' 2 MiB and of the list's. */
	for (va = ELISA_WINDOW_BASE; va < ELISA_WINDOW(128); va += 4096)
		if (va != ELISA_WINDOW(c->slot) + 0x1000 &&
		    va != ELISA_WINDOW(c->other_slot) + 0x1000)
			expect_hole(&w.gate, va);
	for (va = 0x1fc00000; va < 0x1fe00000; va += 4096)
		if (va != ELISA_GATE_LIST_VA && va != ELISA_GATE_PRIVATE_VA)
			expect_hole(&w.gate, va);
	for (va = ELISA_WINDOW(128); va < ELISA_WINDOW_BASE + (1 << 30);
	     va += 0x200000)
		expect_hole(&w.gate, va);
}

static void gate_maps(void **state)
{
	(void)state;
	for_each(check_gate);
}

/* A window that goes away leaves a hole. */
static void check_window_gone(void)
{
	u64 va = ELISA_WINDOW(w.config.slot) + 0x1000;

	elisa_apt_gate_window(&w.gate.apt, w.base, w.config.slot, false, false);
	expect_hole(&w.gate, va);
	assert_int_not_equal(walk(&w.gate, 0, va).gpa,
			     elisa_special_gpa(w.base, ELISA_CHUNK_GATE,
					       w.config.slot));
	elisa_apt_gate_window(&w.gate.apt, w.base, w.config.slot, true, true);
	expect(&w.gate, va, &w.gate_page, CODE, true);
	elisa_apt_gate_window(&w.gate.apt, w.base, w.config.slot, false, true);
	expect(&w.gate, va, &w.gate_page, CODE, false);
}

static void window_gone(void **state)
{
	(void)state;
	for_each(check_window_gone);
}

static void check_sub_chunks(void)
{
	const struct world_config *c = &w.config;
	unsigned int cut = c->write ? RW : EPT_R, i;

	expect(&w.sub, ELISA_SUB_INFO, &w.info, EPT_R, c->user);
	if (c->full) {
		expect(&w.sub, ELISA_FULL_LIST_VA, &w.list, RW, c->user);
		expect(&w.sub, ELISA_FULL_PRIVATE_VA, &w.private, EPT_R,
		       c->user);
	} else {
		expect_hole(&w.sub, ELISA_FULL_LIST_VA);
		expect_hole(&w.sub, ELISA_FULL_PRIVATE_VA);
	}
	for (i = 0; i < ELISA_STACK_PAGES; i++)
		expect(&w.sub, ELISA_SUB_STACK_TOP - (4 - i) * 4096,
		       &w.stack[i], RW, c->user);
	expect_hole(&w.sub, ELISA_SUB_STACK_TOP);
	expect_hole(&w.sub, ELISA_SUB_STACK_TOP - 5 * 4096);
	expect(&w.sub, ELISA_SUB_ENTRIES, &w.image[0], EPT_R, c->user);
	expect(&w.sub, ELISA_SUB_IMAGE, &w.image[1], CODE, c->user);
	expect(&w.sub, ELISA_SUB_IMAGE + 0x1000, &w.image[2], EPT_R, c->user);
	expect(&w.sub, ELISA_SUB_IMAGE + 0x2000, &w.image[3], cut, c->user);
	expect_hole(&w.sub, ELISA_SUB_IMAGE + 0x3000);
	for (i = 0; c->xbuf && i < WORLD_XBUF_PAGES; i++)
		expect(&w.sub, ELISA_SUB_XBUF + i * 4096, &w.xbuf[i], RW,
		       c->user);
	expect_hole(&w.sub, ELISA_SUB_XBUF + (c->xbuf ? i * 4096 : 0));
	for (i = 0; i + 1 < c->data_chunks; i++)
		expect(&w.sub, ELISA_SUB_DATA + i * 0x200000ULL + 0x1ff000,
		       &w.data, cut, c->user);
	for (i = 0; c->data_chunks && i < WORLD_LAST_DATA_PAGES; i++)
		expect(&w.sub,
		       ELISA_SUB_DATA + i * 4096 +
			       (c->data_chunks - 1) * 0x200000ULL,
		       &w.last_data[i], cut, c->user);
	/* In the hole itself, not at a chunk that could become present. */
	for (i = c->data_chunks; i < 512 - ELISA_CHUNK_DATA; i++)
		assert_true(
			expect_hole(&w.sub, ELISA_SUB_DATA + i * 0x200000ULL)
				.gpa >= elisa_special_gpa(w.base, 511, 0));
}

static void check_sub(void)
{
	u64 va;

	expect(&w.sub, ELISA_WINDOW(w.config.slot) + 0x1000, &w.landing, CODE,
	       w.config.user);
	/* The chunks of the gate and of the landing are not mapped there. */
	for (va = ELISA_WINDOW_BASE; va < ELISA_SUB_INFO; va += 4096)
		if (va != ELISA_WINDOW(w.config.slot) + 0x1000)
			expect_hole(&w.sub, va);
	expect_hole(&w.sub, ELISA_GATE_LIST_VA);
	expect_hole(&w.sub, ELISA_GATE_PRIVATE_VA);
	check_sub_chunks();
}

static void sub_maps(void **state)
{
	(void)state;
	for_each(check_sub);
}

/* Is anything meant to be mapped at @va? */
static bool gate_has(u64 va)
{
	va &= ~0xfffULL;
	return va == ELISA_WINDOW(w.config.slot) + 0x1000 ||
	       va == ELISA_WINDOW(w.config.other_slot) + 0x1000 ||
	       va == ELISA_GATE_LIST_VA || va == ELISA_GATE_PRIVATE_VA;
}

static bool sub_may_have(u64 va)
{
	return (va & ~0xfffULL) == ELISA_WINDOW(w.config.slot) + 0x1000 ||
	       (va >= ELISA_SUB_INFO && va < ELISA_CHUNK_VA(CHUNKS));
}

/* The CPU ignores what the paging depth does not translate. */
static u64 translated(u64 va)
{
	return va & ((1ULL << (w.config.la57 ? 57 : 48)) - 1);
}

static void check_elsewhere(u64 va)
{
	va = translated(va);
	if (!gate_has(va))
		expect_hole(&w.gate, va);
	if (!sub_may_have(va))
		expect_hole(&w.sub, va);
}

/*
 * Random addresses, and all that differ from a mapped one in the index of one
 * level: an EPT violation at a hole, never #PF.
 */
static void check_all_else(void)
{
	const u64 near[] = {
		ELISA_WINDOW(w.config.slot) + 0x1000,
		ELISA_GATE_LIST_VA,
		ELISA_GATE_PRIVATE_VA,
		ELISA_SUB_INFO,
		ELISA_SUB_STACK_TOP - 4096,
		ELISA_SUB_IMAGE,
		ELISA_SUB_DATA,
	};
	unsigned int shift, index;
	size_t i;

	for (i = 0; i < 20000; i++)
		check_elsewhere(test_random() >> (i & 31));
	for (i = 0; i < ARRAY_SIZE(near); i++)
		for (shift = 12; shift < 57; shift += 9)
			for (index = 0; index < 512; index++)
				check_elsewhere((near[i] & ~(511ULL << shift)) |
						(u64)index << shift);
}

static void all_else_is_hole(void **state)
{
	(void)state;
	for_each(check_all_else);
}

/*
 * No entry is writable by a walk's need: every APT page is read-only in EPT,
 * and CR3 finds the root whatever its other bits are.
 */
static void check_any_cr3(void)
{
	u64 va = ELISA_WINDOW(w.config.slot) + 0x1000, top = 1ULL << 48;
	struct walk gate, sub;
	unsigned int i;

	for (i = 0; i < 10000; i++) {
		gate = walk(&w.gate, random_cr3(), va);
		sub = walk(&w.sub, random_cr3(), va);
		assert_int_equal(gate.end, WALK_OK);
		assert_int_equal(sub.end, WALK_OK);
		assert_int_equal(gate.depth, w.config.la57 ? 5 : 4);
		assert_int_equal(sub.depth, w.config.la57 ? 5 : 4);
	}
	/* Beyond what a 4-level EPT translates nothing is found. */
	for (i = 48; i < w.config.phys_bits; i++, top <<= 1) {
		gate = guest_walk(&w.cpu, w.gate.eptp, w.config.la57, top, va);
		sub = guest_walk(&w.cpu, w.sub.eptp, w.config.la57, top, va);
		assert_int_equal(gate.end, WALK_VIOLATION);
		assert_int_equal(sub.end, WALK_VIOLATION);
	}
}

static void any_cr3(void **state)
{
	(void)state;
	for_each(check_any_cr3);
}

static bool present(const struct world_side *side, u64 gpa)
{
	return ept_walk(&w.cpu, side->eptp, gpa).end != EPT_VIOLATION;
}

/* Rule 1: a special address is present in one kind of context only. */
static void check_disjoint(void)
{
	unsigned int gate = 0, sub = 0;
	u64 gpa;

	for (gpa = w.base; gpa < w.base + (1ULL << 30); gpa += 4096) {
		if (present(&w.gate, gpa)) {
			assert_false(present(&w.sub, gpa));
			gate++;
		} else if (present(&w.sub, gpa)) {
			sub++;
		}
	}
	/* Two windows, list, private and five or six tables. */
	assert_int_equal(gate, 9 + w.config.la57);
	/* Landing and tables, info and stack, image, buffer, data. */
	assert_int_equal(sub, 4 + w.config.la57 + 5 + WORLD_IMAGE_PAGES +
				      (w.config.full ? 2 : 0) +
				      (w.config.xbuf ? WORLD_XBUF_PAGES : 0) +
				      (w.config.data_chunks ?
					       WORLD_LAST_DATA_PAGES +
						       (w.config.data_chunks -
							1) * 512 :
					       0));
	/* The hole is one in both. */
	for (gpa = w.base + 511 * 0x200000ULL; gpa < w.base + (1ULL << 30);
	     gpa += 4096) {
		assert_false(present(&w.gate, gpa));
		assert_false(present(&w.sub, gpa));
	}
}

static void disjoint(void **state)
{
	(void)state;
	for_each(check_disjoint);
}

/* A walk whose CR3 is @gpa, a special page of @other, dies at once. */
static void check_cr3_of_other(const struct world_side *side,
			       const struct world_side *other, u64 gpa)
{
	const u64 va[] = {
		ELISA_WINDOW(w.config.slot) + 0x1000,
		ELISA_GATE_LIST_VA,
		ELISA_SUB_IMAGE,
		test_random(),
		0,
	};
	struct walk r;
	size_t i;

	if (!present(other, gpa))
		return;
	for (i = 0; i < ARRAY_SIZE(va); i++) {
		r = guest_walk(&w.cpu, side->eptp, w.config.la57,
			       gpa | (test_random() & 0xfff), va[i]);
		assert_int_equal(r.end, WALK_VIOLATION);
		assert_int_equal(r.depth, 0);
		assert_int_equal(r.gpa, gpa);
	}
}

static void check_evil_cr3(void)
{
	u64 gpa;

	for (gpa = w.base; gpa < w.base + (1ULL << 30); gpa += 4096) {
		check_cr3_of_other(&w.gate, &w.sub, gpa);
		check_cr3_of_other(&w.sub, &w.gate, gpa);
	}
}

static void evil_cr3(void **state)
{
	(void)state;
	for_each(check_evil_cr3);
}

/* @entry in the gate-private page, CR3 there: a walk in gate, one in sub. */
static struct walk walk_private(u64 entry, u64 low_va)
{
	const u64 index = ELISA_GATE_RSP_OFFSET / 8;
	u64 cr3 = elisa_special_gpa(w.base, ELISA_CHUNK_GATE_DATA,
				    ELISA_GATE_PRIVATE_PAGE);
	u64 va = index << (w.config.la57 ? 48 : 39) | low_va;
	struct walk r;

	w.private.va[index] = entry;
	r = guest_walk(&w.cpu, w.sub.eptp, w.config.la57, cr3, va);
	assert_int_equal(r.end, WALK_VIOLATION);
	assert_int_equal(r.depth, 0);
	return guest_walk(&w.cpu, w.gate.eptp, w.config.la57, cr3, va);
}

/*
 * The guest chooses 8 bytes of the gate-private page.  With CR3 there it can
 * see a gate page at an address of its choice, but only that, and from there
 * it cannot get into sub.
 */
static void check_private_as_table(void)
{
	const u64 low = ELISA_WINDOW(w.config.slot) + 0x1000;
	const u64 bits = w.config.la57 ? 48 : 39;
	unsigned int i;
	struct walk r;

	r = walk_private(elisa_special_gpa(w.base, ELISA_CHUNK_GATE,
					   w.config.la57 ? ELISA_APT_GATE_L4 :
							   ELISA_APT_GATE_L3) |
				 0x27,
			 low & ((1ULL << bits) - 1));
	assert_int_equal(r.end, WALK_OK);
	assert_int_equal(r.ept.pa, w.gate_page.pa);
	for (i = 0; i < 40000; i++) {
		r = walk_private(w.base + (test_random() & 0x3fffff),
				 (i & 1 ? low : test_random()) &
					 ((1ULL << bits) - 1));
		r.ept.pa &= ~0xfffULL;
		if (r.end == WALK_OK && r.ept.rights & EXEC)
			assert_true(r.ept.pa == w.gate_page.pa ||
				    r.ept.pa == w.other_gate_page.pa);
	}
}

static void private_as_table(void **state)
{
	(void)state;
	for_each(check_private_as_table);
}

static void check_entries_of(const struct elisa_table *table)
{
	unsigned int i;

	for (i = 0; table->va && i < 512; i++) {
		/* Present, Writable, Accessed; no Global, PAT, key or XD. */
		assert_int_equal(table->va[i] & 0x23, 0x23);
		assert_int_equal(table->va[i] & 0x118, 0);
		assert_int_equal(table->va[i] >> 52, 0);
		assert_true(in_special(table->va[i] & 0x000ffffffffff000ULL));
	}
}

static void check_entry_bits(void)
{
	const struct elisa_apt *const apts[] = { &w.gate.apt, &w.sub.apt };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(apts); i++) {
		check_entries_of(&apts[i]->root);
		check_entries_of(&apts[i]->l4);
		check_entries_of(&apts[i]->l3);
		check_entries_of(&apts[i]->l2);
		check_entries_of(&apts[i]->l1);
		check_entries_of(&apts[i]->low_l3);
		check_entries_of(&apts[i]->low_l2);
	}
}

static void entry_bits(void **state)
{
	(void)state;
	for_each(check_entry_bits);
}

/* Nothing in either context is writable and executable. */
static void check_w_xor_x(void)
{
	struct ept_result gate, sub;
	u64 gpa;

	for (gpa = w.base; gpa < w.base + (1ULL << 30); gpa += 4096) {
		gate = ept_walk(&w.cpu, w.gate.eptp, gpa);
		sub = ept_walk(&w.cpu, w.sub.eptp, gpa);
		if (gate.end == EPT_OK && gate.rights & EPT_W)
			assert_false(gate.rights & EXEC);
		if (sub.end == EPT_OK && sub.rights & EPT_W)
			assert_false(sub.rights & EXEC);
		assert_int_not_equal(gate.end, EPT_MISCONFIG);
		assert_int_not_equal(sub.end, EPT_MISCONFIG);
	}
}

static void w_xor_x(void **state)
{
	(void)state;
	for_each(check_w_xor_x);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(gate_maps),
		cmocka_unit_test(window_gone),
		cmocka_unit_test(sub_maps),
		cmocka_unit_test(all_else_is_hole),
		cmocka_unit_test(any_cr3),
		cmocka_unit_test(disjoint),
		cmocka_unit_test(evil_cr3),
		cmocka_unit_test(private_as_table),
		cmocka_unit_test(entry_bits),
		cmocka_unit_test(w_xor_x),
	};

	return cmocka_run_group_tests_name("apt", tests, NULL, NULL);
}
