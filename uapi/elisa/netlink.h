/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * Generic netlink family "elisa": how the host decides who may share what.
 * The machine-readable description is uapi/elisa.yaml.
 *
 * Every command needs CAP_SYS_ADMIN in the initial user namespace and is
 * served in the initial network namespace only.  Every refusal carries an
 * extended ACK message.
 *
 * Dumps go by the IDs of VMs and exports, which are never used again: while
 * others come and go, what is there all the time is in a dump once.
 */
#ifndef _UAPI_ELISA_NETLINK_H
#define _UAPI_ELISA_NETLINK_H

#define ELISA_GENL_NAME		"elisa"
#define ELISA_GENL_VERSION	1
#define ELISA_GENL_MCGRP_EVENTS "events"

/*
 * INFO        do    ->  ABI, HOOKS, N_VMS, N_EXPORTS
 * VM_ENROL    do    VM_FD, VM_NAME, [VM_UUID], [VM_PID], [GRANT...],
 *                   [LIMITS], [PCID], [ORIGIN]     ->  VM_ID
 *                   Lets the VM behind the KVM file descriptor VM_FD of the
 *                   sending process use ELISA under the given grants.
 * VM_SET      do    VM_ID or VM_FD, [GRANT...], [LIMITS], [PCID], [ORIGIN]
 *                                  ->  VM_ID, N_ATTACHMENTS, N_EXPORTS
 *                   Replaces the policy of an enrolled VM, all of it or
 *                   nothing; what is not given is as in VM_ENROL.  Attachments
 *                   and exports that lose a right are revoked; the answer says
 *                   how many were.  When it comes no vCPU is in a sub context
 *                   of them and none can enter.  A limit below what is in use
 *                   takes nothing away, but nothing more is given.
 * VM_POLICY_GET do  VM_ID or VM_FD  ->  VM_ID, GRANT..., LIMITS, PCID, ORIGIN
 * VM_DEL      do    VM_ID.  Revokes all its attachments and exports first.
 * VM_GET      dump  -> VM_ID VM_NAME VM_UUID VM_PID VM_STATE UNMIGRATABLE
 *                      ORIGIN STATS
 * EXPORT_GET  dump  -> EXPORT_ID EXPORT_NAME VM_ID (0: the host) TRUST
 *                      N_ENTRIES IMAGE_PAGES DATA_PAGES N_ATTACHMENTS
 *                      DATA_SOURCE DATA_INODE
 * EXPORT_ADD  do    EXPORT_NAME, IMAGE_FD, SEGMENT..., ENTRY...,
 *                   [DATA_PAGES], [DATA_FD], [TRUST]  ->  EXPORT_ID
 *                   An export of the host itself.  The file IMAGE_FD of the
 *                   sending process holds the image, relocated, as it will lie
 *                   at ELISA_SUB_IMAGE; it is copied.  The shared memory is
 *                   DATA_PAGES of the module's, zeroed; with DATA_FD it is that
 *                   of a memfd, which is sealed against shrinking, open for
 *                   writing, and a multiple of 4096 bytes long: its first
 *                   DATA_PAGES, all without or with 0.  They stay pinned, and
 *                   charged to the sender's user.  The module cannot be
 *                   unloaded until EXPORT_DEL.
 * EXPORT_DEL  do    EXPORT_ID.  Revokes: when it returns no vCPU is in a sub
 *                   context of the export and none can enter.
 * ATTACHMENT_GET dump -> ATTACHMENT_ID VM_ID EXPORT_ID EXPORT_NAME RIGHTS
 *                      WINDOW XBUF_PAGES N_INSTANCES CALLS
 * ATTACHMENT_DEL do   ATTACHMENT_ID, [FORGET].  Revokes one attachment, as
 *                   EXPORT_DEL all of an export's: its calls end with -ENOLINK,
 *                   its exchange buffer is unpinned.  Its window stays its own
 *                   until the guest's DETACH, or FORGET.
 * EVENT       multicast: EVENT_KIND and what it is about
 */
enum elisa_genl_cmd {
	ELISA_CMD_UNSPEC,
	ELISA_CMD_INFO,
	ELISA_CMD_VM_ENROL,
	ELISA_CMD_VM_DEL,
	ELISA_CMD_VM_GET,
	ELISA_CMD_EXPORT_GET,
	ELISA_CMD_EXPORT_DEL,
	ELISA_CMD_ATTACHMENT_GET,
	ELISA_CMD_EVENT,
	ELISA_CMD_EXPORT_ADD,
	ELISA_CMD_ATTACHMENT_DEL,
	ELISA_CMD_VM_SET,
	ELISA_CMD_VM_POLICY_GET,
	__ELISA_CMD_MAX,
};

#define ELISA_CMD_MAX (__ELISA_CMD_MAX - 1)

enum elisa_genl_attr {
	ELISA_A_UNSPEC,
	ELISA_A_PAD,
	ELISA_A_ABI,	     /* u32 */
	ELISA_A_HOOKS,	     /* u32: 1 while the hooks are installed */
	ELISA_A_N_VMS,	     /* u32 */
	ELISA_A_N_EXPORTS,   /* u32 */
	ELISA_A_VM_ID,	     /* u32, from 1 */
	ELISA_A_VM_FD,	     /* u32: a KVM VM file of the sender */
	ELISA_A_VM_NAME,     /* string, 1..63 bytes */
	ELISA_A_VM_UUID,     /* binary, 16 bytes */
	ELISA_A_VM_PID,	     /* u32, must be the process that created the VM */
	ELISA_A_VM_STATE,    /* u8, enum elisa_vm_state */
	ELISA_A_GRANT,	     /* nest of ELISA_GRANT_A_*, repeated */
	ELISA_A_LIMITS,	     /* nest of ELISA_LIMIT_A_* */
	ELISA_A_PCID,	     /* u8, enum elisa_pcid */
	ELISA_A_STATS,	     /* nest of ELISA_STAT_A_* */
	ELISA_A_EXPORT_ID,   /* u32, from 1 */
	ELISA_A_EXPORT_NAME, /* string, 1..31 bytes */
	ELISA_A_N_ENTRIES,   /* u32 */
	ELISA_A_IMAGE_PAGES, /* u32 */
	ELISA_A_DATA_PAGES,  /* u32 */
	ELISA_A_N_ATTACHMENTS, /* u32 */
	ELISA_A_ATTACHMENT_ID, /* u32, from 1 */
	ELISA_A_RIGHTS,	       /* u32, ELISA_RIGHT_* */
	ELISA_A_WINDOW,	       /* u64, guest-virtual address */
	ELISA_A_XBUF_PAGES,    /* u32 */
	ELISA_A_N_INSTANCES,   /* u32 */
	ELISA_A_EVENT_KIND,    /* u8, enum elisa_event */
	ELISA_A_ERRNO,	       /* u32, positive errno of a denial or fault */
	ELISA_A_IMAGE_FD,      /* u32: a regular file of the sender */
	ELISA_A_SEGMENT,       /* nest of ELISA_SEGMENT_A_*, repeated */
	ELISA_A_ENTRY,	       /* nest of ELISA_ENTRY_A_*, repeated */
	ELISA_A_TRUST,	       /* u8, enum elisa_trust */
	ELISA_A_UNMIGRATABLE,  /* u32, ELISA_UNMIGRATABLE_*, 0: it may go */
	/*
	 * flag: the next ATTACH may have the window; a process that still
	 * calls would call into that attachment's export then
	 */
	ELISA_A_FORGET,
	ELISA_A_ORIGIN,	     /* u8, enum elisa_origin */
	ELISA_A_DENIAL,	     /* u8, enum elisa_denial */
	ELISA_A_DATA_FD,     /* u32: a memfd of the sender */
	ELISA_A_DATA_SOURCE, /* u8, enum elisa_data */
	ELISA_A_DATA_INODE,  /* u64: what stat() says of the memfd */
	ELISA_A_CALLS,	     /* u8, enum elisa_calls */
	__ELISA_A_MAX,
};

#define ELISA_A_MAX (__ELISA_A_MAX - 1)

/* A grant: this VM may do KIND with every name that PATTERN matches. */
enum elisa_grant_attr {
	ELISA_GRANT_A_UNSPEC,
	ELISA_GRANT_A_KIND,    /* u8, enum elisa_grant_kind */
	ELISA_GRANT_A_PATTERN, /* string, 1..31 bytes, '*' and '?' match */
	ELISA_GRANT_A_RIGHTS,  /* u32, ELISA_RIGHT_*, for attach */
	__ELISA_GRANT_A_MAX,
};

#define ELISA_GRANT_A_MAX (__ELISA_GRANT_A_MAX - 1)
#define ELISA_GRANTS_MAX  64 /* grants a VM can have */

enum elisa_grant_kind {
	ELISA_GRANT_EXPORT = 1,
	ELISA_GRANT_ATTACH = 2,
};

enum elisa_limit_attr {
	ELISA_LIMIT_A_UNSPEC,
	ELISA_LIMIT_A_ATTACHMENTS,  /* u32, 0..128, default 16 */
	ELISA_LIMIT_A_INSTANCES,    /* u32, 0..4096, default 64 */
	ELISA_LIMIT_A_EXPORTS,	    /* u32, 0..64, default 4 */
	ELISA_LIMIT_A_PINNED_PAGES, /* u32, 0..1048576, default 16384 */
	/*
	 * u32, 0..3600000, default 1000: how long a call may be suspended
	 * while others wait for a lock that it holds; 0: for ever
	 */
	ELISA_LIMIT_A_SUSPENDED_MS,
	/*
	 * u32, 0..1000, default 0: how long a call in a critical section may
	 * put off the host's scheduler; 0: it is interrupted as anywhere
	 */
	ELISA_LIMIT_A_SECTION_US,
	/*
	 * u32, 0..1000, default 10: events of denials, faults and aborted
	 * calls that are sent in a second
	 */
	ELISA_LIMIT_A_EVENTS,
	__ELISA_LIMIT_A_MAX,
};

#define ELISA_LIMIT_A_MAX (__ELISA_LIMIT_A_MAX - 1)

/* Pages of an image; segments do not overlap. */
enum elisa_segment_attr {
	ELISA_SEGMENT_A_UNSPEC,
	ELISA_SEGMENT_A_FIRST_PAGE, /* u32, in the image and in the file */
	ELISA_SEGMENT_A_PAGES,	    /* u32, 1..511 */
	ELISA_SEGMENT_A_PROT,	    /* u32, ELISA_PROT_*, not W with X */
	__ELISA_SEGMENT_A_MAX,
};

#define ELISA_SEGMENT_A_MAX (__ELISA_SEGMENT_A_MAX - 1)

/* An entry point; its index is its position in the message. */
enum elisa_entry_attr {
	ELISA_ENTRY_A_UNSPEC,
	ELISA_ENTRY_A_NAME,   /* string, 1..31 bytes */
	ELISA_ENTRY_A_OFFSET, /* u32, from the start of the image */
	__ELISA_ENTRY_A_MAX,
};

#define ELISA_ENTRY_A_MAX (__ELISA_ENTRY_A_MAX - 1)

/* How far an export's code is trusted (SECURITY.md, "Full trust"). */
enum elisa_trust {
	ELISA_TRUST_SEALED, /* default, and what every VM's export is */
	ELISA_TRUST_FULL,   /* like the host's root; calls are shorter */
	__ELISA_TRUST_MAX,
};

/* How an attachment's calls reach its sub context. */
enum elisa_calls {
	ELISA_CALLS_SEALED,	/* by VMFUNC, and the code is not trusted */
	ELISA_CALLS_FULL,	/* by VMFUNC, to code with full trust */
	ELISA_CALLS_INTERPOSED, /* by VMCALL: an exit to enter, one to return */
};

/* Whose an export's shared memory is. */
enum elisa_data {
	ELISA_DATA_MODULE, /* the module's; of an export of the host */
	ELISA_DATA_VM,	   /* that of the VM which made the export */
	ELISA_DATA_MEMFD,  /* a memfd's; of an export of the host */
};

/* What to do with a vCPU that has CR4.PCIDE set (SECURITY.md, "CR3"). */
enum elisa_pcid {
	ELISA_PCID_INTERCEPT, /* default: its MOV to CR3 exits while armed */
	ELISA_PCID_DENY,      /* such a vCPU cannot use ELISA */
	ELISA_PCID_TRUST, /* allow: the operator trusts the guest's kernel */
	__ELISA_PCID_MAX,
};

/* Who decides about a VM.  Of no meaning to the module, which remembers it. */
enum elisa_origin {
	ELISA_ORIGIN_HAND,   /* default: whoever enrolled it by hand */
	ELISA_ORIGIN_POLICY, /* the policy files, through the daemon */
	__ELISA_ORIGIN_MAX,
};

enum elisa_vm_state {
	ELISA_VM_ACTIVE,
	ELISA_VM_LEAVING, /* vCPUs are still to be disarmed */
	ELISA_VM_GONE,	  /* the VM was destroyed, being cleaned up */
};

/*
 * Why a VM must not be migrated, or its memory saved, now.  One with none of
 * these may be: what exported code wrote to its exchange buffers is in KVM's
 * dirty log.  At its destination it has no attachments; calls end with -ENOLINK.
 */
#define ELISA_UNMIGRATABLE_EXPORTS    1U  /* others write to its memory */
#define ELISA_UNMIGRATABLE_SUSPENDED  2U  /* calls, which would be lost */
#define ELISA_UNMIGRATABLE_DIRTY_RING 4U  /* has no room for buffers */
#define ELISA_UNMIGRATABLE_MOVED      8U  /* a buffer's memory slot did */
#define ELISA_UNMIGRATABLE_SCATTERED  16U /* buffers, not in the log */

enum elisa_stat_attr {
	ELISA_STAT_A_UNSPEC,
	ELISA_STAT_A_PAD,
	ELISA_STAT_A_ATTACHES,	   /* u64: attachments ever made */
	ELISA_STAT_A_DENIED,	   /* u64: refused by policy */
	ELISA_STAT_A_ARMED_VCPUS,  /* u64: armed now */
	ELISA_STAT_A_ATTACHMENTS,  /* u64: now */
	ELISA_STAT_A_EXPORTS,	   /* u64: now */
	ELISA_STAT_A_INSTANCES,	   /* u64: now */
	ELISA_STAT_A_PINNED_PAGES, /* u64: now */
	ELISA_STAT_A_AEX,	   /* u64: asynchronous exits from sub */
	ELISA_STAT_A_RESUMES,	   /* u64 */
	ELISA_STAT_A_GATE_EXITS,   /* u64: exits while in the gate */
	ELISA_STAT_A_FAULTS,	   /* u64: calls ended with -EFAULT */
	ELISA_STAT_A_BUSY,	   /* u64: calls ended with -EBUSY */
	ELISA_STAT_A_WAITS,	   /* u64: sub hypercall WAIT */
	ELISA_STAT_A_YIELDS,	   /* u64: WAITs that gave the CPU away */
	ELISA_STAT_A_ABORTED,	   /* u64: calls ended by SUSPENDED_MS */
	ELISA_STAT_A_SUSPENDED,	   /* u64: calls that are suspended now */
	/* u64: requests of the host's scheduler that a critical section put off */
	ELISA_STAT_A_SECTIONS,
	ELISA_STAT_A_INTERPOSED, /* u64: calls that VMCALL began */
	/* u64: of RESUMES, calls that went on without their guest */
	ELISA_STAT_A_RETAKEN,
	__ELISA_STAT_A_MAX,
};

#define ELISA_STAT_A_MAX (__ELISA_STAT_A_MAX - 1)

enum elisa_event {
	ELISA_EVENT_VM_ENROLLED = 1,
	ELISA_EVENT_VM_GONE,
	ELISA_EVENT_EXPORT_ADDED,
	ELISA_EVENT_EXPORT_REMOVED,
	ELISA_EVENT_ATTACHED,
	ELISA_EVENT_DETACHED,
	ELISA_EVENT_DENIED,
	ELISA_EVENT_FAULT,
	ELISA_EVENT_ABORTED,
	ELISA_EVENT_VM_SET,  /* the VM has another policy */
	ELISA_EVENT_REVOKED, /* an attachment lost a right by that */
};

/* Which rule is missing that would have allowed it. */
enum elisa_denial {
	ELISA_DENIAL_ATTACH = 1, /* one to attach to this name */
	ELISA_DENIAL_EXPORT,	 /* one to export under this name */
	ELISA_DENIAL_KERNEL,	 /* one to attach from the guest's kernel */
	ELISA_DENIAL_FULL_TRUST, /* one to attach with full trust */
};

#endif /* _UAPI_ELISA_NETLINK_H */
