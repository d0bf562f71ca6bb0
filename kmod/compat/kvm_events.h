/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Events that KVM has queued for a vCPU.  kvm_queue_exception() and its kind
 * are KVM-internal from 7.x on, so the queue is accessed directly.
 *
 * Before 6.1 the vector is exception.nr, and there is no exception_vmexit.
 */
#ifndef ELISA_COMPAT_KVM_EVENTS_H
#define ELISA_COMPAT_KVM_EVENTS_H

#include <linux/kvm_host.h>
#include <asm/processor-flags.h>

#include "../vmcs.h"
#include "kvm_regs.h"

#ifdef ELISA_HAVE_EXCEPTION_VMEXIT
#define elisa_exception_vector(vcpu) ((vcpu)->arch.exception.vector)
#else
#define elisa_exception_vector(vcpu) ((vcpu)->arch.exception.nr)
#endif

#define PENDING_DBG_SINGLE_STEP BIT_ULL(14)

/* No instruction is shadowed any more: RIP has moved. */
static inline void elisa_clear_shadow(void)
{
	const u64 shadow = GUEST_INTR_STATE_STI | GUEST_INTR_STATE_MOV_SS;
	u64 state = elisa_vmread(GUEST_INTERRUPTIBILITY_INFO);

	if (state & shadow)
		elisa_vmwrite(GUEST_INTERRUPTIBILITY_INFO, state & ~shadow);
}

/* Nor is anything left of it to be trapped. */
static inline void elisa_clear_event_state(void)
{
	elisa_clear_shadow();
	elisa_vmwrite(GUEST_PENDING_DBG_EXCEPTIONS, 0);
}

/*
 * The instruction that exited is done.  With RFLAGS.TF set a single-step trap
 * follows it; the CPU raises it after the entry (SDM vol. 3, "Guest Non-Register
 * State", pending debug exceptions).
 */
static inline void elisa_skip_instruction(struct kvm_vcpu *vcpu)
{
	elisa_set_rip(vcpu,
		      elisa_rip(vcpu) + elisa_vmread(VM_EXIT_INSTRUCTION_LEN));
	elisa_clear_shadow();
	if (elisa_rflags() & X86_EFLAGS_TF)
		elisa_vmwrite(GUEST_PENDING_DBG_EXCEPTIONS,
			      elisa_vmread(GUEST_PENDING_DBG_EXCEPTIONS) |
				      PENDING_DBG_SINGLE_STEP);
}

/* Drop an exception or software interrupt that KVM would re-inject. */
static inline void elisa_drop_event(struct kvm_vcpu *vcpu)
{
	vcpu->arch.exception.pending = false;
	vcpu->arch.exception.injected = false;
	vcpu->arch.exception.has_payload = false;
	vcpu->arch.exception.payload = 0;
#ifdef ELISA_HAVE_EXCEPTION_VMEXIT
	vcpu->arch.exception_vmexit.pending = false;
#endif
	vcpu->arch.interrupt.injected = false;
	vcpu->arch.interrupt.soft = false;
}

/* Raise #UD at the next entry.  No exception is queued: the exit was VMFUNC. */
static inline void elisa_queue_ud(struct kvm_vcpu *vcpu)
{
	vcpu->arch.exception.pending = true;
	vcpu->arch.exception.injected = false;
	vcpu->arch.exception.has_error_code = false;
	elisa_exception_vector(vcpu) = 6;
	vcpu->arch.exception.error_code = 0;
	vcpu->arch.exception.has_payload = false;
	vcpu->arch.exception.payload = 0;
	kvm_make_request(KVM_REQ_EVENT, vcpu);
}

#endif /* ELISA_COMPAT_KVM_EVENTS_H */
