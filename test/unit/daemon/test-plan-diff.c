// SPDX-License-Identifier: GPL-2.0-only
#include "test.h"

#include "plan.h"

#define RO ELISA_RIGHT_READ
#define RW (ELISA_RIGHT_READ | ELISA_RIGHT_WRITE)

static char said[2048];

static void say(const struct plan_diff *diff, void *arg)
{
	assert_ptr_equal(arg, said);
	sprintf(said + strlen(said), "%s %s [%s>%s];", diff->change, diff->what,
		diff->now, diff->then);
}

static const char *diff(struct policy_entry *now, struct policy_entry *then)
{
	struct plan_vm vm = { .action = PLAN_KEEP, .now = now, .entry = then };

	said[0] = '\0';
	plan_diff(&vm, say, said);
	return said;
}

static void grant(struct policy_entry *entry, __u8 kind, const char *pattern,
		  __u32 rights)
{
	assert_int_equal(policy_entry_grant(entry, kind, pattern, rights), 0);
}

static void grants(void **state)
{
	struct policy_entry a = { 0 }, b = { 0 };

	(void)state;
	grant(&a, ELISA_GRANT_EXPORT, "x", 0);
	grant(&a, ELISA_GRANT_ATTACH, "x", RW);
	grant(&a, ELISA_GRANT_ATTACH, "k*", RW);
	/* The order does not matter, nor do rights of an export grant. */
	grant(&b, ELISA_GRANT_ATTACH, "k*", RW);
	grant(&b, ELISA_GRANT_ATTACH, "x", RW);
	grant(&b, ELISA_GRANT_EXPORT, "x", RW);
	assert_string_equal(diff(&a, &b), "");

	b.grants[0].rights = RO;
	assert_string_equal(diff(&a, &b), "take attach k* [rw>ro];");
	assert_string_equal(diff(&b, &a), "grant attach k* [ro>rw];");
	/* Some gained and some lost: it loses. */
	b.grants[0].rights = RO | ELISA_RIGHT_KERNEL | ELISA_RIGHT_FULL_TRUST;
	assert_string_equal(diff(&a, &b), "take attach k* [rw>rokf];");
	strcpy(b.grants[0].pattern, "k?");
	assert_string_equal(diff(&a, &b),
			    "take attach k* [rw>];grant attach k? [>rokf];");
	b.n_grants = 2;
	strcpy(b.grants[0].pattern, "k*");
	b.grants[0].rights = RW;
	assert_string_equal(diff(&a, &b), "take export x [yes>];");
}

static void none(void **state)
{
	struct policy_entry a = { 0 }, nothing = { 0 };

	(void)state;
	grant(&a, ELISA_GRANT_ATTACH, "x", RW);
	a.pcid = ELISA_PCID_TRUST;
	assert_string_equal(diff(&a, NULL), "take attach x [rw>];");
	/* The same, whatever else such an entry says. */
	nothing.pcid = ELISA_PCID_DENY;
	assert_string_equal(diff(&a, &nothing), "take attach x [rw>];");
	assert_string_equal(diff(NULL, &nothing), "");
	assert_string_equal(diff(NULL, NULL), "");
	assert_string_equal(diff(NULL, &a),
			    "grant attach x [>rw];set pcid [>trust];");
}

static void settings(void **state)
{
	struct policy_entry a = { 0 }, b = { 0 };
	struct plan_vm vm = { .action = PLAN_HAND, .now = &a, .entry = &b };

	(void)state;
	grant(&a, ELISA_GRANT_ATTACH, "x", RW);
	grant(&b, ELISA_GRANT_ATTACH, "x", RW);
	/* What is not set is the module's default. */
	a.limits.set[ELISA_LIMIT_A_PINNED_PAGES] = true;
	a.limits.value[ELISA_LIMIT_A_PINNED_PAGES] = 16384;
	assert_string_equal(diff(&a, &b), "");
	a.limits.value[ELISA_LIMIT_A_PINNED_PAGES] = 512;
	b.limits.set[ELISA_LIMIT_A_EVENTS] = true;
	b.pcid = ELISA_PCID_DENY;
	assert_string_equal(diff(&a, &b),
			    "set pinned [2M>64M];set events-per-second [10>0];set pcid [intercept>deny];");
	said[0] = '\0';
	plan_diff(&vm, say, said);
	assert_string_equal(said, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(grants),
		cmocka_unit_test(none),
		cmocka_unit_test(settings),
	};

	return cmocka_run_group_tests_name("plan-diff", tests, NULL, NULL);
}
