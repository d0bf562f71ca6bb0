// SPDX-License-Identifier: GPL-2.0-only
#include "test.h"

#include <errno.h>

#include "limit.h"

/* The table is the one place: it must have all that netlink has. */
static void table(void **state)
{
	const struct limit *limit;
	unsigned int attr;
	char text[LIMIT_KEYS_SIZE];

	(void)state;
	for (attr = 1; attr <= ELISA_LIMIT_A_MAX; attr++) {
		limit = limit_by_attr(attr);
		assert_non_null(limit);
		assert_ptr_equal(limit, &limits_table[attr - 1]);
		assert_ptr_equal(limit_by_key(limit->key), limit);
		assert_true(limit->standard <= limit->most);
	}
	assert_null(limit_by_attr(0));
	assert_null(limit_by_attr(ELISA_LIMIT_A_MAX + 1));
	assert_null(limit_by_key("pinned-pages"));
	assert_null(limit_by_key(""));
	limit_keys(text);
	assert_string_equal(text,
			    "attachments, instances, exports, pinned, suspended-ms, section-us, events-per-second");
}

static int parse(const char *key, const char *text, __u32 *value)
{
	const char *hint;
	char why[160];

	return limit_parse(limit_by_key(key), text, strlen(text), value, why,
			   sizeof(why), &hint);
}

static void values(void **state)
{
	static const struct {
		const char *key, *text;
		long value;
	} cases[] = {
		{ "attachments", "0", 0 },
		{ "attachments", "128", 128 },
		{ "attachments", "129", -1 },
		{ "attachments", "1K", -1 },
		{ "attachments", "", -1 },
		{ "attachments", "-1", -1 },
		{ "attachments", " 1", -1 },
		{ "attachments", "99999999999999999999", -1 },
		{ "pinned", "0", 0 },
		{ "pinned", "4096", 1 },
		{ "pinned", "4095", -1 },
		{ "pinned", "4K", 1 },
		{ "pinned", "64M", 16384 },
		{ "pinned", "4G", 1048576 },
		{ "pinned", "5G", -1 },
		{ "pinned", "4097M", -1 },
		{ "pinned", "9999999999G", -1 },
		{ "pinned", "G", -1 },
		{ "pinned", "", -1 },
		{ "pinned", "4k", -1 },
		{ "events-per-second", "1000", 1000 },
		{ "events-per-second", "1001", -1 },
	};
	__u32 value;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		value = 4711;
		if (parse(cases[i].key, cases[i].text, &value)) {
			assert_int_equal(cases[i].value, -1);
			assert_int_equal(value, 4711);
		} else {
			assert_int_equal(value, cases[i].value);
		}
	}
}

/* What is printed can be read back. */
static void formats(void **state)
{
	static const struct {
		__u32 pages;
		const char *text;
	} cases[] = {
		{ 0, "0" },	   { 1, "4K" },	     { 3, "12K" },
		{ 256, "1M" },	   { 257, "1028K" }, { 16384, "64M" },
		{ 1048576, "4G" },
	};
	const struct limit *limit = limit_by_key("pinned");
	char text[LIMIT_TEXT_SIZE];
	__u32 value;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		limit_format(limit, cases[i].pages, text);
		assert_string_equal(text, cases[i].text);
		assert_int_equal(parse("pinned", text, &value), 0);
		assert_int_equal(value, cases[i].pages);
	}
	limit_format(limit_by_key("suspended-ms"), 3600000, text);
	assert_string_equal(text, "3600000");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(table),
		cmocka_unit_test(values),
		cmocka_unit_test(formats),
	};

	return cmocka_run_group_tests_name("limit", tests, NULL, NULL);
}
