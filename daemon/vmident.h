/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Who a VM is, as far as its VMM's process tells.
 *
 * The uid comes from the kernel and is strong.  So does the control group; of
 * its path only that part is used which the system's service manager made, and
 * it obeys root: the slices that the path begins with, and the unit (a scope or
 * a service) behind them.  What users have below that is not looked at.
 *
 * Name and UUID come from the process's own command line: whoever can start a
 * VMM can claim any of them.
 */
#ifndef ELISACTL_VMIDENT_H
#define ELISACTL_VMIDENT_H

#include <stdbool.h>
#include <stddef.h>
#include <linux/types.h>
#include <sys/types.h>

#include "uuid.h"

#define VM_NAME_SIZE 64 /* ELISA_A_VM_NAME, with the terminating zero */
#define VM_COMM_SIZE 64
#define VM_UNIT_SIZE 256 /* systemd's limit, with the terminating zero */

struct vm_ident {
	pid_t pid;    /* process, not thread */
	bool has_uid; /* false when real, effective, ... differ */
	uid_t uid;
	char name[VM_NAME_SIZE]; /* empty: none claimed */
	bool has_uuid;
	__u8 uuid[UUID_SIZE];
	char comm[VM_COMM_SIZE];
	char slices[VM_UNIT_SIZE];  /* "a.slice/a-b.slice"; empty: none */
	char unit[VM_UNIT_SIZE];    /* "x.scope"; empty: none */
	char libvirt[VM_NAME_SIZE]; /* the domain that the unit is for */
	bool is_silent; /* its command line could not be had in time */
};

/* Is this 1..63 printable ASCII bytes? */
bool vm_name_valid(const char *name, size_t len);

/* CMDLINE is the content of /proc/PID/cmdline. */
void vm_ident_from_cmdline(struct vm_ident *ident, const char *cmdline,
			   size_t len);

/* STATUS is the content of /proc/PID/status; -EINVAL when it is not that. */
int vm_ident_from_status(struct vm_ident *ident, const char *status);

/*
 * CGROUP is the content of /proc/PID/cgroup.  Without systemd, or in a part of
 * the tree that it does not manage, there is neither unit nor slice.
 */
void vm_ident_from_cgroup(struct vm_ident *ident, const char *cgroup);
bool vm_ident_in_slice(const struct vm_ident *ident, const char *slice);

/* Can this be the name of a system unit that runs processes, or of a slice? */
bool vm_unit_valid(const char *name, size_t len);
bool vm_slice_valid(const char *name, size_t len);

/*
 * Of a process or of any of its threads: all that the kernel tells, which makes it
 * wait for nobody.
 */
int vm_ident_read(struct vm_ident *ident, pid_t pid);

/*
 * Of process IDENT->pid: what its command line claims.  That is memory of the
 * process, and reading it may take for as long as the process likes.
 */
int vm_ident_read_claims(struct vm_ident *ident);

/* pid=12 comm="qemu" uid=107 unit=x.scope name="web" uuid=..., as far as known */
#define VM_IDENT_TEXT_SIZE 640
void vm_ident_format(const struct vm_ident *ident, char *buf, size_t size);

#endif /* ELISACTL_VMIDENT_H */
