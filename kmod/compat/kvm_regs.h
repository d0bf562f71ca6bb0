/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A vCPU's register cache.  KVM caches RIP, RSP, RFLAGS and segments lazily:
 * a register is in arch.regs only when its bit in regs_avail is set, and is
 * written to the VMCS at the next entry only when its bit in regs_dirty is.
 * kvm_cache_regs.h is not among the installed headers.
 *
 * Up to 6.12: RIP is regs[VCPU_REGS_RIP].
 */
#ifndef ELISA_COMPAT_KVM_REGS_H
#define ELISA_COMPAT_KVM_REGS_H

#include <linux/kvm_host.h>

#include "../vmcs.h"

static inline u64 elisa_reg_cached(struct kvm_vcpu *vcpu, int reg,
				   unsigned long field)
{
	if (test_bit(reg, (unsigned long *)&vcpu->arch.regs_avail))
		return vcpu->arch.regs[reg];
	return elisa_vmread(field);
}

static inline void elisa_reg_set(struct kvm_vcpu *vcpu, int reg, u64 value)
{
	vcpu->arch.regs[reg] = value;
	__set_bit(reg, (unsigned long *)&vcpu->arch.regs_avail);
	__set_bit(reg, (unsigned long *)&vcpu->arch.regs_dirty);
}

static inline u64 elisa_rip(struct kvm_vcpu *vcpu)
{
	return elisa_reg_cached(vcpu, VCPU_REGS_RIP, GUEST_RIP);
}

static inline void elisa_set_rip(struct kvm_vcpu *vcpu, u64 rip)
{
	elisa_reg_set(vcpu, VCPU_REGS_RIP, rip);
}

static inline u64 elisa_rsp(struct kvm_vcpu *vcpu)
{
	return elisa_reg_cached(vcpu, VCPU_REGS_RSP, GUEST_RSP);
}

static inline void elisa_set_rsp(struct kvm_vcpu *vcpu, u64 rsp)
{
	elisa_reg_set(vcpu, VCPU_REGS_RSP, rsp);
}

static inline u64 elisa_rflags(void)
{
	return elisa_vmread(GUEST_RFLAGS);
}

/* KVM re-evaluates interrupt injection when RFLAGS change. */
static inline void elisa_set_rflags(struct kvm_vcpu *vcpu, u64 rflags)
{
	elisa_vmwrite(GUEST_RFLAGS, rflags);
	__clear_bit(VCPU_EXREG_RFLAGS, (unsigned long *)&vcpu->arch.regs_avail);
	kvm_make_request(KVM_REQ_EVENT, vcpu);
}

/* CR3 of a guest under EPT; the current VMCS has it, and KVM's copy. */
static inline void elisa_set_cr3(struct kvm_vcpu *vcpu, u64 cr3)
{
	elisa_vmwrite(GUEST_CR3, cr3);
	vcpu->arch.cr3 = cr3;
	__set_bit(VCPU_EXREG_CR3, (unsigned long *)&vcpu->arch.regs_avail);
}

/* After segment fields were written behind KVM's back. */
static inline void elisa_segments_changed(struct kvm_vcpu *vcpu)
{
	__clear_bit(VCPU_EXREG_SEGMENTS,
		    (unsigned long *)&vcpu->arch.regs_avail);
}

#endif /* ELISA_COMPAT_KVM_REGS_H */
