// SPDX-License-Identifier: GPL-2.0-only
#include "test.h"

#include <errno.h>

#include "policy.h"

static const __u8 uuid_a[UUID_SIZE] = { 0xa };
static const __u8 uuid_b[UUID_SIZE] = { 0xb };

static struct vm_ident ident(const char *name, const __u8 *uuid, long uid)
{
	struct vm_ident id = { .pid = 1 };

	strcpy(id.name, name);
	if (uuid) {
		id.has_uuid = true;
		memcpy(id.uuid, uuid, UUID_SIZE);
	}
	if (uid >= 0) {
		id.has_uid = true;
		id.uid = uid;
	}
	return id;
}

static void add(struct policy *policy, const char *name, const __u8 *uuid,
		long uid)
{
	struct policy_entry *entry = policy_add(policy);

	assert_non_null(entry);
	strcpy(entry->match.name, name);
	if (uuid) {
		entry->match.has_uuid = true;
		memcpy(entry->match.uuid, uuid, UUID_SIZE);
	}
	if (uid >= 0) {
		entry->match.has_uid = true;
		entry->match.uid = uid;
	}
}

static int find(const struct policy *policy, const char *name,
		const __u8 *uuid, long uid)
{
	struct vm_ident id = ident(name, uuid, uid);
	const struct policy_entry *entry = policy_find(policy, &id);

	return entry ? (int)(entry - policy->entries) : -1;
}

static void matching(void **state)
{
	struct policy policy;

	(void)state;
	policy_init(&policy);
	assert_int_equal(find(&policy, "web", uuid_a, 0), -1);

	add(&policy, "web", NULL, 1000);	/* 0 */
	add(&policy, "web", NULL, -1);		/* 1 */
	add(&policy, "", uuid_a, -1);		/* 2 */
	add(&policy, "", NULL, 0);		/* 3 */
	add(&policy, "db", uuid_b, 5);		/* 4 */
	add(&policy, "", uuid_b, -1);		/* 5 */

	/* All keys of an entry must match. */
	assert_int_equal(find(&policy, "web", NULL, 1000), 0);
	assert_int_equal(find(&policy, "web", NULL, 1001), 1);
	assert_int_equal(find(&policy, "web", NULL, -1), 1);
	/* The first entry counts, whatever is more exact. */
	assert_int_equal(find(&policy, "web", uuid_a, 0), 1);
	assert_int_equal(find(&policy, "x", uuid_a, 0), 2);
	assert_int_equal(find(&policy, "x", uuid_b, 5), 5);
	assert_int_equal(find(&policy, "db", uuid_b, 5), 4);
	/* An unknown uid is not uid 0, a missing UUID not the zero UUID. */
	assert_int_equal(find(&policy, "x", NULL, 0), 3);
	assert_int_equal(find(&policy, "x", NULL, -1), -1);
	assert_int_equal(find(&policy, "", NULL, -1), -1);
	/* No wildcards, no prefixes, no case folding. */
	assert_int_equal(find(&policy, "we", NULL, 7), -1);
	assert_int_equal(find(&policy, "webs", NULL, 7), -1);
	assert_int_equal(find(&policy, "Web", NULL, 7), -1);
	policy_free(&policy);
}

static void zero_uuid(void **state)
{
	static const __u8 zero[UUID_SIZE];
	struct policy policy;

	(void)state;
	policy_init(&policy);
	add(&policy, "", zero, -1);
	assert_int_equal(find(&policy, "x", NULL, 1), -1);
	assert_int_equal(find(&policy, "x", zero, 1), 0);
	policy_free(&policy);
}

static void empty_match(void **state)
{
	struct policy policy;

	(void)state;
	policy_init(&policy);
	add(&policy, "", NULL, -1);
	assert_int_equal(find(&policy, "x", uuid_a, 0), -1);
	policy_free(&policy);
}

static void grants(void **state)
{
	static struct policy_entry entry;
	char pattern[40];
	unsigned int i;

	(void)state;
	assert_int_equal(policy_entry_grant(&entry, ELISA_GRANT_EXPORT, "a", 0),
			 0);
	/* The same pattern may be exported and attached. */
	assert_int_equal(policy_entry_grant(&entry, ELISA_GRANT_ATTACH, "a", 1),
			 0);
	assert_int_equal(policy_entry_grant(&entry, ELISA_GRANT_ATTACH, "a", 3),
			 -EEXIST);
	memset(pattern, 'a', 32);
	pattern[32] = '\0';
	assert_int_equal(policy_entry_grant(&entry, ELISA_GRANT_EXPORT, pattern,
					    0), -ENAMETOOLONG);
	for (i = 2; i < ELISA_GRANTS_MAX; i++) {
		sprintf(pattern, "p%u", i);
		assert_int_equal(policy_entry_grant(&entry, ELISA_GRANT_EXPORT,
						    pattern, 0), 0);
	}
	assert_int_equal(policy_entry_grant(&entry, ELISA_GRANT_EXPORT, "z", 0),
			 -ENOSPC);
	assert_int_equal(entry.n_grants, ELISA_GRANTS_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(matching),
		cmocka_unit_test(zero_uuid),
		cmocka_unit_test(empty_match),
		cmocka_unit_test(grants),
	};

	return cmocka_run_group_tests_name("policy", tests, NULL, NULL);
}
