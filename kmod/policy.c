// SPDX-License-Identifier: GPL-2.0-only
/*
 * Grants and names.  Pure computation; compiles in user space too.
 */
#include "policy.h"

/**
 * elisa_glob() - does @pattern match all of @name?
 * @pattern: zero-terminated
 * @name: zero-terminated
 *
 * '*' matches any run of characters, '?' any one.  Iterative, at most
 * |pattern| * |name| steps.
 */
bool elisa_glob(const char *pattern, const char *name)
{
	const char *star = NULL, *resume = NULL;

	while (*name) {
		if (*pattern == '*') {
			star = pattern++;
			resume = name;
		} else if (*pattern == '?' || *pattern == *name) {
			pattern++;
			name++;
		} else if (star) {
			pattern = star + 1;
			name = ++resume;
		} else {
			return false;
		}
	}
	while (*pattern == '*')
		pattern++;
	return !*pattern;
}

/**
 * elisa_name_valid() - is @name 1..31 bytes of [A-Za-z0-9._-]?
 * @name: zero-terminated
 * @extra: further characters to allow ("*?" for a pattern), or ""
 */
bool elisa_name_valid(const char *name, const char *extra)
{
	size_t i;

	for (i = 0; name[i]; i++) {
		char c = name[i];

		if (i == ELISA_NAME_MAX)
			return false;
		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
		      (c >= '0' && c <= '9') || strchr("._-", c) ||
		      strchr(extra, c)))
			return false;
	}
	return i;
}

/**
 * elisa_name_unpack() - a name from four registers
 * @name: result, zero-terminated
 * @a: first eight bytes, and so on
 * @b: the next eight, and so on
 * @c: likewise
 * @d: likewise
 *
 * Return: false when it is not a valid name or not zero-padded.
 */
bool elisa_name_unpack(char name[ELISA_NAME_SIZE], u64 a, u64 b, u64 c, u64 d)
{
	u64 word[4] = { a, b, c, d };
	size_t i;

	memcpy(name, word, ELISA_NAME_SIZE);
	if (name[ELISA_NAME_MAX] || !elisa_name_valid(name, ""))
		return false;
	for (i = strlen(name); i < ELISA_NAME_SIZE; i++)
		if (name[i])
			return false;
	return true;
}

/**
 * elisa_policy_rights() - what the grants allow
 * @grants: the VM's grants
 * @n: their number
 * @kind: ELISA_GRANT_*
 * @name: export name
 *
 * Return: the union of the rights of all matching grants, 0 for a refusal.
 */
u32 elisa_policy_rights(const struct elisa_grant *grants, unsigned int n,
			u8 kind, const char *name)
{
	unsigned int i;
	u32 rights = 0;

	for (i = 0; i < n; i++)
		if (grants[i].kind == kind &&
		    elisa_glob(grants[i].pattern, name))
			rights |= grants[i].rights;
	return rights;
}
