// SPDX-License-Identifier: GPL-2.0-only
/*
 * RESUME and ABORT.
 */
#include <linux/kvm_host.h>
#include <linux/random.h>
#include <asm/processor-flags.h>

#include "attachment.h"
#include "compat/kvm_events.h"
#include "compat/kvm_regs.h"
#include "fpu.h"
#include "gate_code.h"
#include "instance.h"
#include "interpose.h"
#include "mode.h"
#include "resume.h"
#include "section.h"
#include "trace.h"
#include "vcpu.h"
#include "vm.h"

/* Flags that a resumed call takes from the caller, not from its save area. */
#define CALLER_FLAGS (X86_EFLAGS_IF | X86_EFLAGS_IOPL)

/*
 * May @inst run on this vCPU as it is, if it is armed?  Also checked by the entry
 * hook: the VMM can change registers in between.
 */
static bool fits(struct elisa_vcpu *v, struct elisa_instance *inst)
{
	struct kvm_vcpu *vcpu = v->vcpu;
	u64 cr4 = elisa_vmread(GUEST_CR4);

	/* XRSTOR of a component that XCR0 lacks would fault. */
	if (cr4 & X86_CR4_OSXSAVE && inst->saved.fpu_mask & ~vcpu->arch.xcr0)
		return false;
	return elisa_cpl() == inst->att->cpl && elisa_mode_64bit_code();
}

/* vm->lock held */
static struct elisa_instance *find(struct elisa_vm *vm, u64 handle)
{
	struct elisa_attachment *att;

	att = vm->attachment[handle & (ELISA_WINDOWS - 1)];
	return att && !att->dead ? elisa_instance_find(att, handle) : NULL;
}

static int request_locked(struct elisa_vm *vm, struct kvm_vcpu *vcpu,
			  u64 handle)
{
	struct elisa_instance *inst = find(vm, handle);
	struct elisa_vcpu *v;
	unsigned long flags;
	u64 random;
	int err;

	if (!inst)
		return -ENOLINK;
	v = elisa_vcpu_get_or_create(vm, vcpu);
	if (IS_ERR(v) || (!inst->att->interposed &&
			  elisa_vcpu_open_slot(v, inst->att->slot)))
		return -EAGAIN;
	/* What it comes from may sleep. */
	random = get_random_u64();

	raw_spin_lock_irqsave(&v->lock, flags);
	err = -EAGAIN;
	if (v->pending) {
		/* Asked for, but an event came first and changed the plan. */
		elisa_instance_cancel(v->pending);
		v->pending = NULL;
	}
	/*
	 * The mode of one that was armed was looked at when it entered.  CR3 may
	 * have changed without an exit; then this entry finds out, and the guest
	 * asks again.
	 */
	if (!fits(v, inst) || (!v->armed && elisa_mode_refusal(vm, vcpu))) {
		/* The caller takes it that the call is over, so it is. */
		if (elisa_instance_abort(inst, handle))
			err = -EINVAL;
	} else if (elisa_instance_resume(inst, handle, random)) {
		elisa_section_served(inst);
		v->pending = inst;
		v->pending_rip = elisa_rip(vcpu);
		err = 0;
	}
	raw_spin_unlock_irqrestore(&v->lock, flags);
	/* It is RESUMING for this vCPU, whose thread is here, not entering. */
	if (!err) {
		elisa_instance_map(inst, v);
		elisa_instance_set_runner(inst);
	}
	return err;
}

/**
 * elisa_resume_request() - RESUME hypercall
 * @vm: the caller's VM
 * @vcpu: its vCPU
 * @handle: from the AEP
 *
 * Context: the vCPU's thread, sleeps.
 * Return: 0: enter again without moving RIP; -EAGAIN another vCPU is resuming
 * it, or no memory; -ENOLINK no such call (any more); -EINVAL the vCPU's state
 * does not allow it, the call is aborted.
 */
int elisa_resume_request(struct elisa_vm *vm, struct kvm_vcpu *vcpu, u64 handle)
{
	int err;

	mutex_lock(&vm->lock);
	err = request_locked(vm, vcpu, handle);
	mutex_unlock(&vm->lock);
	return err;
}

/**
 * elisa_resume_abort() - ABORT hypercall
 * @vm: the VM
 * @handle: from the AEP
 *
 * Context: sleeps.  Return: 0, -ENOLINK, -EBUSY.
 */
int elisa_resume_abort(struct elisa_vm *vm, u64 handle)
{
	struct elisa_instance *inst;
	int err = -ENOLINK;

	mutex_lock(&vm->lock);
	inst = find(vm, handle);
	if (inst)
		err = elisa_instance_abort(inst, handle) ? 0 : -EBUSY;
	mutex_unlock(&vm->lock);
	return err;
}

static void load_call(struct elisa_vcpu *v, struct elisa_instance *inst)
{
	const struct elisa_saved *saved = &inst->saved;
	struct kvm_vcpu *vcpu = v->vcpu;

	memcpy(vcpu->arch.regs, saved->regs, sizeof(saved->regs));
	elisa_set_rsp(vcpu, saved->regs[VCPU_REGS_RSP]);
	elisa_set_rip(vcpu, saved->rip);
	elisa_load_rflags(vcpu, (saved->rflags & ~(u64)CALLER_FLAGS) |
					inst->att->rflags);
	elisa_clear_event_state();
	vcpu->arch.cr2 = saved->cr2;
	elisa_fpu_load(inst->fpu, saved->fpu_mask);

	v->private.va[ELISA_GATE_RSP_OFFSET / 8] = saved->caller_rsp;
	if (inst->att->interposed)
		elisa_interpose_close_list(v);
	/* As the gate's entry half leaves it; list[1] is 0 outside a call. */
	else if (!inst->att->is_full)
		v->list.va[ELISA_IDX_DEFAULT] =
			v->default_eptp & (~0xffULL | ELISA_GATE_DEFAULT_CLEAR);
	elisa_vmwrite(EPT_POINTER, inst->eptp);
}

/**
 * elisa_resume_enter() - load a call at VM entry, if nothing came between
 * @v: vCPU with v->pending, v->lock held
 *
 * The window's gate leads to the resumed instance afterwards; the one that it
 * led to is idle, because the vCPU is in the default context, and is freed.
 *
 * Context: entry hook.
 */
void elisa_resume_enter(struct elisa_vcpu *v)
{
	struct elisa_instance *inst = v->pending;
	struct kvm_vcpu *vcpu = v->vcpu;

	v->pending = NULL;
	if (!v->armed || elisa_rip(vcpu) != v->pending_rip ||
	    vcpu->arch.hflags & HF_SMM_MASK ||
	    elisa_vmread(VM_ENTRY_INTR_INFO_FIELD) & INTR_INFO_VALID_MASK ||
	    READ_ONCE(inst->att->dead) || !fits(v, inst) ||
	    !elisa_instance_enter(inst)) {
		elisa_instance_cancel(inst);
		return;
	}
	elisa_vcpu_unbind(v, inst->att->slot);
	elisa_vcpu_bind(v, inst->att->slot, inst);
	load_call(v, inst);
	atomic64_inc(&v->vm->stats.resumes);
	trace_elisa_resume(v->vm->id, vcpu->vcpu_idx, inst->att->id,
			   inst->saved.rip);
}
