// SPDX-License-Identifier: GPL-2.0-only
/*
 * Interposed calls: entering sub.  aex.c has the way back.
 */
#include <linux/kvm_host.h>
#include <linux/nospec.h>
#include <asm/processor-flags.h>

#include <elisa/layout.h>

#include "attachment.h"
#include "bind.h"
#include "compat/kvm_events.h"
#include "compat/kvm_regs.h"
#include "gate_code.h"
#include "instance.h"
#include "interpose.h"
#include "mode.h"
#include "vcpu.h"
#include "vm.h"

/* The instance that a call by the VMCALL at @rip is for. */
static struct elisa_instance *instance_at(struct elisa_vcpu *v, u64 rip)
{
	u64 slot = (rip - ELISA_WINDOW_BASE) / ELISA_WINDOW_SIZE;
	struct elisa_instance *inst =
		v->slot[array_index_nospec(slot, ELISA_WINDOWS)].instance;

	return inst && inst->att->interposed && !READ_ONCE(inst->att->dead) &&
			       elisa_cpl() == inst->att->cpl ?
		       inst :
		       NULL;
}

/**
 * elisa_interpose_request() - may a VMCALL of ours begin a call?
 * @v: vCPU, in the default context after that exit, from 64-bit code
 *
 * A MOV to SS before the VMCALL has left its shadow, and with RFLAGS.TF a single
 * step that is pending behind it: VM entry fails where one is there and the other
 * is not (SDM vol. 3, "Checks on Guest Non-Register State").  Both go, here and
 * wherever RIP stays on such a VMCALL or leaves it.
 *
 * Context: handler hook; takes v->lock.
 * Return: true: enter again without moving RIP.  false: it is none of an entry
 * stub, or there is more to do, or to refuse, than can be done here: CALL is then
 * a hypercall like others.
 */
bool elisa_interpose_request(struct elisa_vcpu *v)
{
	unsigned long flags;
	u64 rip;

	if (!elisa_bind_is_interposed(v->vcpu))
		return false;
	rip = elisa_rip(v->vcpu);
	raw_spin_lock_irqsave(&v->lock, flags);
	if (v->armed && instance_at(v, rip))
		v->call_rip = rip;
	else
		rip = 0;
	raw_spin_unlock_irqrestore(&v->lock, flags);
	if (rip)
		elisa_clear_event_state();
	return rip;
}

/**
 * elisa_interpose_close_list() - leave VMFUNC no context to switch to
 * @v: vCPU about to enter an instance of an interposed attachment, v->lock held
 *
 * The next exit from it fills the list again.
 */
void elisa_interpose_close_list(struct elisa_vcpu *v)
{
	v->list.va[ELISA_IDX_DEFAULT] = 0;
	v->list.va[ELISA_IDX_GATE] = 0;
}

/**
 * elisa_interpose_enter() - begin a call at VM entry, if nothing came between
 * @v: vCPU with v->call_rip, v->lock held, armed or disarmed for this entry
 *
 * Since the request the instance may have been unbound, the attachment revoked,
 * and the VMM may have changed what it likes.  Then the guest is left where it is,
 * and executes its VMCALL again.
 *
 * TF is cleared as in the gate.
 *
 * Context: entry hook.
 */
void elisa_interpose_enter(struct elisa_vcpu *v)
{
	struct elisa_instance *inst = instance_at(v, v->call_rip);
	struct kvm_vcpu *vcpu = v->vcpu;
	u64 rip = v->call_rip, rflags;

	v->call_rip = 0;
	if (!v->armed || !inst || elisa_rip(vcpu) != rip ||
	    !elisa_mode_64bit_code() || vcpu->arch.hflags & HF_SMM_MASK ||
	    elisa_vmread(VM_ENTRY_INTR_INFO_FIELD) & INTR_INFO_VALID_MASK)
		return;
	rflags = elisa_rflags() & ~(u64)X86_EFLAGS_TF;
	inst->caller_rflags = rflags;
	v->private.va[ELISA_GATE_RSP_OFFSET / 8] = elisa_rsp(vcpu);
	elisa_set_rip(vcpu,
		      ELISA_WINDOW(inst->att->slot) + ELISA_W_GATE +
			      elisa_gate_entry_end(ELISA_VARIANT_INTERPOSED));
	elisa_load_rflags(vcpu, (rflags & ~(u64)X86_EFLAGS_IOPL) |
					(inst->att->rflags & X86_EFLAGS_IOPL));
	/* Again: it is among what a VMM can change. */
	elisa_clear_event_state();
	elisa_interpose_close_list(v);
	elisa_vmwrite(EPT_POINTER, inst->eptp);
	atomic64_inc(&v->vm->stats.interposed);
}
