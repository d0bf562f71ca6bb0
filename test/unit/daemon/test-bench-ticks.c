// SPDX-License-Identifier: GPL-2.0-only
#include "test.h"

#include "bench_ticks.h"

static void one_turn(void **state)
{
	const __u64 turns[] = { 1234 };
	struct bench_ticks t;

	(void)state;
	assert_int_equal(bench_ticks(turns, 1, 100, &t), 0);
	assert_true(t.least > 12.33 && t.least < 12.35);
	assert_true(t.median == t.least);
}

/* In whatever order, and whatever one of them was disturbed by. */
static void many_turns(void **state)
{
	const __u64 turns[] = { 900, ~0ULL, 500, 700, 600 };
	struct bench_ticks t;

	(void)state;
	assert_int_equal(bench_ticks(turns, 5, 10, &t), 0);
	assert_true(t.least == 50);
	assert_true(t.median == 70);
	/* They are the caller's. */
	assert_int_equal(turns[0], 900);
}

static void nanoseconds(void **state)
{
	(void)state;
	assert_true(bench_ns(2500, 2500000) == 1000);
	assert_true(bench_ns(100, 100000) == 1000);
	assert_true(bench_ns(100, 0) == 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_turn),
		cmocka_unit_test(many_turns),
		cmocka_unit_test(nanoseconds),
	};

	return cmocka_run_group_tests_name("bench_ticks", tests, NULL, NULL);
}
