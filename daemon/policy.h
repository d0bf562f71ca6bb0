/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The policy: which VM may do what.  A list of entries; the first one that
 * matches a VM counts, and a VM that no entry matches gets nothing.
 */
#ifndef ELISACTL_POLICY_H
#define ELISACTL_POLICY_H

#include <stdbool.h>
#include <stddef.h>
#include <linux/types.h>
#include <sys/types.h>

#include <elisa/hypercall.h>
#include <elisa/netlink.h>

#include "vmident.h"

#define POLICY_ENTRIES_MAX 4096

struct policy_grant {
	__u8 kind;    /* ELISA_GRANT_* */
	__u32 rights; /* ELISA_RIGHT_*, for attach */
	char pattern[ELISA_NAME_SIZE];
};

/* Indexed by ELISA_LIMIT_A_*; what is not set is left to the module. */
struct policy_limits {
	bool set[ELISA_LIMIT_A_MAX + 1];
	__u32 value[ELISA_LIMIT_A_MAX + 1];
};

/*
 * All that are given must match, and one of the strong ones is: name and UUID
 * alone are claims of whoever started the VM.
 */
struct policy_match {
	/* weak */
	char name[VM_NAME_SIZE]; /* empty: not given */
	bool has_uuid;
	__u8 uuid[UUID_SIZE];
	/* strong */
	bool has_uid;
	uid_t uid;
	char unit[VM_UNIT_SIZE];
	char slice[VM_UNIT_SIZE];
	char libvirt[VM_NAME_SIZE];
};

struct policy_entry {
	const char *file; /* where it was written */
	unsigned int line;
	struct policy_match match;
	struct policy_grant grants[ELISA_GRANTS_MAX];
	size_t n_grants;
	struct policy_limits limits;
	__u8 pcid; /* ELISA_PCID_* */
};

struct policy {
	struct policy_entry *entries;
	size_t n_entries;
	char **files;
	size_t n_files;
};

/* Is TEXT "intercept", "deny" or "trust"?  Then *PCID is set. */
bool pcid_parse(const char *text, __u8 *pcid);
const char *pcid_name(__u8 pcid);

/* "ro", "rw", "rwkf"; of an attach grant, as `vm enrol --attach` takes them. */
#define RIGHTS_TEXT_SIZE 8
void rights_format(__u32 rights, char text[RIGHTS_TEXT_SIZE]);
/* 0 when TEXT is not that. */
__u32 rights_parse(const char *text);

void policy_init(struct policy *policy);
void policy_free(struct policy *policy);

/* A copy of NAME that lives as long as the policy; NULL when out of memory. */
const char *policy_add_file(struct policy *policy, const char *name);

/* Append a zeroed entry; NULL when out of memory. */
struct policy_entry *policy_add(struct policy *policy);

/* -EEXIST when the list has KIND with this pattern, -ENOSPC when full. */
int policy_entry_grant(struct policy_entry *entry, __u8 kind,
		       const char *pattern, __u32 rights);

const struct policy_entry *policy_find(const struct policy *policy,
				       const struct vm_ident *ident);

/* Does it say anything that only root decides? */
bool policy_match_strong(const struct policy_match *match);
bool policy_match_equal(const struct policy_match *a,
			const struct policy_match *b);

/* Does A ask for nothing that B does not ask for, too? */
bool policy_match_covers(const struct policy_match *a,
			 const struct policy_match *b);

/* Fill in what LIMITS leaves open. */
void policy_limits_inherit(struct policy_limits *limits,
			   const struct policy_limits *defaults);

#endif /* ELISACTL_POLICY_H */
