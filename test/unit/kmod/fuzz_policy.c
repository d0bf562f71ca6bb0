// SPDX-License-Identifier: GPL-2.0-only
/*
 * Globs against a table-driven matcher, with a bound on the work; names.
 */
#include <stdlib.h>

#include "fuzz.h"
#include "policy.h"
#include "steps.h"

#define LONGEST 64

const u8 fuzz_bytes[] = { 'a', 'a', 'a', 'b', '*', '*', '?', '.', 0 };
const size_t fuzz_n_bytes = sizeof(fuzz_bytes);

/* Row by row: which prefixes of @name does a prefix of @pattern match? */
static bool reference(const char *pattern, const char *name)
{
	bool match[LONGEST + 1] = { true };
	size_t len = strlen(name), i;
	bool diagonal, above;

	for (; *pattern; pattern++) {
		diagonal = match[0];
		match[0] = match[0] && *pattern == '*';
		for (i = 1; i <= len; i++) {
			above = match[i];
			if (*pattern == '*')
				match[i] = above || match[i - 1];
			else
				match[i] = diagonal &&
					   (*pattern == '?' ||
					    *pattern == name[i - 1]);
			diagonal = above;
		}
	}
	return match[len];
}

static void check_glob(const char *pattern, const char *name)
{
	size_t cells = (strlen(pattern) + 1) * (strlen(name) + 1);

	steps = 0;
	if (elisa_glob(pattern, name) != reference(pattern, name))
		abort();
	if (steps > 8 * cells + 8)
		abort();
}

/* An accepted name has one packed form only. */
static void check_unpack(const u8 *data)
{
	char name[ELISA_NAME_SIZE];
	u64 r[4];

	memcpy(r, data, sizeof(r));
	if (!elisa_name_unpack(name, r[0], r[1], r[2], r[3]))
		return;
	if (memcmp(name, data, sizeof(name)) || !elisa_name_valid(name, "") ||
	    strlen(name) > ELISA_NAME_MAX)
		abort();
}

static size_t take_string(char *string, const u8 *data, size_t size)
{
	size_t len = strnlen((const char *)data, size);

	if (len > LONGEST)
		len = LONGEST;
	memcpy(string, data, len);
	string[len] = '\0';
	return len < size ? len + 1 : len;
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	char pattern[LONGEST + 1], name[LONGEST + 1];
	size_t used;

	if (size >= ELISA_NAME_SIZE)
		check_unpack(data);
	used = take_string(pattern, data, size);
	take_string(name, data + used, size - used);
	check_glob(pattern, name);
	elisa_name_valid(pattern, "*?");
	return 0;
}
