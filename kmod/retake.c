// SPDX-License-Identifier: GPL-2.0-only
/*
 * Calls that go on without their guest's RESUME.
 */
#include <linux/kvm_host.h>
#include <asm/vmx.h>

#include <elisa/layout.h>

#include "attachment.h"
#include "compat/kvm_regs.h"
#include "instance.h"
#include "liveness.h"
#include "resume.h"
#include "retake.h"
#include "vcpu.h"
#include "vm.h"

/**
 * elisa_retake_note() - an interrupt of the host has met a call
 * @v: vCPU at the AEP, v->lock held
 * @att: the call's attachment
 * @live_slot: its instance's slot
 * @handle: what its AEX has put into RDI
 *
 * Context: exit hook.  The instance may be another's by now.
 */
void elisa_retake_note(struct elisa_vcpu *v, struct elisa_attachment *att,
		       unsigned int live_slot, u64 handle)
{
	v->retake.att = att;
	v->retake.live_slot = live_slot;
	v->retake.handle = handle;
}

/* Is the vCPU where the AEX has left it, and to go on there? */
static bool is_at_aep(struct elisa_vcpu *v)
{
	const struct elisa_retake *r = &v->retake;

	return elisa_rip(v->vcpu) == ELISA_WINDOW(r->att->slot) + ELISA_W_AEP &&
	       v->vcpu->arch.regs[VCPU_REGS_RDI] == r->handle &&
	       !(elisa_vmread(VM_ENTRY_INTR_INFO_FIELD) & INTR_INFO_VALID_MASK);
}

/**
 * elisa_retake_enter() - continue a call that only the host has interrupted
 * @v: vCPU with v->retake.att, v->lock held
 *
 * As if the guest had executed RESUME.  It has not run, so whoever knows the
 * handle is its VMM; the call may have been aborted, resumed and even
 * suspended elsewhere since, which the handle tells.
 *
 * Context: entry hook.  The attachment keeps its export: revocation takes
 * v->lock, in elisa_vcpu_drop(), before it goes on.
 */
void elisa_retake_enter(struct elisa_vcpu *v)
{
	struct elisa_retake *r = &v->retake;
	struct elisa_attachment *att = r->att;
	struct elisa_instance *inst = NULL;

	if (!v->pending && is_at_aep(v))
		inst = elisa_liveness_retake(att, r->live_slot, r->handle);
	r->att = NULL;
	if (!inst)
		return;
	/*
	 * Full trust: a RESUME that was cancelled may have given it another
	 * vCPU's list.  It is RESUMING now, so nobody gives it a third.
	 */
	if (att->is_full && inst->mapped != v) {
		elisa_instance_cancel(inst);
		return;
	}
	v->pending = inst;
	v->pending_rip = elisa_rip(v->vcpu);
	elisa_resume_enter(v);
	if (v->slot[att->slot].instance == inst)
		atomic64_inc(&v->vm->stats.retaken);
}
