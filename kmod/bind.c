// SPDX-License-Identifier: GPL-2.0-only
/*
 * Lazy arming and binding.  A vCPU gets its gate context at its first call, a
 * window its instance at the first call after it lost one.  The call is then
 * executed again from its entry stub.
 */
#include <linux/err.h>
#include <linux/kvm_host.h>
#include <linux/nospec.h>

#include <elisa/hypercall.h>

#include "aex.h"
#include "attachment.h"
#include "bind.h"
#include "compat/kvm_events.h"
#include "compat/kvm_regs.h"
#include "instance.h"
#include "mode.h"
#include "pace.h"
#include "reclaim.h"
#include "vcpu.h"
#include "vm.h"

/* VMFUNC and VMCALL are 3 bytes long and end where the gate page begins. */
#define ENTRY_SWITCH (ELISA_W_GATE - 3)

/* vm->lock held; sets *@reclaimed when the VM was at its limit. */
static int bind_locked(struct elisa_vm *vm, struct kvm_vcpu *vcpu,
		       unsigned int slot, bool interposed,
		       enum elisa_reclaim *reclaimed)
{
	struct elisa_attachment *att = vm->attachment[slot];
	struct elisa_instance *inst;
	struct elisa_vcpu *v;
	unsigned long flags;
	int err;

	if (!att || att->dead)
		return -ENOLINK;
	if (att->interposed != interposed || elisa_mode_refusal(vm, vcpu) ||
	    elisa_cpl() != att->cpl)
		return -EOPNOTSUPP;
	v = elisa_vcpu_get_or_create(vm, vcpu);
	if (IS_ERR(v))
		return PTR_ERR(v);
	err = interposed ? 0 : elisa_vcpu_open_slot(v, slot);
	if (err)
		return err;
	/* Only this thread binds on this vCPU, and vm->lock keeps it bound. */
	if (v->slot[slot].instance)
		return 0;
	inst = elisa_instance_take(att, v);
	if (inst == ERR_PTR(-EBUSY)) {
		*reclaimed = elisa_reclaim(att);
		if (*reclaimed != ELISA_RECLAIM_NONE)
			inst = elisa_instance_take(att, v);
	}
	if (IS_ERR(inst))
		return PTR_ERR(inst);
	elisa_instance_map(inst, v);
	elisa_instance_set_runner(inst);
	raw_spin_lock_irqsave(&v->lock, flags);
	elisa_vcpu_bind(v, slot, inst);
	raw_spin_unlock_irqrestore(&v->lock, flags);
	return 0;
}

static void bind(struct elisa_vm *vm, struct kvm_vcpu *vcpu, unsigned int slot,
		 bool interposed)
{
	enum elisa_reclaim reclaimed = ELISA_RECLAIM_NONE;
	int err;

	mutex_lock(&vm->lock);
	err = bind_locked(vm, vcpu, slot, interposed, &reclaimed);
	mutex_unlock(&vm->lock);
	/* A guest can do this with every call, once it has enough windows. */
	if (reclaimed == ELISA_RECLAIM_OTHER)
		elisa_pace(vm);
	if (!err) {
		/* The shadow of a MOV to SS before VMCALL: see interpose.c. */
		if (interposed)
			elisa_clear_event_state();
		return;
	}
	if (err == -EBUSY)
		atomic64_inc(&vm->stats.busy);
	elisa_aex_fail(vcpu, slot, err);
}

/* Is RIP where the last instruction of an entry stub is? */
static bool at_entry(struct kvm_vcpu *vcpu)
{
	u64 offset = elisa_rip(vcpu) - ELISA_WINDOW_BASE;

	return offset < ELISA_WINDOWS * ELISA_WINDOW_SIZE &&
	       offset % ELISA_WINDOW_SIZE == ENTRY_SWITCH;
}

static unsigned int slot_of(struct kvm_vcpu *vcpu)
{
	u64 offset = elisa_rip(vcpu) - ELISA_WINDOW_BASE;

	return array_index_nospec(offset / ELISA_WINDOW_SIZE, ELISA_WINDOWS);
}

/**
 * elisa_bind_is_entry() - is the vCPU at the VMFUNC of an entry stub?
 * @vcpu: the vCPU, in the default context
 *
 * Context: its thread, after an exit.
 */
bool elisa_bind_is_entry(struct kvm_vcpu *vcpu)
{
	return at_entry(vcpu) && !(u32)vcpu->arch.regs[VCPU_REGS_RAX] &&
	       (u32)vcpu->arch.regs[VCPU_REGS_RCX] == ELISA_IDX_GATE &&
	       elisa_mode_64bit_code();
}

/**
 * elisa_bind_first() - VMFUNC in the default context exited
 * @vcpu: the vCPU
 *
 * The entry stub of a window: bind and let it execute VMFUNC again.  Anything
 * else gets the #UD that a CPU without VM functions raises.
 *
 * Context: in place of vmx_handle_exit(), sleeps.
 */
void elisa_bind_first(struct kvm_vcpu *vcpu)
{
	struct elisa_vm *vm = elisa_vm_get(vcpu->kvm);

	if (vm && elisa_bind_is_entry(vcpu))
		bind(vm, vcpu, slot_of(vcpu), false);
	else
		elisa_queue_ud(vcpu);
	if (vm)
		elisa_vm_put(vm);
}

/**
 * elisa_bind_pending() - bind the window that the exit hook noted
 * @vcpu: the vCPU
 *
 * Context: as elisa_bind_first().
 */
void elisa_bind_pending(struct kvm_vcpu *vcpu)
{
	struct elisa_vm *vm = elisa_vm_get(vcpu->kvm);

	/* The exit hook left RIP at the restart address of that window. */
	if (!vm)
		return;
	bind(vm, vcpu, slot_of(vcpu), false);
	elisa_vm_put(vm);
}

/**
 * elisa_bind_is_interposed() - is the vCPU at the VMCALL of an entry stub?
 * @vcpu: the vCPU, in the default context
 *
 * Context: its thread, after an exit by VMCALL from 64-bit code.
 */
bool elisa_bind_is_interposed(struct kvm_vcpu *vcpu)
{
	return at_entry(vcpu) &&
	       vcpu->arch.regs[VCPU_REGS_RAX] == ELISA_HC(ELISA_HC_CALL);
}

/**
 * elisa_bind_interposed() - bind the window of that entry stub
 * @vm: the vCPU's VM
 * @vcpu: the vCPU
 *
 * It then executes VMCALL again, and elisa_interpose_request() takes it.
 *
 * Context: as elisa_bind_first().
 */
void elisa_bind_interposed(struct elisa_vm *vm, struct kvm_vcpu *vcpu)
{
	bind(vm, vcpu, slot_of(vcpu), true);
}
