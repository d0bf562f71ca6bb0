/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A tiny VM of elisactl's own, and an export that exists for it only: its one
 * entry point adds two numbers.  Nothing of it stays behind.
 */
#ifndef ELISACTL_PROBE_SESSION_H
#define ELISACTL_PROBE_SESSION_H

#include <stdbool.h>
#include <stddef.h>

#include <elisa/hypercall.h>

#include "compiler.h"
#include "nl.h"
#include "probe_vm.h"

struct probe_session {
	struct enl enl;
	struct probe_vm vm;
	char name[ELISA_NAME_SIZE]; /* of the VM and the export */
	bool opened, interposed; /* calls by VMCALL, where VMFUNC is missing */
	__u32 export, vm_id;
	__u64 window; /* after probe_attach() */
	char *text;   /* one sentence about what failed */
	size_t size;
};

/*
 * All return 0, or -errno after a sentence in the session's text.  WHAT becomes a
 * part of the name.  A session that was begun, successfully or not, is to be ended;
 * TEXT has SIZE bytes and stays the caller's.
 */
int probe_begin(struct probe_session *p, const char *what, char *text,
		size_t size);

/* Add the export with this trust, and enrol the VM; before, KVM knows it alone. */
int probe_enrol(struct probe_session *p, __u8 trust);

/* Attach the VM to it, and call it, with arguments whose sum is to come back. */
int probe_attach(struct probe_session *p);
int probe_call(struct probe_session *p, __u64 a, __u64 b);

/* Execute VMCALL; RAX and what else comes back is in REGS. */
int probe_hypercall(struct probe_session *p, unsigned int nr,
		    struct kvm_regs *regs);

/* Remove all of it.  RET as it is, or if that is 0 what failed now. */
int probe_end(struct probe_session *p, int ret);

/* Have that sentence; returns ERROR. */
int __printf(3, 4)
probe_fail(struct probe_session *p, int error, const char *fmt, ...);

#endif /* ELISACTL_PROBE_SESSION_H */
