// SPDX-License-Identifier: GPL-2.0-only
/*
 * vCPU state: creation, arming at VM entry, binding instances to gates.
 */
#include <linux/delay.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <asm/cpufeature.h>
#include <asm/processor-flags.h>

#include "aex.h"
#include "attachment.h"
#include "compat/kvm_regs.h"
#include "cpu.h"
#include "cr3.h"
#include "dirty.h"
#include "gate_code.h"
#include "inject.h"
#include "instance.h"
#include "interpose.h"
#include "mode.h"
#include "resume.h"
#include "table.h"
#include "vcpu.h"
#include "vm.h"

/**
 * elisa_vcpu_free() - free a vCPU's state
 * @v: not reachable by hooks, its VMCS disarmed or destroyed, INVEPT done
 */
void elisa_vcpu_free(struct elisa_vcpu *v)
{
	unsigned int i;

	if (!v)
		return;
	/* Left over if the vCPU's thread ended between exit and entry: it cannot. */
	WARN_ON_ONCE(v->wait.runner || v->wait.aborted);
	elisa_section_free(&v->section);
	elisa_ledger_unlink(&v->ledger, &v->gate, &v->vm->ledger);
	for (i = 0; i < ELISA_WINDOWS; i++)
		elisa_table_free(&v->slot[i].gate);
	elisa_table_free(&v->gate_data);
	elisa_table_free(&v->gate_code);
	elisa_ept_free(&v->gate);
	elisa_table_free(&v->private);
	elisa_table_free(&v->list);
	kvfree(v);
}

static int build_gate(struct elisa_vcpu *v)
{
	const struct elisa_apt *apt = &v->vm->apt;
	const u64 r = ELISA_EPT_R, rw = ELISA_EPT_R | ELISA_EPT_W;
	u64 *code;
	int err;

	err = elisa_table_alloc(&v->list);
	if (!err)
		err = elisa_table_alloc(&v->private);
	if (!err)
		err = elisa_ept_alloc(&v->gate);
	if (!err)
		err = elisa_table_alloc(&v->gate_code);
	if (!err)
		err = elisa_table_alloc(&v->gate_data);
	if (err)
		return err;

	code = v->gate_code.va;
	elisa_ept_set_page(code, ELISA_APT_GATE_L3, apt->l3.pa, r);
	elisa_ept_set_page(code, ELISA_APT_GATE_L2, apt->l2.pa, r);
	elisa_ept_set_page(code, ELISA_APT_GATE_L1, apt->l1.pa, r);
	elisa_ept_set_page(code, ELISA_APT_GATE_LOW_L3, apt->low_l3.pa, r);
	elisa_ept_set_page(code, ELISA_APT_GATE_LOW_L2, apt->low_l2.pa, r);
	if (v->vm->la57)
		elisa_ept_set_page(code, ELISA_APT_GATE_L4, apt->l4.pa, r);
	elisa_ept_set_page(v->gate_data.va, ELISA_GATE_LIST_PAGE, v->list.pa,
			   rw);
	elisa_ept_set_page(v->gate_data.va, ELISA_GATE_PRIVATE_PAGE,
			   v->private.pa, rw);

	elisa_ept_build(&v->gate, &v->vm->alias, elisa_cpu_special_base());
	elisa_ept_set_chunk(&v->gate, ELISA_CHUNK_GATE, v->gate_code.pa,
			    ELISA_EPT_R | ELISA_EPT_EXEC);
	elisa_ept_set_chunk(&v->gate, ELISA_CHUNK_GATE_DATA, v->gate_data.pa,
			    rw);
	v->gate_eptp = elisa_eptp(v->gate.pml4.pa);
	v->list.va[ELISA_IDX_GATE] = v->gate_eptp;
	elisa_ledger_link(&v->ledger, &v->gate);
	return 0;
}

/**
 * elisa_vcpu_get_or_create() - a vCPU's state
 * @vm: its VM, with vm->lock held and its gate APT built
 * @vcpu: the vCPU
 *
 * Context: sleeps.  Return: it, or ERR_PTR: -ENOMEM, -EINVAL.
 */
struct elisa_vcpu *elisa_vcpu_get_or_create(struct elisa_vm *vm,
					    struct kvm_vcpu *vcpu)
{
	struct elisa_vcpu *v;
	int err;

	if (vcpu->vcpu_idx < 0 || vcpu->vcpu_idx >= vm->n_vcpu)
		return ERR_PTR(-EINVAL);
	v = vm->vcpu[vcpu->vcpu_idx];
	if (v)
		return v;
	v = elisa_try_alloc(kvzalloc(sizeof(*v), GFP_KERNEL_ACCOUNT));
	if (!v)
		return ERR_PTR(-ENOMEM);
	raw_spin_lock_init(&v->lock);
	elisa_section_init(&v->section);
	v->vm = vm;
	v->vcpu = vcpu;
	err = build_gate(v);
	if (err) {
		elisa_vcpu_free(v);
		return ERR_PTR(err);
	}
	/* Pairs with the hooks' reads: what they find is complete. */
	smp_store_release(&vm->vcpu[vcpu->vcpu_idx], v);
	return v;
}

/**
 * elisa_vcpu_open_slot() - give a window a gate page on this vCPU
 * @v: vCPU
 * @slot: window number
 *
 * Context: vm->lock held, sleeps.  Return: 0 or -ENOMEM.
 */
int elisa_vcpu_open_slot(struct elisa_vcpu *v, unsigned int slot)
{
	struct elisa_table *gate = &v->slot[slot].gate;
	int err;

	if (gate->va)
		return 0;
	err = elisa_table_alloc(gate);
	if (err)
		return err;
	elisa_gate_build((u8 *)gate->va, false);
	elisa_ept_set_page(v->gate_code.va, slot, gate->pa,
			   elisa_cpu_exec_rights());
	elisa_ledger_map(gate->pa, "gate code");
	v->vmfunc = true;
	return 0;
}

/**
 * elisa_vcpu_bind() - let a window's gate lead to an instance
 * @v: vCPU, not in the guest, v->lock held, slot opened
 * @slot: window, with no instance bound
 * @inst: instance in state BOUND
 */
void elisa_vcpu_bind(struct elisa_vcpu *v, unsigned int slot,
		     struct elisa_instance *inst)
{
	struct elisa_slot *s = &v->slot[slot];
	u8 *page = (u8 *)s->gate.va;

	s->instance = inst;
	elisa_ledger_use(&inst->ledger);
	if (inst->att->xbuf.n_pages)
		__set_bit(slot, v->xbufs);
	/* A gate page that an earlier attachment has left stays closed. */
	if (inst->att->interposed)
		return;
	/*
	 * The page stays when a window gets another attachment.  A sealed
	 * instance must never be reached through a full one's gate, which
	 * leaves the default context open to it.
	 */
	if (s->is_full != inst->att->is_full) {
		elisa_gate_build(page, inst->att->is_full);
		s->is_full = inst->att->is_full;
	}
	elisa_gate_set_eptp(page, (u32)inst->eptp);
}

/**
 * elisa_vcpu_release() - close a window's gate
 * @v: vCPU, not in the guest, v->lock held
 * @slot: window with an instance bound, which is the caller's now
 */
void elisa_vcpu_release(struct elisa_vcpu *v, unsigned int slot)
{
	struct elisa_slot *s = &v->slot[slot];
	struct elisa_instance *inst = s->instance;

	s->instance = NULL;
	if (s->gate.va)
		elisa_gate_set_eptp((u8 *)s->gate.va, ELISA_GATE_CLOSED);
	elisa_ledger_unuse(&inst->ledger);
}

/**
 * elisa_vcpu_unbind() - close a window's gate, free its instance
 * @v: vCPU, not in the guest, v->lock held
 * @slot: window
 */
void elisa_vcpu_unbind(struct elisa_vcpu *v, unsigned int slot)
{
	struct elisa_instance *inst = v->slot[slot].instance;

	if (!inst)
		return;
	elisa_vcpu_release(v, slot);
	elisa_instance_unbind(inst);
}

/**
 * elisa_vcpu_sync() - close the gates of revoked attachments
 * @v: vCPU, not in the guest, v->lock held
 */
void elisa_vcpu_sync(struct elisa_vcpu *v)
{
	unsigned int slot;

	v->sync = false;
	if (v->pending && READ_ONCE(v->pending->att->dead)) {
		elisa_instance_cancel(v->pending);
		v->pending = NULL;
	}
	if (v->retake.att && READ_ONCE(v->retake.att->dead))
		v->retake.att = NULL;
	for (slot = 0; slot < ELISA_WINDOWS; slot++)
		if (v->slot[slot].instance &&
		    READ_ONCE(v->slot[slot].instance->att->dead))
			elisa_vcpu_unbind(v, slot);
}

static bool uses(const struct elisa_vcpu *v, const struct elisa_attachment *att)
{
	const struct elisa_instance *inst = v->slot[att->slot].instance;

	return (inst && inst->att == att) ||
	       (v->pending && v->pending->att == att) || v->retake.att == att;
}

/* Is the vCPU free of the attachment?  Makes it so when it may. */
static bool try_drop(struct elisa_vcpu *v, struct elisa_attachment *att)
{
	unsigned long flags;
	bool done;

	raw_spin_lock_irqsave(&v->lock, flags);
	if (READ_ONCE(v->vm->state) == ELISA_VM_GONE)
		v->in_guest = false;
	if (uses(v, att)) {
		if (v->in_guest)
			v->sync = true;
		else
			elisa_vcpu_sync(v);
	}
	done = !uses(v, att);
	raw_spin_unlock_irqrestore(&v->lock, flags);
	return done;
}

/**
 * elisa_vcpu_drop() - take an attachment out of all vCPUs
 * @vm: its VM, vm->lock held
 * @att: the attachment, marked dead
 *
 * A vCPU that is in the guest gets a sync request and a kick; its exit hook
 * then unbinds.  From its entry hook to that its CPU has interrupts off, so when
 * the CPU has taken the kick the hook has run: nobody waits for the thread to
 * be scheduled, nor for anything that its VMM can delay.  Nothing binds an
 * instance of a dead attachment again.
 *
 * Context: sleeps.
 */
void elisa_vcpu_drop(struct elisa_vm *vm, struct elisa_attachment *att)
{
	bool kick = false;
	unsigned int i;

	for (i = 0; i < vm->n_vcpu; i++)
		if (vm->vcpu[i] && !try_drop(vm->vcpu[i], att))
			kick = true;
	if (!kick)
		return;
	elisa_cpu_kick_all();
	for (i = 0; i < vm->n_vcpu; i++)
		while (vm->vcpu[i] && WARN_ON_ONCE(!try_drop(vm->vcpu[i], att)))
			msleep(20);
}

/* v->lock held, v not in the guest; as below. */
static unsigned int unbind_idle(struct elisa_vcpu *v, unsigned int slot,
				unsigned int most)
{
	unsigned int i = slot, end = slot + 1, n = 0;

	if (slot == ELISA_WINDOWS) {
		i = 0;
		end = ELISA_WINDOWS;
	}
	for (; i < end && n < most; i++) {
		if (!v->slot[i].instance)
			continue;
		elisa_vcpu_unbind(v, i);
		n++;
	}
	return n;
}

/**
 * elisa_vcpu_reclaim() - take back idle instances
 * @vm: VM, vm->lock held
 * @slot: window; ELISA_WINDOWS: any
 * @most: how many
 *
 * An instance stays bound after its call returned.  When a VM is at its limit,
 * one that is bound to a vCPU outside the guest goes to another caller.
 *
 * Return: how many are on their attachments' free lists now.
 */
unsigned int elisa_vcpu_reclaim(struct elisa_vm *vm, unsigned int slot,
				unsigned int most)
{
	unsigned long flags;
	unsigned int i, n = 0;

	for (i = 0; i < vm->n_vcpu && n < most; i++) {
		struct elisa_vcpu *v = vm->vcpu[i];

		if (!v)
			continue;
		raw_spin_lock_irqsave(&v->lock, flags);
		if (!v->in_guest)
			n += unbind_idle(v, slot, most - n);
		raw_spin_unlock_irqrestore(&v->lock, flags);
	}
	return n;
}

/*
 * KVM itself wants descriptor-table exits to emulate UMIP.  The bit is in what
 * the guest reads as CR4 then, and not in the CPU's.
 */
static bool kvm_emulates_umip(void)
{
	return elisa_vmread(CR4_READ_SHADOW) & X86_CR4_UMIP &&
	       !boot_cpu_has(X86_FEATURE_UMIP);
}

/**
 * elisa_vcpu_go_native() - descriptor-table exit in the default context
 * @v: vCPU
 *
 * While a vCPU is armed LIDT and its kind exit, so that the guest cannot move
 * its IDT to where a sub context maps memory.  They are rare: the vCPU enters
 * once unarmed and executes the instruction itself; what it did is looked at
 * before the vCPU is armed again.
 *
 * Return: false when the exit is KVM's, which emulates the instruction.
 */
bool elisa_vcpu_go_native(struct elisa_vcpu *v)
{
	if (!v->armed || kvm_emulates_umip())
		return false;
	v->native = true;
	return true;
}

/* KVM's own VM-function settings are 0. */
static void disarm(struct elisa_vcpu *v)
{
	u64 controls = elisa_vmread(SECONDARY_VM_EXEC_CONTROL);

	if (v->vmfunc) {
		elisa_vmwrite(VM_FUNCTION_CONTROL, 0);
		elisa_vmwrite(EPTP_LIST_ADDRESS, 0);
	}
	/*
	 * VM functions stay enabled, with none allowed, for as long as the VM
	 * may use ELISA: VMFUNC exits, and the vCPU is armed again.
	 */
	if (READ_ONCE(v->vm->state) != ELISA_VM_ACTIVE && !v->kvm_vmfunc)
		controls &= ~(u64)SECONDARY_EXEC_ENABLE_VMFUNC;
	if (!kvm_emulates_umip())
		controls &= ~(u64)SECONDARY_EXEC_DESC;
	elisa_vmwrite(SECONDARY_VM_EXEC_CONTROL, controls);
	elisa_cr3_intercept(v, false);
	v->armed = false;
	elisa_ledger_unuse(&v->ledger);
	elisa_vm_disarmed(v->vm);
}

static void arm(struct elisa_vcpu *v)
{
	u64 controls = elisa_vmread(SECONDARY_VM_EXEC_CONTROL);
	u64 want = SECONDARY_EXEC_DESC;

	if (v->vmfunc)
		want |= SECONDARY_EXEC_ENABLE_VMFUNC;
	/* KVM rewrites these controls when its own settings change. */
	if ((controls & want) != want)
		elisa_vmwrite(SECONDARY_VM_EXEC_CONTROL, controls | want);
	if (v->vmfunc &&
	    elisa_vmread(VM_FUNCTION_CONTROL) != VMX_VMFUNC_EPTP_SWITCHING) {
		elisa_vmwrite(VM_FUNCTION_CONTROL, VMX_VMFUNC_EPTP_SWITCHING);
		elisa_vmwrite(EPTP_LIST_ADDRESS, v->list.pa);
	}
	elisa_cr3_intercept(v, elisa_mode_intercepts_cr3(v->vm));
	if (!v->armed) {
		v->kvm_vmfunc = controls & SECONDARY_EXEC_ENABLE_VMFUNC;
		v->armed = true;
		elisa_ledger_use(&v->ledger);
		atomic_inc(&v->vm->stats.armed);
	}
}

static bool may_arm(struct elisa_vcpu *v)
{
	return READ_ONCE(v->vm->state) == ELISA_VM_ACTIVE &&
	       !elisa_mode_refusal(v->vm, v->vcpu);
}

/**
 * elisa_vcpu_enter() - entry hook of a vCPU that has ELISA state
 * @v: vCPU
 *
 * Context: in vmx_vcpu_run(), the last step before VM entry: interrupts off,
 * VMCS loaded, nothing can cancel the entry any more.
 */
void elisa_vcpu_enter(struct elisa_vcpu *v)
{
	u64 eptp;

	/* Out of a fast path, or nearly so: the lock is not held yet. */
	if (READ_ONCE(v->in_guest))
		elisa_inject_linger();
	raw_spin_lock(&v->lock);
	eptp = elisa_vmread(EPT_POINTER);
	/* Not in VMX operation: this entry fails. */
	if (unlikely(!eptp))
		goto out;
	if (unlikely(v->in_guest)) {
		/*
		 * The last exit was handled by a fastpath, without the exit
		 * hook.  Stay in whatever context the vCPU is, unless that is
		 * to go away.
		 */
		if (eptp == v->default_eptp || elisa_aex_is_ours(v, eptp)) {
			if (unlikely(v->sync)) {
				elisa_dirty_mark(v);
				elisa_aex_force(v);
				elisa_vcpu_sync(v);
			}
			goto out;
		}
	}
	if (eptp != v->default_eptp) {
		v->default_eptp = eptp;
		v->list.va[ELISA_IDX_DEFAULT] = eptp;
	}
	if (unlikely(v->sync))
		elisa_vcpu_sync(v);
	if (likely(!v->native && may_arm(v)))
		arm(v);
	else if (v->armed)
		disarm(v);
	v->native = false;
	/* If the exit went to the VMM: there nothing was left to do but to enter. */
	v->exit = ELISA_EXIT_DEFAULT;
	if (unlikely(v->retake.att))
		elisa_retake_enter(v);
	if (unlikely(v->pending))
		elisa_resume_enter(v);
	else if (unlikely(v->call_rip))
		elisa_interpose_enter(v);
	v->in_guest = true;
out:
	raw_spin_unlock(&v->lock);
}
