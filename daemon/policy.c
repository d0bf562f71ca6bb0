// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "policy.h"

bool pcid_parse(const char *text, __u8 *pcid)
{
	static const char *const names[] = {
		[ELISA_PCID_INTERCEPT] = "intercept",
		[ELISA_PCID_DENY] = "deny",
		[ELISA_PCID_TRUST] = "trust",
	};
	__u8 i;

	for (i = 0; i < __ELISA_PCID_MAX; i++) {
		if (!strcmp(text, names[i])) {
			*pcid = i;
			return true;
		}
	}
	return false;
}

void policy_init(struct policy *policy)
{
	memset(policy, 0, sizeof(*policy));
}

void policy_free(struct policy *policy)
{
	free(policy->entries);
	policy_init(policy);
}

struct policy_entry *policy_add(struct policy *policy)
{
	struct policy_entry *entries;
	size_t n = policy->n_entries;

	/* Grow at each power of two. */
	if (!(n & (n - 1))) {
		entries = reallocarray(policy->entries, n ? n * 2 : 1,
				       sizeof(*entries));
		if (!entries)
			return NULL;
		policy->entries = entries;
	}
	memset(&policy->entries[n], 0, sizeof(*entries));
	policy->n_entries++;
	return &policy->entries[n];
}

int policy_entry_grant(struct policy_entry *entry, __u8 kind,
		       const char *pattern, __u32 rights)
{
	struct policy_grant *grant;
	size_t i;

	for (i = 0; i < entry->n_grants; i++) {
		grant = &entry->grants[i];
		if (grant->kind == kind && !strcmp(grant->pattern, pattern))
			return -EEXIST;
	}
	if (entry->n_grants == ELISA_GRANTS_MAX)
		return -ENOSPC;
	if (strlen(pattern) >= sizeof(grant->pattern))
		return -ENAMETOOLONG;
	grant = &entry->grants[entry->n_grants++];
	grant->kind = kind;
	grant->rights = rights;
	strcpy(grant->pattern, pattern);
	return 0;
}

static bool match_one(const struct policy_match *match,
		      const struct vm_ident *ident)
{
	/* The parser lets no empty match through; grant nothing all the same. */
	if (!match->name[0] && !match->has_uuid && !match->has_uid)
		return false;
	if (match->name[0] && strcmp(match->name, ident->name))
		return false;
	if (match->has_uuid && (!ident->has_uuid ||
				memcmp(match->uuid, ident->uuid, UUID_SIZE)))
		return false;
	if (match->has_uid && (!ident->has_uid || match->uid != ident->uid))
		return false;
	return true;
}

const struct policy_entry *policy_find(const struct policy *policy,
				       const struct vm_ident *ident)
{
	size_t i;

	for (i = 0; i < policy->n_entries; i++) {
		if (match_one(&policy->entries[i].match, ident))
			return &policy->entries[i];
	}
	return NULL;
}

bool policy_match_equal(const struct policy_match *a,
			const struct policy_match *b)
{
	if (strcmp(a->name, b->name) || a->has_uuid != b->has_uuid ||
	    a->has_uid != b->has_uid)
		return false;
	if (a->has_uuid && memcmp(a->uuid, b->uuid, UUID_SIZE))
		return false;
	return !a->has_uid || a->uid == b->uid;
}

void policy_limits_inherit(struct policy_limits *limits,
			   const struct policy_limits *defaults)
{
	unsigned int i;

	for (i = 1; i <= ELISA_LIMIT_A_MAX; i++) {
		if (limits->set[i] || !defaults->set[i])
			continue;
		limits->set[i] = true;
		limits->value[i] = defaults->value[i];
	}
}

__u32 policy_limit_max(unsigned int attr)
{
	switch (attr) {
	case ELISA_LIMIT_A_ATTACHMENTS:
		return 128;
	case ELISA_LIMIT_A_INSTANCES:
		return 4096;
	case ELISA_LIMIT_A_EXPORTS:
		return 64;
	case ELISA_LIMIT_A_PINNED_PAGES:
		return 1048576;
	case ELISA_LIMIT_A_SUSPENDED_MS:
		return 3600000;
	case ELISA_LIMIT_A_SECTION_US:
		return 1000;
	}
	return 0;
}
