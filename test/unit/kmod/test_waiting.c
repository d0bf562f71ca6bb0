// SPDX-License-Identifier: GPL-2.0-only
/*
 * How long a waiter waits for an owner that does not run.
 */
#include "test.h"
#include "waiting.h"

#define BOUND 1000
#define NO    ELISA_NOT_SUSPENDED

static bool look(struct elisa_waiting *w, bool first, u64 now, u64 since)
{
	return elisa_waiting_look(w, 7, first, now, since, BOUND);
}

static void in_one_go(void **unused)
{
	struct elisa_waiting w = {};

	(void)unused;
	assert_false(look(&w, true, 5000, 4990));
	assert_false(look(&w, false, 5500, 4990));
	assert_false(look(&w, false, 5990, 4990));
	assert_true(look(&w, false, 5991, 4990));
	/* Suspended for long when the first waiter comes. */
	assert_true(look(&w, true, 9000, 4990));
}

/* Resumed for an instant before each look's bound is over. */
static void in_pieces(void **unused)
{
	struct elisa_waiting w = {};
	u64 now, looks = 0;
	bool over = false;

	(void)unused;
	for (now = 10000; !over && looks < 100; now += 100, looks++)
		over = look(&w, !looks, now, now - now % 500 + 1);
	assert_true(over);
	assert_in_range(now - 10000, BOUND, 2 * BOUND);
}

static void running(void **unused)
{
	struct elisa_waiting w = {};
	u64 now;

	(void)unused;
	for (now = 1; now < 100 * BOUND; now += 10)
		assert_false(look(&w, now == 1, now, NO));
	assert_int_equal(w.suspended, 0);
	/* What it ran before counts for nothing. */
	assert_false(look(&w, false, now + 10, now));
	assert_int_equal(w.suspended, 10);
}

static void starts_anew(void **unused)
{
	struct elisa_waiting w = {};

	(void)unused;
	assert_false(look(&w, true, 1000, 900));
	assert_false(look(&w, false, 1900, 1000));
	assert_int_equal(w.suspended, 900);
	/* Another owner, or the next wait for this one. */
	assert_false(elisa_waiting_look(&w, 8, false, 2000, 1900, BOUND));
	assert_int_equal(w.suspended, 0);
	assert_false(look(&w, true, 2100, 2000));
	assert_int_equal(w.suspended, 0);
}

static void no_bound(void **unused)
{
	struct elisa_waiting w = {};

	(void)unused;
	assert_false(elisa_waiting_look(&w, 7, true, 10, 1, 0));
	assert_false(elisa_waiting_look(&w, 7, false, ~0ULL - 1, 1, 0));
}

/* Clocks of two CPUs that differ. */
static void backwards(void **unused)
{
	struct elisa_waiting w = {};

	(void)unused;
	assert_false(look(&w, true, 5000, 5010));
	assert_false(look(&w, false, 4990, 5010));
	assert_false(look(&w, false, 4980, 4000));
	assert_int_equal(w.suspended, 0);
	assert_false(look(&w, true, 0, 0));
	assert_false(look(&w, false, 0, NO));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(in_one_go), cmocka_unit_test(in_pieces),
		cmocka_unit_test(running),   cmocka_unit_test(starts_anew),
		cmocka_unit_test(no_bound),  cmocka_unit_test(backwards),
	};

	return cmocka_run_group_tests_name("waiting", tests, NULL, NULL);
}
