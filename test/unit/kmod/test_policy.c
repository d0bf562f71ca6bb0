// SPDX-License-Identifier: GPL-2.0-only
/*
 * Globs, names, grants.
 */
#include <elisa/netlink.h>

#include "policy.h"
#include "steps.h"
#include "test.h"

static void glob(void **state)
{
	static const struct {
		const char *pattern, *name;
		bool match;
	} cases[] = {
		{ "", "", true },
		{ "", "a", false },
		{ "a", "", false },
		{ "a", "a", true },
		{ "a", "A", false },
		{ "a", "ab", false },
		{ "ab", "a", false },
		{ "?", "a", true },
		{ "?", "", false },
		{ "?", "ab", false },
		{ "??", "ab", true },
		{ "*", "", true },
		{ "*", "anything.at-all_", true },
		{ "**", "", true },
		{ "**", "ab", true },
		{ "*?", "", false },
		{ "*?", "a", true },
		{ "?*", "a", true },
		{ "?*?", "a", false },
		{ "?*?", "ab", true },
		{ "a*", "a", true },
		{ "a*", "abc", true },
		{ "a*", "b", false },
		{ "*a", "a", true },
		{ "*a", "cba", true },
		{ "*a", "ab", false },
		{ "*a", "", false },
		{ "a*b", "ab", true },
		{ "a*b", "axxb", true },
		{ "a*b", "axxbx", false },
		{ "a*b", "abab", true },
		{ "a*b*c", "abc", true },
		{ "a*b*c", "acb", false },
		{ "a*b*c", "aXbYbZc", true },
		{ "*ab*", "xaab", true },
		{ "*ab*ab", "abab", true },
		{ "*ab*ab", "ab", false },
		{ "*aab", "aaab", true },
		{ "a?c*", "abcd", true },
		{ "a?c*", "acd", false },
		{ "kv.*", "kv.a", true },
		{ "kv.*", "kvxa", false },
		{ "kv.*", "kv", false },
		{ "*.kv", "a.kv.kv", true },
		{ "x*x", "x", false },
		/* Only '*' and '?' are special in a pattern, none in a name. */
		{ "[a]", "a", false },
		{ "\\a", "a", false },
		{ "a", "*", false },
		{ "a", "?", false },
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(cases); i++)
		if (elisa_glob(cases[i].pattern, cases[i].name) !=
		    cases[i].match)
			fail_msg("\"%s\" and \"%s\"", cases[i].pattern,
				 cases[i].name);
}

/* Matching costs at most |pattern| * |name| turns of few basic blocks. */
static void glob_steps(void **state)
{
	static const char *const patterns[] = {
		"*a*a*a*a*a*a*a*a*a*a*a*a*a*a*b",
		"***************************b",
		"*aaaaaaaaaaaaaaaaaaaaaaaaaaaab",
		"*aaaaaaaaaaaaaaa*b",
		"*?*?*?*?*?*?*?*?*?*?*?*?*?*?*?b",
		"a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*",
		"*aaaaaaaaaaaaaab",
	};
	char name[ELISA_NAME_SIZE];
	unsigned long bound;
	size_t i, len;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(patterns); i++) {
		for (len = 0; len <= ELISA_NAME_MAX; len++) {
			memset(name, 'a', len);
			name[len] = '\0';
			steps = 0;
			elisa_glob(patterns[i], name);
			assert_int_not_equal(steps, 0);
			bound = (strlen(patterns[i]) + 1) * (len + 1) * 8;
			assert_in_range(steps, 1, bound + 8);
		}
	}
}

static bool in_name(unsigned int c)
{
	static const char good[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";

	return c && strchr(good, c);
}

static void name_bytes(void **state)
{
	char name[4] = "a?b";
	unsigned int c;

	(void)state;
	for (c = 1; c < 256; c++) {
		name[1] = c;
		assert_int_equal(elisa_name_valid(name, ""), in_name(c));
		assert_int_equal(elisa_name_valid(name, "*?"),
				 in_name(c) || c == '*' || c == '?');
		/* Also as the first byte. */
		assert_int_equal(elisa_name_valid(name + 1, ""), in_name(c));
	}
	/* A zero ends it. */
	assert_true(elisa_name_valid("a\0/", ""));
	assert_false(elisa_name_valid("\0a", ""));
}

static void name_length(void **state)
{
	char name[64] = "";
	size_t len;

	(void)state;
	for (len = 0; len < sizeof(name); len++) {
		memset(name, 'x', len);
		name[len] = '\0';
		assert_int_equal(elisa_name_valid(name, ""),
				 len >= 1 && len <= 31);
	}
}

static bool unpack(char name[ELISA_NAME_SIZE], const char from[32])
{
	u64 r[4];

	memcpy(r, from, 32);
	return elisa_name_unpack(name, r[0], r[1], r[2], r[3]);
}

static void name_unpack(void **state)
{
	char from[32], name[ELISA_NAME_SIZE];
	size_t len;

	(void)state;
	for (len = 0; len <= 32; len++) {
		memset(from, 0, sizeof(from));
		memset(from, 'k', len);
		assert_int_equal(unpack(name, from), len >= 1 && len <= 31);
		if (len >= 1 && len <= 31)
			assert_memory_equal(name, from, 32);
	}
	/* Little-endian, first register first. */
	assert_true(elisa_name_unpack(name, 0x6867666564636261, 0x6a69, 0, 0));
	assert_string_equal(name, "abcdefghij");
}

/* A byte anywhere behind the zero, or a bad one anywhere before it. */
static void name_unpack_garbage(void **state)
{
	char from[32], name[ELISA_NAME_SIZE];
	size_t len, i;

	(void)state;
	for (len = 0; len < 32; len++) {
		for (i = 0; i < 32; i++) {
			memset(from, 0, sizeof(from));
			memset(from, 'k', len);
			if (i == len)
				continue;
			from[i] = i < len ? '/' : 'k';
			assert_false(unpack(name, from));
			from[i] = (char)0x80;
			assert_false(unpack(name, from));
		}
	}
}

static void rights(void **state)
{
	static const struct elisa_grant grants[] = {
		{ ELISA_GRANT_ATTACH, ELISA_RIGHT_READ, "kv*" },
		{ ELISA_GRANT_ATTACH, ELISA_RIGHT_WRITE, "*.rw" },
		{ ELISA_GRANT_ATTACH, 0, "none" },
		{ ELISA_GRANT_EXPORT, ELISA_RIGHT_WRITE, "kv.b" },
		{ ELISA_GRANT_EXPORT, ELISA_RIGHT_READ, "only-export" },
	};
	const u32 r = ELISA_RIGHT_READ, rw = r | ELISA_RIGHT_WRITE;
	const unsigned int n = ARRAY_SIZE(grants);
	const u8 attach = ELISA_GRANT_ATTACH;

	(void)state;
	assert_int_equal(elisa_policy_rights(grants, n, attach, "kv.a"), r);
	assert_int_equal(elisa_policy_rights(grants, n, attach, "kv.rw"), rw);
	assert_int_equal(elisa_policy_rights(grants, n, attach, "x.rw"),
			 ELISA_RIGHT_WRITE);
	/* Default deny; a grant without rights gives none. */
	assert_int_equal(elisa_policy_rights(grants, n, attach, "other"), 0);
	assert_int_equal(elisa_policy_rights(grants, n, attach, "none"), 0);
	assert_int_equal(elisa_policy_rights(grants, 0, attach, "kv.a"), 0);
	assert_int_equal(elisa_policy_rights(NULL, 0, attach, "kv.a"), 0);
	/* One kind does not give the other. */
	assert_int_equal(elisa_policy_rights(grants, n, attach, "kv.b"), r);
	assert_int_equal(elisa_policy_rights(grants, n, attach, "only-export"),
			 0);
	assert_int_equal(elisa_policy_rights(grants, n, ELISA_GRANT_EXPORT,
					     "only-export"),
			 r);
	assert_int_equal(elisa_policy_rights(grants, n, ELISA_GRANT_EXPORT,
					     "kv.a"),
			 0);
	/* Only the first @n count. */
	assert_int_equal(elisa_policy_rights(grants, 1, attach, "kv.rw"), r);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(glob),
		cmocka_unit_test(glob_steps),
		cmocka_unit_test(name_bytes),
		cmocka_unit_test(name_length),
		cmocka_unit_test(name_unpack),
		cmocka_unit_test(name_unpack_garbage),
		cmocka_unit_test(rights),
	};

	return cmocka_run_group_tests_name("policy", tests, NULL, NULL);
}
