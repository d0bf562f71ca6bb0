// SPDX-License-Identifier: GPL-2.0-only
#include "test.h"

#include "retry.h"

static void one(void **state)
{
	struct retry retry = { .n = 0 };
	__u64 now = 1000, start = now;
	unsigned int tries;
	bool last = false;

	(void)state;
	assert_true(retry_due(&retry) == RETRY_NEVER);
	assert_int_equal(retry_take(&retry, now, &last), 0);

	/* At once, then after longer and longer, and not for ever. */
	assert_true(retry_add(&retry, 7, now));
	for (tries = 0; !last; tries++) {
		now = retry_due(&retry);
		assert_true(now != RETRY_NEVER);
		if (now > start)
			assert_int_equal(retry_take(&retry, now - 1, &last), 0);
		assert_int_equal(retry_take(&retry, now, &last), 7);
		assert_int_equal(retry_take(&retry, now, &last), 0);
	}
	assert_int_equal(tries, RETRY_TRIES);
	assert_in_range(now - start, 1000, 3000);
	assert_true(retry_due(&retry) == RETRY_NEVER);
}

static void several(void **state)
{
	struct retry retry = { .n = 0 };
	bool last;
	int i;

	(void)state;
	for (i = 1; i <= RETRY_MAX; i++)
		assert_true(retry_add(&retry, i, i));
	assert_false(retry_add(&retry, 1000, 1));
	/* One that is there begins anew. */
	assert_true(retry_add(&retry, 1, 500));
	assert_int_equal(retry.n, RETRY_MAX);
	retry_drop(&retry, 2);
	retry_drop(&retry, 2000);
	assert_int_equal(retry.n, RETRY_MAX - 1);
	assert_int_equal(retry_due(&retry), 3);
	assert_int_equal(retry_take(&retry, 3, &last), 3);
	assert_false(last);
	assert_int_equal(retry_due(&retry), 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one),
		cmocka_unit_test(several),
	};

	return cmocka_run_group_tests_name("retry", tests, NULL, NULL);
}
