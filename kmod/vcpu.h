/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A vCPU that uses ELISA: its gate context, its EPTP list, and which instance
 * each window's gate page leads to.
 *
 *		first VMFUNC, entry hook
 *	idle ----------------------------> armed
 *	     <----------------------------
 *		mode change, VM leaving, entry hook
 *
 * Armed means that the VMCS has all that sub contexts rely on, and VM functions
 * on with the EPTP list if the vCPU has a gate: one that makes interposed calls
 * only has none.  Only the entry hook arms and disarms, with the VMCS loaded.
 *
 * @in_guest is set by the entry hook and cleared by the exit hook, both under
 * @lock.  While it is set the vCPU may be in any instance that is bound to
 * one of its slots, and only the vCPU's own hooks may unbind it; others set
 * @sync and kick.  Between two entries of a fastpath exit it stays set.
 */
#ifndef ELISA_VCPU_H
#define ELISA_VCPU_H

#include <linux/kvm_host.h>
#include <linux/spinlock.h>

#include <elisa/layout.h>

#include "aex.h"
#include "ept.h"
#include "ledger.h"
#include "liveness.h"
#include "retake.h"
#include "section.h"

struct elisa_attachment;
struct elisa_instance;
struct elisa_vm;

/**
 * struct elisa_slot - one window on one vCPU
 * @gate: the gate code page, kept until the VM goes; interposed calls need none
 * @is_full: its variant, that of the attachment which was bound last
 * @instance: what it leads to; NULL: the gate is closed
 */
struct elisa_slot {
	struct elisa_table gate;
	bool is_full;
	struct elisa_instance *instance;
};

/**
 * struct elisa_vcpu - a vCPU's ELISA state
 * @lock: guards all below but the page addresses
 * @list: the EPTP list page
 * @private: the gate-private page; mapped in the gate only
 * @gate: the gate context
 * @gate_code: page table of chunk ELISA_CHUNK_GATE
 * @gate_data: page table of chunk ELISA_CHUNK_GATE_DATA
 * @gate_eptp: EPTP of @gate
 * @default_eptp: KVM's EPTP as of the last entry
 * @ledger: of @gate, in debug builds
 * @in_guest: see above
 * @armed: see above
 * @sync: slots of revoked attachments are to be closed at the next hook
 * @native: let the guest execute one instruction unarmed, see hooks.c
 * @exit: what the exit hook has left for the handler hook; the thread's own
 * @cr3_exits: MOV to CR3 exits, see cr3.c
 * @vmfunc: it has a gate page, so arming includes VM functions
 * @kvm_vmfunc: KVM itself has VM functions enabled, with none allowed
 * @pending: instance to load at the next entry (late RESUME)
 * @pending_rip: the VMCALL that asked for it
 * @call_rip: VMCALL that asked for an interposed call at the next entry, or 0
 * @wait: between the exit hook and elisa_wait_finish(), see liveness.h
 * @section: what is put off for a critical section
 * @retake: a call that an interrupt of the host has met
 * @xbufs: windows whose gate led to an exchange buffer since the last entry
 * @slot: by window
 */
struct elisa_vcpu {
	raw_spinlock_t lock;
	struct elisa_vm *vm;
	struct kvm_vcpu *vcpu;
	struct elisa_table list, private;
	struct elisa_ept gate;
	struct elisa_table gate_code, gate_data;
	u64 gate_eptp, default_eptp;
	struct elisa_ledger_context ledger;
	bool in_guest, armed, sync, native, cr3_exits, vmfunc, kvm_vmfunc;
	enum elisa_exit exit;
	struct elisa_instance *pending;
	u64 pending_rip, call_rip;
	struct elisa_wait wait;
	struct elisa_section section;
	struct elisa_retake retake;
	DECLARE_BITMAP(xbufs, ELISA_WINDOWS);
	struct elisa_slot slot[ELISA_WINDOWS];
};

struct elisa_vcpu *elisa_vcpu_get_or_create(struct elisa_vm *vm,
					    struct kvm_vcpu *vcpu);
void elisa_vcpu_free(struct elisa_vcpu *v);
int elisa_vcpu_open_slot(struct elisa_vcpu *v, unsigned int slot);
void elisa_vcpu_bind(struct elisa_vcpu *v, unsigned int slot,
		     struct elisa_instance *inst);
void elisa_vcpu_release(struct elisa_vcpu *v, unsigned int slot);
void elisa_vcpu_unbind(struct elisa_vcpu *v, unsigned int slot);
void elisa_vcpu_sync(struct elisa_vcpu *v);
unsigned int elisa_vcpu_reclaim(struct elisa_vm *vm, unsigned int slot,
				unsigned int most);
bool elisa_vcpu_go_native(struct elisa_vcpu *v);
void elisa_vcpu_enter(struct elisa_vcpu *v);
void elisa_vcpu_drop(struct elisa_vm *vm, struct elisa_attachment *att);

#endif /* ELISA_VCPU_H */
