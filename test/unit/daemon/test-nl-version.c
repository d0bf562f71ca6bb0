// SPDX-License-Identifier: GPL-2.0-only
#include "test.h"

#include <errno.h>

#include <elisa/netlink.h>

#include "nl.h"

static void same(void **state)
{
	char text[512] = "untouched";

	(void)state;
	assert_int_equal(enl_version_check(ELISA_GENL_VERSION, text,
					   sizeof(text)),
			 0);
	assert_string_equal(text, "untouched");
}

static void newer_module(void **state)
{
	char text[512];

	(void)state;
	assert_int_equal(enl_version_check(ELISA_GENL_VERSION + 1, text,
					   sizeof(text)),
			 -EPROTO);
	assert_non_null(strstr(text, ": update elisactl"));
}

static void older_module(void **state)
{
	char text[512];

	(void)state;
	assert_int_equal(enl_version_check(ELISA_GENL_VERSION - 1, text,
					   sizeof(text)),
			 -EPROTO);
	assert_non_null(strstr(text, "modprobe elisa"));
	assert_null(strstr(text, "update elisactl"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(same),
		cmocka_unit_test(newer_module),
		cmocka_unit_test(older_module),
	};

	return cmocka_run_group_tests_name("nl-version", tests, NULL, NULL);
}
