/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What has to change in the module so that it holds what a policy says: made,
 * looked at, and applied.
 *
 * A VM is known by its own descriptor: the process that the module says has
 * created it is looked at, and the descriptor that is copied out of that process
 * leads to the VM's number.  Numbers are never used twice, so from then on the
 * number is enough.
 */
#ifndef ELISACTL_PLAN_H
#define ELISACTL_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <linux/types.h>

#include "policy.h"
#include "vmident.h"

struct enl;

enum plan_action {
	PLAN_KEEP, /* it has what the policy says */
	PLAN_ENROL,
	PLAN_SET,
	PLAN_DEL,  /* no entry matches, or one that grants nothing */
	PLAN_HAND, /* enrolled by hand: not the policy's business */
};

struct plan_vm {
	enum plan_action action;
	__u32 id;		 /* 0: not enrolled */
	struct vm_ident ident;	 /* only pid, if no process is found */
	char name[VM_NAME_SIZE]; /* in the module's lists */
	bool has_uuid;		 /* likewise */
	__u8 uuid[UUID_SIZE];
	int number;			  /* descriptor, in that process */
	const struct policy_entry *entry; /* what matches, or NULL */
	struct policy_entry *now;	  /* what it has, or NULL */
	bool takes;			  /* it loses something */
	/* of plan_apply() */
	int error;
	char why[512];
	__u32 attachments, exports; /* revoked */
};

struct plan {
	struct plan_vm *vms;
	size_t n;
};

/*
 * Compare POLICY, which must live as long, with the module; it changes nothing.
 * 0 or -errno, with the reason in enl->error.
 */
int plan_make(struct plan *plan, struct enl *enl, const struct policy *policy);
void plan_free(struct plan *plan);

/*
 * Do it: first what takes something away, so that nobody has the old and the
 * new together.  What fails is tried again once, and says so in its VM.
 * Returns how many failed.
 */
unsigned int plan_apply(struct plan *plan, struct enl *enl,
			const struct policy *policy);

/* One difference between what a VM has and what it is to have. */
struct plan_diff {
	const char *change; /* "grant", "take" or "set" */
	char what[ELISA_NAME_SIZE + 16];
	char now[20], then[20]; /* empty: nothing */
};

/* Call FN for each difference of a VM, in a fixed order. */
void plan_diff(const struct plan_vm *vm,
	       void (*fn)(const struct plan_diff *diff, void *arg), void *arg);

#endif /* ELISACTL_PLAN_H */
