// SPDX-License-Identifier: GPL-2.0-only
/*
 * EPT tables, read back by an independent walk.
 */
#include "ept.h"
#include "ept_walk.h"
#include "memory.h"
#include "test.h"

#define CHUNK 7
#define WB    6

static const unsigned int widths[] = { 36, 39, 46, 48, 52 };

struct context {
	struct ept_cpu cpu;
	u64 base, eptp;
	struct elisa_table root;
	struct elisa_ept_alias alias;
	struct elisa_ept ept;
};

/* Pages at the very top of physical memory, so that address bits get lost. */
static void build(struct context *c, unsigned int width)
{
	memory_reset((1ULL << width) - (16 << 20));
	c->cpu = (struct ept_cpu){ width, true, true };
	c->base = elisa_special_base(width);
	memory_alloc(&c->root);
	memory_alloc(&c->alias.pdpt);
	memory_alloc(&c->alias.pd);
	memory_alloc(&c->alias.pt);
	memory_alloc(&c->ept.pml4);
	memory_alloc(&c->ept.pdpt);
	memory_alloc(&c->ept.pd);
	elisa_ept_build_alias(&c->alias, c->root.pa);
	elisa_ept_build(&c->ept, &c->alias, c->base);
	c->eptp = elisa_eptp(c->ept.pml4.pa);
}

static void new_table(struct elisa_table *table)
{
	memory_alloc(table);
	memset(table->va, 0, 4096);
}

static void check_alias(const struct context *c, u64 gpa)
{
	struct ept_result r = ept_walk(&c->cpu, c->eptp, gpa);

	assert_int_equal(r.end, EPT_OK);
	assert_int_equal(r.pa, c->root.pa | (gpa & 4095));
	assert_int_equal(r.rights, EPT_R);
	assert_int_equal(r.memory_type, WB);
	assert_true(r.ipat);
}

static void check_outside(const struct context *c, u64 gpa)
{
	gpa &= (1ULL << 48) - 1;
	if (gpa >= c->base && gpa < c->base + (1ULL << 30))
		assert_int_equal(ept_walk(&c->cpu, c->eptp, gpa).end,
				 EPT_VIOLATION);
	else
		check_alias(c, gpa);
}

static void special_range(void **state)
{
	u64 base;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(widths); i++) {
		base = elisa_special_base(widths[i]);
		assert_int_equal(base & ((1ULL << 30) - 1), 0);
		/* Its last byte is the last that both CPU and EPT can reach. */
		assert_int_equal(base + (1ULL << 30),
				 1ULL << (widths[i] < 48 ? widths[i] : 48));
		assert_false(elisa_gpa_is_special(base, base - 1));
		assert_true(elisa_gpa_is_special(base, base));
		assert_true(elisa_gpa_is_special(base, base + 0x3fffffff));
		assert_false(elisa_gpa_is_special(base, base + 0x40000000));
		assert_false(elisa_gpa_is_special(base, 0));
		assert_false(elisa_gpa_is_special(base, ~0ULL));
		assert_int_equal(elisa_special_gpa(base, 0, 0), base);
		assert_int_equal(elisa_special_gpa(base, 3, 5),
				 base + 0x600000 + 0x5000);
		assert_int_equal(elisa_special_gpa(base, 511, 511),
				 base + 0x3ffff000);
	}
}

static void eptp(void **state)
{
	(void)state;
	assert_int_equal(elisa_eptp(0x12345000), 0x1234501e);
	assert_int_equal(elisa_eptp(0xffffffffff000), 0xffffffffff01e);
}

static void alias_boundaries(void **state)
{
	struct context c;
	u64 gpa;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(widths); i++) {
		build(&c, widths[i]);
		for (gpa = 0; gpa < 1ULL << 48; gpa += 1ULL << 30) {
			check_outside(&c, gpa);
			check_outside(&c, gpa + (1ULL << 30) - 1);
		}
	}
}

static void alias_random(void **state)
{
	struct context c;
	unsigned int n;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(widths); i++) {
		build(&c, widths[i]);
		for (n = 0; n < 100000; n++)
			check_outside(&c, test_random() >> (n & 31));
	}
}

/* Also on a CPU without execute-only pages and mode-based execute control. */
static void alias_plain_cpu(void **state)
{
	struct context c;
	unsigned int n;

	(void)state;
	build(&c, 46);
	c.cpu.mbec = false;
	c.cpu.exec_only = false;
	for (n = 0; n < 100000; n++)
		check_outside(&c, test_random());
}

/* No entry has a bit that is not accounted for. */
static void entry_bits(void **state)
{
	const u64 address = 0x000ffffffffff000ULL;
	struct context c;
	unsigned int i;

	(void)state;
	build(&c, 46);
	for (i = 0; i < 512; i++) {
		assert_int_equal(c.alias.pt.va[i],
				 c.root.pa | EPT_R | WB << 3 | 0x40);
		assert_int_equal(c.alias.pd.va[i], c.alias.pt.pa | EPT_R);
		assert_int_equal(c.alias.pdpt.va[i], c.alias.pd.pa | EPT_R);
		assert_int_equal(c.ept.pd.va[i], 0);
		if (i == c.base >> 39) {
			assert_int_equal(c.ept.pml4.va[i] & address,
					 c.ept.pdpt.pa);
			assert_int_equal(c.ept.pml4.va[i] & ~address,
					 EPT_R | EPT_W | EPT_X | EPT_UX);
		} else {
			assert_int_equal(c.ept.pml4.va[i],
					 c.alias.pdpt.pa | EPT_R);
		}
		if (i == (c.base >> 30 & 511)) {
			assert_int_equal(c.ept.pdpt.va[i] & address,
					 c.ept.pd.pa);
			assert_int_equal(c.ept.pdpt.va[i] & ~address,
					 EPT_R | EPT_W | EPT_X | EPT_UX);
		} else {
			assert_int_equal(c.ept.pdpt.va[i],
					 c.alias.pd.pa | EPT_R);
		}
	}
}

static void special_not_present(void **state)
{
	struct context c;
	u64 page;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(widths); i++) {
		build(&c, widths[i]);
		for (page = 0; page < 1 << 18; page++)
			assert_int_equal(ept_walk(&c.cpu, c.eptp,
						  c.base + (page << 12))
						 .end,
					 EPT_VIOLATION);
	}
}

/* One mapped page is present, with its rights, and no other is. */
static void one_page(struct context *c, u64 rights)
{
	struct elisa_table pt, page;
	struct ept_result r;
	unsigned int i;

	new_table(&pt);
	memory_alloc(&page);
	elisa_ept_set_page(pt.va, 300, page.pa, rights);
	assert_int_equal(pt.va[300], page.pa | rights | WB << 3 | 0x40);
	elisa_ept_set_chunk(&c->ept, CHUNK, pt.pa, ELISA_EPT_RWX);
	/* No memory type, IPAT or page-size bit in a table entry. */
	assert_int_equal(c->ept.pd.va[CHUNK], pt.pa | ELISA_EPT_RWX);
	for (i = 0; i < 512; i++) {
		r = ept_walk(&c->cpu, c->eptp,
			     elisa_special_gpa(c->base, CHUNK, i) + 0x123);
		assert_int_equal(r.end, i == 300 ? EPT_OK : EPT_VIOLATION);
		if (i != 300)
			continue;
		assert_int_equal(r.pa, page.pa + 0x123);
		assert_int_equal(r.rights, rights);
		assert_int_equal(r.memory_type, WB);
		assert_true(r.ipat);
	}
	for (i = 0; i < 512; i++)
		if (i != CHUNK)
			assert_int_equal(c->ept.pd.va[i], 0);
	elisa_ept_set_page(pt.va, 300, page.pa, 0);
	assert_int_equal(pt.va[300], 0);
}

static void special_page(void **state)
{
	static const u64 rights[] = {
		ELISA_EPT_R,
		ELISA_EPT_R | ELISA_EPT_W,
		ELISA_EPT_EXEC,
		ELISA_EPT_R | ELISA_EPT_EXEC,
	};
	struct context c;
	size_t i, j;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(widths); i++) {
		for (j = 0; j < ARRAY_SIZE(rights); j++) {
			build(&c, widths[i]);
			one_page(&c, rights[j]);
			check_alias(&c, 0);
			check_alias(&c, c.base - 1);
		}
	}
}

/* A table that two contexts share: one of them may read only. */
static void shared_table(void **state)
{
	const u64 rw = ELISA_EPT_R | ELISA_EPT_W;
	struct elisa_table pt, page;
	struct context a, b;
	u64 gpa;

	(void)state;
	build(&a, 46);
	b = a;
	memory_alloc(&b.ept.pml4);
	memory_alloc(&b.ept.pdpt);
	memory_alloc(&b.ept.pd);
	elisa_ept_build(&b.ept, &b.alias, b.base);
	b.eptp = elisa_eptp(b.ept.pml4.pa);
	new_table(&pt);
	memory_alloc(&page);
	elisa_ept_set_page(pt.va, 0, page.pa, rw);
	elisa_ept_set_page(pt.va, 1, page.pa, ELISA_EPT_EXEC);
	elisa_ept_set_chunk(&a.ept, CHUNK, pt.pa, rw | ELISA_EPT_EXEC);
	elisa_ept_set_chunk(&b.ept, CHUNK, pt.pa, ELISA_EPT_R);
	gpa = elisa_special_gpa(a.base, CHUNK, 0);
	assert_int_equal(ept_walk(&a.cpu, a.eptp, gpa).rights, rw);
	assert_int_equal(ept_walk(&b.cpu, b.eptp, gpa).rights, EPT_R);
	gpa += 4096;
	assert_int_equal(ept_walk(&a.cpu, a.eptp, gpa).rights, EPT_X | EPT_UX);
	assert_int_equal(ept_walk(&b.cpu, b.eptp, gpa).rights, 0);
	/* And taking the chunk away takes all. */
	elisa_ept_set_chunk(&a.ept, CHUNK, 0, 0);
	assert_int_equal(ept_walk(&a.cpu, a.eptp, gpa).end, EPT_VIOLATION);
}

/* The walk itself must see what a CPU would refuse. */
static void walk_misconfig(void **state)
{
	static const struct {
		u64 entry;
		enum ept_end end;
		bool mbec, exec_only;
	} cases[] = {
		{ EPT_W, EPT_MISCONFIG, true, true },
		{ EPT_W | EPT_X, EPT_MISCONFIG, true, true },
		{ EPT_W | EPT_UX, EPT_MISCONFIG, true, true },
		{ EPT_X, EPT_OK, true, true },
		{ EPT_UX, EPT_OK, true, true },
		{ EPT_UX, EPT_VIOLATION, false, true },
		{ EPT_X, EPT_MISCONFIG, true, false },
		{ EPT_R | 2 << 3, EPT_MISCONFIG, true, true },
		{ EPT_R | 3 << 3, EPT_MISCONFIG, true, true },
		{ EPT_R | 7 << 3, EPT_MISCONFIG, true, true },
		{ EPT_R | 1ULL << 46, EPT_MISCONFIG, true, true },
		{ EPT_R | WB << 3, EPT_OK, true, true },
		{ 0x40 | WB << 3, EPT_VIOLATION, true, true },
	};
	struct elisa_table pt;
	struct context c;
	size_t i;

	(void)state;
	build(&c, 46);
	new_table(&pt);
	elisa_ept_set_chunk(&c.ept, CHUNK, pt.pa, ELISA_EPT_RWX);
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		c.cpu.mbec = cases[i].mbec;
		c.cpu.exec_only = cases[i].exec_only;
		pt.va[0] = cases[i].entry;
		assert_int_equal(ept_walk(&c.cpu, c.eptp,
					  elisa_special_gpa(c.base, CHUNK, 0))
					 .end,
				 cases[i].end);
	}
	c.ept.pd.va[CHUNK] |= 0x40;
	assert_int_equal(ept_walk(&c.cpu, c.eptp,
				  elisa_special_gpa(c.base, CHUNK, 0))
				 .end,
			 EPT_MISCONFIG);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(special_range),
		cmocka_unit_test(eptp),
		cmocka_unit_test(alias_boundaries),
		cmocka_unit_test(alias_random),
		cmocka_unit_test(alias_plain_cpu),
		cmocka_unit_test(entry_bits),
		cmocka_unit_test(special_not_present),
		cmocka_unit_test(special_page),
		cmocka_unit_test(shared_table),
		cmocka_unit_test(walk_misconfig),
	};

	return cmocka_run_group_tests_name("ept", tests, NULL, NULL);
}
