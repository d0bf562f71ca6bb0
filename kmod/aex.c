// SPDX-License-Identifier: GPL-2.0-only
/*
 * Asynchronous exits, and faults in gate and sub.
 */
#include <linux/kvm_host.h>
#include <linux/nospec.h>
#include <asm/processor-flags.h>
#include <asm/vmx.h>

#include <elisa/hypercall.h>

#include "aex.h"
#include "attachment.h"
#include "compat/kvm_events.h"
#include "compat/kvm_regs.h"
#include "dirty.h"
#include "fpu.h"
#include "gate_code.h"
#include "instance.h"
#include "invariant.h"
#include "mode.h"
#include "trace.h"
#include "vcpu.h"
#include "vm.h"

#define EXIT_REASON_BASIC	  0xffff
#define EXIT_REASON_ENTRY_FAILED  BIT(31)
#define QUALIFICATION_SINGLE_STEP BIT(14)

/** struct cause - why the vCPU left gate or sub */
struct cause {
	u32 reason;	     /* basic exit reason */
	u8 vector;	     /* with @is_vector */
	bool is_vector;	     /* an exception or INT n */
	bool async;	     /* not caused by the code that ran */
	bool vectored;	     /* met while an event was delivered */
	bool single_step;    /* #DB by RFLAGS.TF */
	bool host_interrupt; /* and nothing else; see retake.h */
};

/* Exits that have nothing to do with the instruction that was executing. */
static bool reason_is_async(u32 reason)
{
	switch (reason) {
	case EXIT_REASON_EXTERNAL_INTERRUPT:
	case EXIT_REASON_INIT_SIGNAL:
	case EXIT_REASON_SIPI_SIGNAL:
	case EXIT_REASON_INTERRUPT_WINDOW:
	case EXIT_REASON_NMI_WINDOW:
	case EXIT_REASON_PAUSE_INSTRUCTION:
	case EXIT_REASON_TPR_BELOW_THRESHOLD:
	case EXIT_REASON_EOI_INDUCED:
	case EXIT_REASON_PREEMPTION_TIMER:
	case EXIT_REASON_PML_FULL:
	case EXIT_REASON_MCE_DURING_VMENTRY:
	case EXIT_REASON_BUS_LOCK:
	case EXIT_REASON_NOTIFY:
		return true;
	default:
		return false;
	}
}

/*
 * Events that go through the IDT arrive as an EPT violation with vectoring
 * information; those that KVM intercepts (#UD, #DB, #AC, #MC, NMI) as
 * EXCEPTION_NMI.  SDM vol. 3, "Information for VM Exits That Occur During
 * Event Delivery".
 */
static void find_cause(struct cause *c)
{
	u32 reason = elisa_vmread(VM_EXIT_REASON);
	u32 vectoring = elisa_vmread(IDT_VECTORING_INFO_FIELD);
	u32 info, type;

	memset(c, 0, sizeof(*c));
	c->reason = reason & EXIT_REASON_BASIC;
	if (reason & EXIT_REASON_ENTRY_FAILED) {
		c->async = true;
	} else if (vectoring & VECTORING_INFO_VALID_MASK) {
		type = vectoring & VECTORING_INFO_TYPE_MASK;
		c->vectored = true;
		c->vector = vectoring & VECTORING_INFO_VECTOR_MASK;
		c->async = type == INTR_TYPE_EXT_INTR ||
			   type == INTR_TYPE_NMI_INTR;
		c->is_vector = !c->async;
	} else if (c->reason == EXIT_REASON_EXCEPTION_NMI) {
		info = elisa_vmread(VM_EXIT_INTR_INFO);
		type = info & INTR_INFO_INTR_TYPE_MASK;
		c->vector = info & INTR_INFO_VECTOR_MASK;
		/* KVM has served the NMI or machine check already. */
		c->async = type == INTR_TYPE_NMI_INTR || c->vector == 18;
		c->is_vector = !c->async;
		c->single_step = c->is_vector && c->vector == 1 &&
				 elisa_vmread(EXIT_QUALIFICATION) &
					 QUALIFICATION_SINGLE_STEP;
	} else {
		c->async = reason_is_async(c->reason);
		c->host_interrupt = c->reason == EXIT_REASON_EXTERNAL_INTERRUPT;
	}
}

/* KVM re-injects a vectored event itself; other async exits are its own. */
static enum elisa_exit finish(const struct cause *c)
{
	return c->async && !c->vectored ? ELISA_EXIT_PASS : ELISA_EXIT_DONE;
}

static void scrub_regs(struct kvm_vcpu *vcpu)
{
	unsigned long rsp = vcpu->arch.regs[VCPU_REGS_RSP];

	memset(vcpu->arch.regs, 0, ELISA_GPRS * sizeof(*vcpu->arch.regs));
	vcpu->arch.regs[VCPU_REGS_RSP] = rsp;
}

static u64 gate_rsp(const struct elisa_vcpu *v)
{
	return v->private.va[ELISA_GATE_RSP_OFFSET / 8];
}

/*
 * End the call in window @slot at its return stub.  RSP must be the caller's.
 */
static void complete_call(struct kvm_vcpu *vcpu, unsigned int slot, u64 rsp,
			  int err, u64 details)
{
	scrub_regs(vcpu);
	vcpu->arch.regs[VCPU_REGS_RAX] = (u64)(s64)err;
	vcpu->arch.regs[VCPU_REGS_RDX] = details;
	elisa_set_rsp(vcpu, rsp);
	elisa_set_rip(vcpu, ELISA_WINDOW(slot) + ELISA_W_RETURN);
	elisa_clear_event_state();
}

/**
 * elisa_aex_fail() - end a call that is waiting at its entry stub
 * @vcpu: vCPU in the default context, in its own thread
 * @slot: window
 * @err: -errno for the caller
 */
void elisa_aex_fail(struct kvm_vcpu *vcpu, unsigned int slot, int err)
{
	complete_call(vcpu, slot, elisa_rsp(vcpu), err, 0);
}

static u64 fault_details(const struct cause *c)
{
	u64 kind, code;

	if (c->is_vector) {
		kind = ELISA_FAULT_KIND_VECTOR;
		code = c->vector;
	} else if (c->reason == EXIT_REASON_EPT_VIOLATION ||
		   c->reason == EXIT_REASON_EPT_MISCONFIG) {
		kind = ELISA_FAULT_KIND_MEMORY;
		code = c->reason;
	} else {
		kind = ELISA_FAULT_KIND_EXIT;
		code = c->reason;
	}
	return kind | code << 8;
}

static void clear_tf(struct kvm_vcpu *vcpu)
{
	u64 rflags = elisa_rflags();

	if (rflags & X86_EFLAGS_TF)
		elisa_set_rflags(vcpu, rflags & ~(u64)X86_EFLAGS_TF);
}

/*
 * No instance is bound: then the list has no EPTP for VMFUNC, and the gate page
 * may not be mapped, because the vCPU has none yet or the window was closed.
 */
static bool wants_instance(const struct elisa_vcpu *v, unsigned int slot,
			   const struct cause *c)
{
	return !c->async && !v->slot[slot].instance &&
	       (c->reason == EXIT_REASON_VMFUNC ||
		c->reason == EXIT_REASON_EPT_VIOLATION);
}

static enum elisa_exit gate_fault(struct elisa_vcpu *v, unsigned int slot,
				  u64 rsp, const struct cause *c)
{
	complete_call(v->vcpu, slot, rsp, -EFAULT, fault_details(c));
	atomic64_inc(&v->vm->stats.faults);
	return ELISA_EXIT_DONE;
}

/*
 * In the gate.  The entry half is restarted and the return half rolled
 * forward; neither has done anything that a caller could observe.  A single
 * step is not delivered, the return stub's POPF sets the caller's TF again.
 */
static enum elisa_exit gate_exit(struct elisa_vcpu *v, const struct cause *c)
{
	struct kvm_vcpu *vcpu = v->vcpu;
	u64 rip = elisa_rip(vcpu), rsp = elisa_rsp(vcpu);
	u64 window = rip - ELISA_WINDOW_BASE;
	unsigned int offset = rip & (ELISA_PAGE_SIZE - 1);
	unsigned int slot =
		array_index_nospec(window / ELISA_WINDOW_SIZE, ELISA_WINDOWS);
	bool in_page = window < ELISA_WINDOWS * ELISA_WINDOW_SIZE &&
		       (window & (ELISA_WINDOW_SIZE - 1)) >> 12 == 1;
	bool is_full = in_page && v->slot[slot].is_full;
	bool bind;

	atomic64_inc(&v->vm->stats.gate_exits);
	trace_elisa_gate(v->vm->id, vcpu->vcpu_idx, rip, c->reason, c->async);
	if (!c->async)
		elisa_drop_event(vcpu);
	elisa_clear_event_state();

	if (in_page && offset <= elisa_gate_vmfunc_sub(is_full)) {
		bind = wants_instance(v, slot, c);
		if (!c->async && !c->single_step && !bind)
			return gate_fault(v, slot, offset ? gate_rsp(v) : rsp,
					  c);
		if (!bind)
			clear_tf(vcpu);
		elisa_set_rip(vcpu, ELISA_WINDOW(slot) + ELISA_W_RESTART);
		return bind ? ELISA_EXIT_BIND : finish(c);
	}
	if (in_page && offset >= elisa_gate_return(is_full)) {
		if (!c->async && !c->single_step)
			return gate_fault(v, slot, gate_rsp(v), c);
		clear_tf(vcpu);
		elisa_set_rip(vcpu, ELISA_WINDOW(slot) + ELISA_W_RETURN);
		elisa_set_rsp(vcpu, gate_rsp(v));
		vcpu->arch.regs[VCPU_REGS_RAX] = 0;
		return finish(c);
	}
	/*
	 * Code that switched to the gate from anywhere else: to it, VMFUNC
	 * does not exist.
	 */
	if (c->async)
		return finish(c);
	elisa_queue_ud(vcpu);
	return ELISA_EXIT_DONE;
}

static void restore_segment(const struct elisa_segment *seg,
			    unsigned long selector, unsigned long base,
			    unsigned long limit, unsigned long ar)
{
	elisa_vmwrite(selector, seg->selector);
	elisa_vmwrite(base, seg->base);
	elisa_vmwrite(limit, seg->limit);
	elisa_vmwrite(ar, seg->ar);
}

/*
 * SYSCALL and SYSENTER reach CPL 0 without the IDT, SYSRET leaves it; at CPL 0
 * they and a null SS change selectors and attributes, too.  So does a far
 * transfer, if the caller's GDT lies in memory that sub maps, and it can get to
 * 32-bit code; RIP in a window is no address for that, so VM entry would fail.
 * Return: did the code change its CPL or mode?
 */
static bool restore_code_segments(struct kvm_vcpu *vcpu,
				  const struct elisa_attachment *att)
{
	bool changed = elisa_cpl() != att->cpl || !elisa_mode_64bit_code();

	restore_segment(&att->cs, GUEST_CS_SELECTOR, GUEST_CS_BASE,
			GUEST_CS_LIMIT, GUEST_CS_AR_BYTES);
	restore_segment(&att->ss, GUEST_SS_SELECTOR, GUEST_SS_BASE,
			GUEST_SS_LIMIT, GUEST_SS_AR_BYTES);
	elisa_segments_changed(vcpu);
	return changed;
}

static void save_call(struct elisa_vcpu *v, struct elisa_instance *inst)
{
	struct elisa_saved *saved = &inst->saved;
	struct kvm_vcpu *vcpu = v->vcpu;

	BUILD_BUG_ON(ARRAY_SIZE(saved->regs) != VCPU_REGS_R15 + 1);
	BUILD_BUG_ON(sizeof(*saved->regs) != sizeof(*vcpu->arch.regs));
	memcpy(saved->regs, vcpu->arch.regs, sizeof(saved->regs));
	saved->regs[VCPU_REGS_RSP] = elisa_rsp(vcpu);
	saved->rip = elisa_rip(vcpu);
	saved->rflags = elisa_rflags();
	saved->cr2 = vcpu->arch.cr2;
	saved->caller_rsp = gate_rsp(v);
	saved->fpu_mask = elisa_fpu_mask(vcpu);
	elisa_fpu_save(inst->fpu, saved->fpu_mask);
}

static bool is_bad_index(struct elisa_vcpu *v, const struct cause *c,
			 const struct elisa_attachment *att)
{
	unsigned int bad =
		elisa_landing_bad_index(elisa_attachment_variant(att));

	return c->is_vector && c->vector == 6 && !c->vectored &&
	       elisa_rip(v->vcpu) ==
		       ELISA_WINDOW(att->slot) + ELISA_W_GATE + bad;
}

/* Exported code waits for the owner of a lock: see <elisa/hypercall.h>. */
static bool is_wait(const struct elisa_vcpu *v, const struct cause *c)
{
	return c->reason == EXIT_REASON_VMCALL && !c->async && !c->vectored &&
	       v->vcpu->arch.regs[VCPU_REGS_RAX] == ELISA_SUB_HC_WAIT;
}

static void begin_wait(struct elisa_vcpu *v, struct elisa_instance *inst)
{
	struct elisa_saved *saved = &inst->saved;

	elisa_liveness_wait(inst, saved->regs[VCPU_REGS_RDI],
			    !saved->regs[VCPU_REGS_RSI], &v->wait);
	saved->rip += elisa_vmread(VM_EXIT_INSTRUCTION_LEN);
	saved->regs[VCPU_REGS_RAX] = 0;
	atomic64_inc(&v->vm->stats.waits);
}

/*
 * The vCPU is in a stub now.  KVM's handler of PAUSE gives the CPU to another
 * vCPU and then skips the instruction: let it arrive where it is.
 */
static enum elisa_exit finish_sub(struct elisa_vcpu *v, const struct cause *c)
{
	if (c->reason != EXIT_REASON_PAUSE_INSTRUCTION || c->vectored)
		return finish(c);
	elisa_set_rip(v->vcpu, elisa_rip(v->vcpu) -
				       elisa_vmread(VM_EXIT_INSTRUCTION_LEN));
	return ELISA_EXIT_PASS;
}

/* The VMCALL that ends an interposed landing. */
static bool is_return(const struct elisa_vcpu *v, const struct cause *c,
		      const struct elisa_attachment *att)
{
	return att->interposed && c->reason == EXIT_REASON_VMCALL &&
	       !c->async && !c->vectored &&
	       elisa_rip(v->vcpu) == ELISA_WINDOW(att->slot) + ELISA_W_GATE +
					     elisa_landing_vmcall();
}

/*
 * The caller gets its own flags, but for TF, which its return stub sets again
 * with the rest.  What the code could change at CPL 0 is IF: then KVM is to
 * look whether it has something to inject.
 */
static enum elisa_exit interposed_return(struct elisa_vcpu *v,
					 const struct elisa_instance *inst)
{
	struct kvm_vcpu *vcpu = v->vcpu;

	if ((elisa_rflags() ^ inst->caller_rflags) & X86_EFLAGS_IF)
		elisa_set_rflags(vcpu, inst->caller_rflags);
	else
		elisa_load_rflags(vcpu, inst->caller_rflags);
	complete_call(vcpu, inst->att->slot, gate_rsp(v), 0,
		      vcpu->arch.regs[VCPU_REGS_RDX]);
	return ELISA_EXIT_RETURN;
}

static enum elisa_exit sub_exit(struct elisa_vcpu *v,
				struct elisa_instance *inst,
				const struct cause *c)
{
	struct elisa_attachment *att = inst->att;
	struct kvm_vcpu *vcpu = v->vcpu;
	unsigned int slot = att->slot;
	bool dead = READ_ONCE(att->dead);
	bool wait = is_wait(v, c);
	bool mode_changed, suspend;
	unsigned int live_slot;
	u64 handle, rsp, rip, details = 0;
	int err = 0;

	if (!c->async && !wait)
		elisa_drop_event(vcpu);
	mode_changed = restore_code_segments(vcpu, att);
	if (is_return(v, c, att) && !mode_changed)
		return interposed_return(v, inst);
	suspend = (c->async || wait) && !mode_changed && !dead;
	if (suspend) {
		save_call(v, inst);
	} else if (dead) {
		err = -ENOLINK;
	} else if (is_bad_index(v, c, att)) {
		err = -EINVAL;
	} else {
		err = -EFAULT;
		details = fault_details(c);
	}
	elisa_fpu_scrub(vcpu);
	vcpu->arch.cr2 = 0;
	/* IF and IOPL are never sub's to choose. */
	elisa_set_rflags(vcpu, att->rflags | X86_EFLAGS_FIXED);

	if (suspend) {
		if (wait)
			begin_wait(v, inst);
		rsp = inst->saved.caller_rsp;
		rip = inst->saved.rip;
		elisa_vcpu_release(v, slot);
		elisa_section_served(inst);
		live_slot = inst->live_slot;
		/* From here on it is whoever's finds or aborts it. */
		handle = elisa_instance_suspend(inst, wait);
		if (c->host_interrupt)
			elisa_retake_note(v, att, live_slot, handle);
		scrub_regs(vcpu);
		vcpu->arch.regs[VCPU_REGS_RDI] = handle;
		elisa_set_rsp(vcpu, rsp);
		elisa_set_rip(vcpu, ELISA_WINDOW(slot) + ELISA_W_AEP);
		elisa_clear_event_state();
		atomic64_inc(&v->vm->stats.aex);
		trace_elisa_aex(v->vm->id, vcpu->vcpu_idx, att->id, c->reason,
				rip);
		return wait ? ELISA_EXIT_WAIT : finish_sub(v, c);
	}
	elisa_instance_failed(inst);
	trace_elisa_fault(v->vm->id, vcpu->vcpu_idx, att->id, c->reason,
			  c->vector, elisa_rip(vcpu), err);
	complete_call(vcpu, slot, gate_rsp(v), err, details);
	if (err == -EFAULT)
		atomic64_inc(&v->vm->stats.faults);
	return finish_sub(v, c);
}

static struct elisa_instance *instance_of(struct elisa_vcpu *v, u64 eptp)
{
	unsigned int slot;

	for (slot = 0; slot < ELISA_WINDOWS; slot++)
		if (v->slot[slot].instance &&
		    v->slot[slot].instance->eptp == eptp)
			return v->slot[slot].instance;
	return NULL;
}

/** elisa_aex_is_ours() - is @eptp one of this vCPU's gate or sub contexts? */
bool elisa_aex_is_ours(struct elisa_vcpu *v, u64 eptp)
{
	return eptp == v->gate_eptp || instance_of(v, eptp);
}

/* v->lock held; the exit was from a context of ours. */
static enum elisa_exit leave(struct elisa_vcpu *v, u64 eptp,
			     const struct cause *c)
{
	struct elisa_instance *inst =
		eptp == v->gate_eptp ? NULL : instance_of(v, eptp);

	elisa_invariant_left(v, inst);
	/* KVM sees its own EPTP between exit and entry, always. */
	elisa_vmwrite(EPT_POINTER, v->default_eptp);
	/* HLT need not exit, but what follows is no halted CPU's. */
	elisa_vmwrite(GUEST_ACTIVITY_STATE, GUEST_ACTIVITY_ACTIVE);
	v->list.va[ELISA_IDX_SUB] = 0;
	v->list.va[ELISA_IDX_DEFAULT] = v->default_eptp;
	v->list.va[ELISA_IDX_GATE] = v->gate_eptp;
	if (eptp == v->gate_eptp)
		return gate_exit(v, c);
	if (!WARN_ON_ONCE(!inst))
		return sub_exit(v, inst, c);
	return ELISA_EXIT_DONE;
}

/**
 * elisa_aex_exit() - exit hook of a vCPU that has ELISA state
 * @v: vCPU
 *
 * Context: vmx_handle_exit_irqoff() is about to run in the vCPU's thread,
 * interrupts off; any exit that is not from a nested guest.  An interrupt that
 * caused it has not been served yet.
 */
void elisa_aex_exit(struct elisa_vcpu *v)
{
	struct cause cause;
	u64 eptp;

	raw_spin_lock(&v->lock);
	v->exit = ELISA_EXIT_DEFAULT;
	elisa_section_settle(&v->section);
	v->call_rip = 0;
	if (v->in_guest) {
		v->in_guest = false;
		/* While the gates are as the guest had them. */
		elisa_dirty_mark(v);
		eptp = elisa_vmread(EPT_POINTER);
		if (unlikely(!eptp)) {
			/* The host goes down.  It may have been in sub. */
			scrub_regs(v->vcpu);
			elisa_fpu_scrub(v->vcpu);
			goto out;
		}
		if (unlikely(eptp != v->default_eptp)) {
			find_cause(&cause);
			v->exit = leave(v, eptp, &cause);
		}
		elisa_invariant_check(v);
		if (unlikely(v->sync))
			elisa_vcpu_sync(v);
	}
out:
	raw_spin_unlock(&v->lock);
}

/**
 * elisa_aex_force() - leave gate or sub after a fastpath exit
 * @v: vCPU about to enter again, v->lock held
 *
 * The call is interrupted as by an interrupt.  Context: entry hook.
 */
void elisa_aex_force(struct elisa_vcpu *v)
{
	const struct cause cause = {
		.reason = EXIT_REASON_EXTERNAL_INTERRUPT,
		.async = true,
	};
	u64 eptp = elisa_vmread(EPT_POINTER);

	if (eptp != v->default_eptp)
		leave(v, eptp, &cause);
}
