// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "policy.h"

static const char *const pcid_names[] = {
	[ELISA_PCID_INTERCEPT] = "intercept",
	[ELISA_PCID_DENY] = "deny",
	[ELISA_PCID_TRUST] = "trust",
};

bool pcid_parse(const char *text, __u8 *pcid)
{
	__u8 i;

	for (i = 0; i < __ELISA_PCID_MAX; i++) {
		if (!strcmp(text, pcid_names[i])) {
			*pcid = i;
			return true;
		}
	}
	return false;
}

const char *pcid_name(__u8 pcid)
{
	return pcid < __ELISA_PCID_MAX ? pcid_names[pcid] : "unknown";
}

void rights_format(__u32 rights, char text[RIGHTS_TEXT_SIZE])
{
	strcpy(text, rights & ELISA_RIGHT_WRITE ? "rw" : "ro");
	if (rights & ELISA_RIGHT_KERNEL)
		strcat(text, "k");
	if (rights & ELISA_RIGHT_FULL_TRUST)
		strcat(text, "f");
}

__u32 rights_parse(const char *text)
{
	__u32 rights = ELISA_RIGHT_READ;

	if (text[0] != 'r' || (text[1] != 'o' && text[1] != 'w'))
		return 0;
	if (text[1] == 'w')
		rights |= ELISA_RIGHT_WRITE;
	text += 2;
	if (*text == 'k') {
		rights |= ELISA_RIGHT_KERNEL;
		text++;
	}
	if (*text == 'f') {
		rights |= ELISA_RIGHT_FULL_TRUST;
		text++;
	}
	return *text ? 0 : rights;
}

void policy_init(struct policy *policy)
{
	memset(policy, 0, sizeof(*policy));
}

void policy_free(struct policy *policy)
{
	size_t i;

	for (i = 0; i < policy->n_files; i++)
		free(policy->files[i]);
	free(policy->files);
	free(policy->entries);
	policy_init(policy);
}

const char *policy_add_file(struct policy *policy, const char *name)
{
	char **files;

	files = reallocarray(policy->files, policy->n_files + 1,
			     sizeof(*files));
	if (!files)
		return NULL;
	policy->files = files;
	files[policy->n_files] = strdup(name);
	if (!files[policy->n_files])
		return NULL;
	return files[policy->n_files++];
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

bool policy_match_strong(const struct policy_match *match)
{
	return match->has_uid || match->unit[0] || match->slice[0] ||
	       match->libvirt[0];
}

/* Is what was asked for there, and the same? */
static bool text_fits(const char *want, const char *have)
{
	return !want[0] || !strcmp(want, have);
}

static bool match_one(const struct policy_match *match,
		      const struct vm_ident *ident)
{
	/* The parser lets no such match through; grant nothing all the same. */
	if (!policy_match_strong(match))
		return false;
	if (!text_fits(match->name, ident->name) ||
	    !text_fits(match->unit, ident->unit) ||
	    !text_fits(match->libvirt, ident->libvirt))
		return false;
	if (match->slice[0] && !vm_ident_in_slice(ident, match->slice))
		return false;
	if (match->has_uuid &&
	    (!ident->has_uuid || memcmp(match->uuid, ident->uuid, UUID_SIZE)))
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

bool policy_match_covers(const struct policy_match *a,
			 const struct policy_match *b)
{
	return text_fits(a->name, b->name) && text_fits(a->unit, b->unit) &&
	       text_fits(a->slice, b->slice) &&
	       text_fits(a->libvirt, b->libvirt) &&
	       (!a->has_uuid ||
		(b->has_uuid && !memcmp(a->uuid, b->uuid, UUID_SIZE))) &&
	       (!a->has_uid || (b->has_uid && a->uid == b->uid));
}

bool policy_match_equal(const struct policy_match *a,
			const struct policy_match *b)
{
	return policy_match_covers(a, b) && policy_match_covers(b, a);
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
