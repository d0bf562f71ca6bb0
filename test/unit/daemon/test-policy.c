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

static int find(const struct policy *policy, const char *name, const __u8 *uuid,
		long uid)
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

	add(&policy, "web", NULL, 1000); /* 0 */
	add(&policy, "", uuid_a, 7);	 /* 1 */
	add(&policy, "", NULL, 0);	 /* 2 */
	add(&policy, "db", uuid_b, 5);	 /* 3 */
	add(&policy, "", uuid_b, 5);	 /* 4 */

	/* All keys of an entry must match. */
	assert_int_equal(find(&policy, "web", NULL, 1000), 0);
	assert_int_equal(find(&policy, "web", NULL, 1001), -1);
	assert_int_equal(find(&policy, "web", NULL, -1), -1);
	/* The first entry counts, whatever is more exact. */
	assert_int_equal(find(&policy, "web", uuid_a, 0), 2);
	assert_int_equal(find(&policy, "x", uuid_a, 7), 1);
	assert_int_equal(find(&policy, "x", uuid_b, 5), 4);
	assert_int_equal(find(&policy, "db", uuid_b, 5), 3);
	/* An unknown uid is not uid 0, a missing UUID not the zero UUID. */
	assert_int_equal(find(&policy, "x", NULL, 0), 2);
	assert_int_equal(find(&policy, "x", NULL, -1), -1);
	assert_int_equal(find(&policy, "", NULL, -1), -1);
	/* No wildcards, no prefixes, no case folding. */
	assert_int_equal(find(&policy, "we", NULL, 1000), -1);
	assert_int_equal(find(&policy, "webs", NULL, 1000), -1);
	assert_int_equal(find(&policy, "Web", NULL, 1000), -1);
	policy_free(&policy);
}

static void zero_uuid(void **state)
{
	static const __u8 zero[UUID_SIZE];
	struct policy policy;

	(void)state;
	policy_init(&policy);
	add(&policy, "", zero, 1);
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

/* Names and UUIDs are claims: they are no reason to grant anything. */
static void weak_match(void **state)
{
	struct policy policy;

	(void)state;
	policy_init(&policy);
	add(&policy, "web", NULL, -1);
	add(&policy, "", uuid_a, -1);
	add(&policy, "web", uuid_a, -1);
	assert_int_equal(find(&policy, "web", uuid_a, 0), -1);
	assert_int_equal(find(&policy, "web", NULL, 1000), -1);
	policy_free(&policy);
}

static void expect_cgroup(const struct policy *policy, int want,
			  const char *cgroup)
{
	struct vm_ident id = ident("web", NULL, 1000);
	const struct policy_entry *entry;

	vm_ident_from_cgroup(&id, cgroup);
	entry = policy_find(policy, &id);
	assert_int_equal(entry ? (int)(entry - policy->entries) : -1, want);
}

static void units(void **state)
{
	struct policy policy;
	struct policy_entry *e;

	(void)state;
	policy_init(&policy);
	e = policy_add(&policy); /* 0 */
	strcpy(e->match.libvirt, "web");
	strcpy(e->match.slice, "tenant.slice");
	e = policy_add(&policy); /* 1 */
	strcpy(e->match.libvirt, "web");
	e = policy_add(&policy); /* 2 */
	strcpy(e->match.unit, "vm-web.service");
	e = policy_add(&policy); /* 3 */
	strcpy(e->match.slice, "machine.slice");

	expect_cgroup(&policy, 0,
		      "0::/tenant.slice/machine-qemu\\x2d3\\x2dweb.scope\n");
	expect_cgroup(&policy, 1,
		      "0::/machine.slice/machine-qemu\\x2d3\\x2dweb.scope/libvirt/emulator\n");
	expect_cgroup(&policy, 2, "0::/system.slice/vm-web.service\n");
	expect_cgroup(&policy, 3,
		      "0::/machine.slice/machine-a.slice/x.scope\n");
	/* Another domain, whose name ends alike. */
	expect_cgroup(&policy, -1,
		      "0::/system.slice/machine-qemu\\x2d3\\x2da\\x2dweb.scope\n");
	/* What a user has made below a unit of the system's. */
	expect_cgroup(&policy, -1,
		      "0::/user.slice/user-1000.slice/user@1000.service/machine.slice/machine-qemu\\x2d3\\x2dweb.scope\n");
	expect_cgroup(&policy, -1,
		      "0::/user.slice/user-1000.slice/user@1000.service/app.slice/vm-web.service\n");
	expect_cgroup(&policy, -1, "0::/docker/machine.slice/vm-web.service\n");
	expect_cgroup(&policy, -1, "0::/../machine.slice/vm-web.service\n");
	expect_cgroup(&policy, -1, "0::/\n");
	expect_cgroup(&policy, -1, "");
	policy_free(&policy);
}

static void rights(void **state)
{
	static const char *const good[] = {
		"ro", "rw", "rok", "rwk", "rof", "rwf", "rokf", "rwkf",
	};
	static const char *const bad[] = {
		"", "r", "w", "wo", "rx", "rwfk", "rwkk", "rw ", "rwkfx",
	};
	char text[RIGHTS_TEXT_SIZE];
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(good); i++) {
		rights_format(rights_parse(good[i]), text);
		assert_string_equal(text, good[i]);
	}
	for (i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(rights_parse(bad[i]), 0);
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
					    0),
			 -ENAMETOOLONG);
	for (i = 2; i < ELISA_GRANTS_MAX; i++) {
		sprintf(pattern, "p%u", i);
		assert_int_equal(policy_entry_grant(&entry, ELISA_GRANT_EXPORT,
						    pattern, 0),
				 0);
	}
	assert_int_equal(policy_entry_grant(&entry, ELISA_GRANT_EXPORT, "z", 0),
			 -ENOSPC);
	assert_int_equal(entry.n_grants, ELISA_GRANTS_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(matching),    cmocka_unit_test(zero_uuid),
		cmocka_unit_test(empty_match), cmocka_unit_test(weak_match),
		cmocka_unit_test(units),       cmocka_unit_test(rights),
		cmocka_unit_test(grants),
	};

	return cmocka_run_group_tests_name("policy", tests, NULL, NULL);
}
