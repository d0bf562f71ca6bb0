// SPDX-License-Identifier: GPL-2.0-only
#include "test.h"

#include "uuid.h"

static void good(void **state)
{
	static const __u8 want[UUID_SIZE] = {
		0x6f, 0x1c, 0x0b, 0x0e, 0x1d, 0x2c, 0x4b, 0x5a,
		0x8f, 0x00, 0x01, 0x23, 0x45, 0x67, 0x89, 0xab,
	};
	char text[UUID_TEXT_SIZE];
	__u8 uuid[UUID_SIZE];

	(void)state;
	assert_true(uuid_parse("6F1C0b0e-1d2c-4b5a-8f00-0123456789AB", uuid));
	assert_memory_equal(uuid, want, UUID_SIZE);
	uuid_format(uuid, text);
	assert_string_equal(text, "6f1c0b0e-1d2c-4b5a-8f00-0123456789ab");
}

static void bad(void **state)
{
	static const char *const texts[] = {
		"",
		"6",
		"6f1c0b0e",
		"6f1c0b0e-1d2c-4b5a-8f00-0123456789a",
		"6f1c0b0e-1d2c-4b5a-8f00-0123456789abc",
		"6f1c0b0e-1d2c-4b5a-8f00-0123456789ab ",
		" 6f1c0b0e-1d2c-4b5a-8f00-0123456789ab",
		"6f1c0b0e1d2c4b5a8f000123456789ab",
		"6f1c0b0e-1d2c-4b5a-8f000-123456789ab",
		"6f1c0b0g-1d2c-4b5a-8f00-0123456789ab",
		"{6f1c0b0e-1d2c-4b5a-8f00-0123456789ab}",
		"6f1c0b0e-1d2c-4b5a-8f00-0123456789-b",
	};
	__u8 uuid[UUID_SIZE] = { 0x55 };
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(texts); i++) {
		/* At the end of its allocation: no byte beyond it is read. */
		char *copy = test_copy(texts[i], strlen(texts[i]) + 1);

		if (uuid_parse(copy, uuid))
			fail_msg("taken: '%s'", texts[i]);
		free(copy);
	}
	/* A failure leaves the result alone. */
	assert_int_equal(uuid[0], 0x55);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good),
		cmocka_unit_test(bad),
	};

	return cmocka_run_group_tests_name("uuid", tests, NULL, NULL);
}
