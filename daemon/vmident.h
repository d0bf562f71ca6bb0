/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Who a VM is, as far as its VMM's process tells.
 *
 * The uid comes from the kernel and is strong.  Name and UUID come from the
 * process's own command line: whoever can start a VMM can claim any of them.
 */
#ifndef ELISACTL_VMIDENT_H
#define ELISACTL_VMIDENT_H

#include <stdbool.h>
#include <stddef.h>
#include <linux/types.h>
#include <sys/types.h>

#include "uuid.h"

#define VM_NAME_SIZE	64	/* ELISA_A_VM_NAME, with the terminating zero */
#define VM_COMM_SIZE	64

struct vm_ident {
	pid_t pid;		/* process, not thread */
	bool has_uid;		/* false when real, effective, ... differ */
	uid_t uid;
	char name[VM_NAME_SIZE];	/* empty: none claimed */
	bool has_uuid;
	__u8 uuid[UUID_SIZE];
	char comm[VM_COMM_SIZE];
};

/* Is this 1..63 printable ASCII bytes? */
bool vm_name_valid(const char *name, size_t len);

/* CMDLINE is the content of /proc/PID/cmdline. */
void vm_ident_from_cmdline(struct vm_ident *ident, const char *cmdline,
			   size_t len);

/* STATUS is the content of /proc/PID/status; -EINVAL when it is not that. */
int vm_ident_from_status(struct vm_ident *ident, const char *status);

/* Read both files of a process or of any of its threads. */
int vm_ident_read(struct vm_ident *ident, pid_t pid);

/* "pid 12 (qemu) uid 107 name web uuid ..." for messages */
void vm_ident_format(const struct vm_ident *ident, char *buf, size_t size);

#endif /* ELISACTL_VMIDENT_H */
