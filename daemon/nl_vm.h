/* SPDX-License-Identifier: GPL-2.0-only */
/* VM_ENROL, VM_SET, VM_DEL, VM_GET and VM_POLICY_GET. */
#ifndef ELISACTL_NL_VM_H
#define ELISACTL_NL_VM_H

#include <linux/types.h>

#include "policy.h"

struct nl_msg;
struct nlmsghdr;

struct enl_enrol {
	int fd;
	const char *name;
	const __u8 *uuid; /* or NULL */
	pid_t pid;	  /* 0: not told */
	const struct policy_grant *grants;
	size_t n_grants;
	const struct policy_limits *limits; /* or NULL */
	__u8 pcid;
	__u8 origin; /* enum elisa_origin */
};

/* Which VM: the number, or 0 and a descriptor of ours. */
struct enl_which {
	__u32 id;
	int fd;
};

struct enl_set {
	struct enl_which vm;
	const struct policy_grant *grants;
	size_t n_grants;
	const struct policy_limits *limits; /* or NULL */
	__u8 pcid;
	__u8 origin;
};

/* What VM_SET took away. */
struct enl_set_result {
	__u32 id;
	__u32 attachments;
	__u32 exports;
};

/* What a VM may do; only grants, limits and pcid of the entry are filled in. */
struct enl_vm_policy {
	__u32 id;
	__u8 origin;
	struct policy_entry entry;
};

struct enl_vm {
	__u32 id;
	char name[VM_NAME_SIZE];
	bool has_uuid;
	__u8 uuid[UUID_SIZE];
	__u32 pid;
	__u8 state;	    /* enum elisa_vm_state */
	__u32 unmigratable; /* ELISA_UNMIGRATABLE_* */
	__u8 origin;	    /* enum elisa_origin */
	bool has_stats;
	__u64 stat[ELISA_STAT_A_MAX + 1];
};

/* NULL when out of memory or one of the values does not fit. */
struct nl_msg *enl_enrol_msg(int family, const struct enl_enrol *enrol);
struct nl_msg *enl_set_msg(int family, const struct enl_set *set);
struct nl_msg *enl_policy_get_msg(int family, const struct enl_which *vm);
struct nl_msg *enl_vm_del_msg(int family, __u32 id);

/* -EBADMSG when the message is not what it should be. */
int enl_enrol_decode(struct nlmsghdr *nlh, __u32 *id);
int enl_set_decode(struct nlmsghdr *nlh, struct enl_set_result *result);
int enl_policy_decode(struct nlmsghdr *nlh, struct enl_vm_policy *policy);
int enl_vm_decode(struct nlmsghdr *nlh, struct enl_vm *vm);

const char *enl_origin_name(__u8 origin);
const char *enl_vm_state_name(__u8 state);

/* Reasons, separated by commas; "" if there are none.  Unknown: "other". */
#define UNMIGRATABLE_TEXT_SIZE 64
void enl_vm_unmigratable_text(__u32 why, char text[UNMIGRATABLE_TEXT_SIZE]);

#endif /* ELISACTL_NL_VM_H */
