// SPDX-License-Identifier: GPL-2.0-only
#include "test.h"

#include "pattern.h"

static const char *check(const char *s)
{
	char *copy = test_copy(s, strlen(s));
	const char *why = pattern_check(copy, strlen(s));

	free(copy);
	return why;
}

static void patterns(void **state)
{
	(void)state;
	assert_null(check("kv.*"));
	assert_null(check("*"));
	assert_null(check("a?b_c-D.9"));
	assert_null(check("0123456789012345678901234567890"));
	assert_string_equal(check("01234567890123456789012345678901"),
			    "is longer than 31 bytes");
	assert_string_equal(check(""), "is empty");
	assert_non_null(check("a b"));
	assert_non_null(check("a/b"));
	assert_non_null(check("[a]"));
	assert_non_null(check("\xc3\xa9"));
	assert_non_null(check("a\n"));
}

static void names(void **state)
{
	(void)state;
	assert_null(pattern_check_name("kv.store", 8));
	assert_non_null(pattern_check_name("kv.*", 4));
	assert_non_null(pattern_check_name("kv?", 3));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(patterns),
		cmocka_unit_test(names),
	};

	return cmocka_run_group_tests_name("pattern", tests, NULL, NULL);
}
