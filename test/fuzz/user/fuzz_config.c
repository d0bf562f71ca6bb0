// SPDX-License-Identifier: GPL-2.0-only
/*
 * The policy: elisa.conf and files of conf.d, which a line of "%%" separates.
 * What is taken must be safe to use; what is refused leaves nothing, and says
 * why in one line.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "limit.h"
#include "pattern.h"
#include "plan.h"
#include "policy_yaml.h"

#define FILES 4

static void check_grants(const struct policy_entry *entry)
{
	const __u32 all = ELISA_RIGHT_READ | ELISA_RIGHT_WRITE |
			  ELISA_RIGHT_KERNEL | ELISA_RIGHT_FULL_TRUST;
	size_t i;

	must(entry->n_grants <= ELISA_GRANTS_MAX);
	for (i = 0; i < entry->n_grants; i++) {
		const struct policy_grant *grant = &entry->grants[i];

		must(!pattern_check(grant->pattern, strlen(grant->pattern)));
		must(!(grant->rights & ~all));
		must(grant->kind == ELISA_GRANT_EXPORT ||
		     (grant->kind == ELISA_GRANT_ATTACH &&
		      grant->rights & ELISA_RIGHT_READ));
	}
}

static void check_entry(const struct policy_entry *entry)
{
	const struct limit *limit;

	/* A claim alone never counts. */
	must(policy_match_strong(&entry->match));
	must(entry->line && entry->file);
	must(entry->pcid < __ELISA_PCID_MAX);
	check_grants(entry);
	for (limit = limits_table; limit->key; limit++)
		must(!entry->limits.set[limit->attr] ||
		     entry->limits.value[limit->attr] <= limit->most);
}

static void count(const struct plan_diff *diff, void *arg)
{
	must(diff->what[0] && diff->change[0]);
	++*(unsigned int *)arg;
}

/* What has no difference to itself, and all to nothing. */
static void check_diff(struct policy_entry *entry)
{
	struct plan_vm vm = { .action = PLAN_KEEP,
			      .now = entry,
			      .entry = entry };
	unsigned int n = 0;

	if (!entry->n_grants)
		return;
	plan_diff(&vm, count, &n);
	must(!n);
	vm.entry = NULL;
	plan_diff(&vm, count, &n);
	must(n == entry->n_grants);
}

/* A VM that says about itself what the entry wants, but is nobody. */
static void check_claims(const struct policy *policy,
			 const struct policy_entry *entry)
{
	struct vm_ident ident = { .pid = 1 };

	strcpy(ident.name, entry->match.name);
	ident.has_uuid = entry->match.has_uuid;
	memcpy(ident.uuid, entry->match.uuid, UUID_SIZE);
	must(!policy_find(policy, &ident));
}

static void check_policy(struct policy *policy)
{
	size_t i;

	must(policy->n_entries <= POLICY_ENTRIES_MAX);
	for (i = 0; i < policy->n_entries; i++) {
		check_entry(&policy->entries[i]);
		if (i < 8) {
			check_diff(&policy->entries[i]);
			check_claims(policy, &policy->entries[i]);
		}
	}
}

static size_t split(struct policy_text *texts, const char *data, size_t size)
{
	static const char *const names[] = { "a", "b", "c", "d" };
	size_t n = 0, len;

	while (n < FILES) {
		const char *end =
			n < FILES - 1 ? memmem(data, size, "\n%%\n", 4) : NULL;

		len = end ? (size_t)(end - data) : size;
		texts[n].file = names[n];
		texts[n].buf = data;
		texts[n].len = len;
		n++;
		if (!end)
			break;
		data += len + 4;
		size -= len + 4;
	}
	return n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct policy_text texts[FILES];
	struct policy policy;
	char err[POLICY_ERR_SIZE] = "";
	size_t n;

	n = split(texts, (const char *)data, size);
	if (!policy_parse(&policy, texts, n, err, sizeof(err))) {
		must(!err[0]);
		check_policy(&policy);
		policy_free(&policy);
		return 0;
	}
	must(!policy.entries && !policy.n_entries && !policy.files);
	/* FILE:LINE:COL: message */
	must(err[0] >= 'a' && err[0] < (char)('a' + n) && err[1] == ':');
	must(strspn(err + 2, "0123456789") && strstr(err, ": "));
	return 0;
}
