/* SPDX-License-Identifier: GPL-2.0-only */
/* What an enrolled VM may do now, and how that changes. */
#ifndef ELISA_VM_POLICY_H
#define ELISA_VM_POLICY_H

#include <linux/types.h>

struct elisa_attachment;
struct elisa_vm;
struct elisa_vm_policy;

/** struct elisa_revoked - what a changed policy took away */
struct elisa_revoked {
	u32 attachments;
	u32 exports;
};

u32 elisa_vm_rights(struct elisa_vm *vm, u8 kind, const char *name);
int elisa_vm_may_keep(const struct elisa_attachment *att);
int elisa_vm_set(struct elisa_vm *vm, struct elisa_vm_policy *policy,
		 struct elisa_revoked *revoked);

#endif /* ELISA_VM_POLICY_H */
