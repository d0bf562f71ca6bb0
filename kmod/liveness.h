/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Who is alive: the identities of an export's instances.
 *
 * An instance has a slot in its export from its creation to its end, and an
 * identity (struct elisa_sub_self), which is renewed whenever a call in it
 * ends by anything but its return.  The identities in force stand in pages
 * that all sub contexts of the export can read and nobody but the module can
 * write; so a lock that holds the identity of its owner tells whether that is
 * still there.
 *
 * Locks: @lock is taken under a vcpu->lock and over an attachment->lock.
 */
#ifndef ELISA_LIVENESS_H
#define ELISA_LIVENESS_H

#include <linux/atomic.h>
#include <linux/spinlock.h>

#include <elisa/hypercall.h>
#include <elisa/layout.h>

#include "ept.h"

struct elisa_attachment;
struct elisa_instance;
struct elisa_vcpu;
struct elisa_vm;
struct kvm_vcpu;
struct pid;

/**
 * struct elisa_liveness - the identities of an export
 * @lock: guards @inst and with it the existence of the instances
 * @page: what sub contexts read, a u64 each slot
 * @inst: by slot
 * @generation: last one used
 */
struct elisa_liveness {
	raw_spinlock_t lock;
	struct elisa_table page[ELISA_LIVENESS_PAGES];
	struct elisa_instance **inst;
	atomic64_t generation;
};

/**
 * struct elisa_wait - what is left to do for a call that waits
 * @runner: thread whose vCPU ran the owner last, referenced, or NULL
 * @aborted: VM of an owner whose time was over, referenced, or NULL
 * @export_name: with @aborted
 */
struct elisa_wait {
	struct pid *runner;
	struct elisa_vm *aborted;
	char export_name[ELISA_NAME_SIZE];
};

int elisa_liveness_alloc(struct elisa_liveness *live);
void elisa_liveness_free(struct elisa_liveness *live);
int elisa_liveness_add(struct elisa_instance *inst);
void elisa_liveness_remove(struct elisa_instance *inst);
void elisa_liveness_renew(struct elisa_instance *inst);
void elisa_liveness_wait(struct elisa_instance *waiter, u64 owner, bool first,
			 struct elisa_wait *wait);
struct elisa_instance *elisa_liveness_retake(struct elisa_attachment *att,
					     unsigned int slot, u64 handle);
bool elisa_liveness_want(struct elisa_attachment *att, unsigned int slot,
			 u64 handle);
void elisa_wait_finish(struct kvm_vcpu *vcpu);

#endif /* ELISA_LIVENESS_H */
