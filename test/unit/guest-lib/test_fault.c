// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include <elisa/guest.h>

static void check(uint64_t details, const char *want)
{
	char text[64];

	assert_int_equal(elisa_fault_describe(details, text, sizeof(text)),
			 strlen(want));
	assert_string_equal(text, want);
}

static void describes(void **state)
{
	(void)state;
	check(ELISA_FAULT_KIND_VECTOR | 6 << 8, "exception 6 (#UD)");
	check(ELISA_FAULT_KIND_VECTOR | 9 << 8, "exception 9 (interrupt)");
	check(ELISA_FAULT_KIND_VECTOR | 0x80 << 8, "exception 128 (interrupt)");
	check(ELISA_FAULT_KIND_EXIT | 12 << 8, "VM exit, reason 12");
	check(ELISA_FAULT_KIND_MEMORY, "access to an unmapped address");
	check(0, "unknown fault 0");
	check(~0ULL, "unknown fault 0xffffffffffffffff");
}

static void cuts(void **state)
{
	char text[5];

	(void)state;
	assert_int_equal(elisa_fault_describe(3, text, sizeof(text)), 29);
	assert_string_equal(text, "acce");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(describes),
		cmocka_unit_test(cuts),
	};

	return cmocka_run_group_tests_name("fault", tests, NULL, NULL);
}
