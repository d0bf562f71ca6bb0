/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A vCPU's register cache.  KVM caches RIP, RSP, RFLAGS and segments lazily:
 * a register is in arch.regs only when its bit in regs_avail is set, and is
 * written to the VMCS at the next entry only when its bit in regs_dirty is.
 * kvm_cache_regs.h is not among the installed headers.
 *
 * In 7.x RIP is arch.rip instead of a member of arch.regs, the enumerators of
 * what is cached have other names, and the masks are bitmaps.
 */
#ifndef ELISA_COMPAT_KVM_REGS_H
#define ELISA_COMPAT_KVM_REGS_H

#include <linux/kvm_host.h>

#include "../vmcs.h"

#ifdef ELISA_HAVE_ARCH_RIP
#define elisa_arch_rip(vcpu) ((vcpu)->arch.rip)
#else
#define elisa_arch_rip(vcpu) ((vcpu)->arch.regs[VCPU_REGS_RIP])
#define VCPU_REG_RIP	     VCPU_REGS_RIP
#define VCPU_REG_CR3	     VCPU_EXREG_CR3
#define VCPU_REG_RFLAGS	     VCPU_EXREG_RFLAGS
#define VCPU_REG_SEGMENTS    VCPU_EXREG_SEGMENTS
#endif

/* The masks are arrays of unsigned long or u32, both little-endian. */
static inline bool elisa_reg_is_cached(struct kvm_vcpu *vcpu, int reg)
{
	return test_bit(reg, (unsigned long *)&vcpu->arch.regs_avail);
}

static inline void elisa_reg_uncache(struct kvm_vcpu *vcpu, int reg)
{
	__clear_bit(reg, (unsigned long *)&vcpu->arch.regs_avail);
}

static inline void elisa_reg_changed(struct kvm_vcpu *vcpu, int reg)
{
	__set_bit(reg, (unsigned long *)&vcpu->arch.regs_avail);
	__set_bit(reg, (unsigned long *)&vcpu->arch.regs_dirty);
}

static inline u64 elisa_rip(struct kvm_vcpu *vcpu)
{
	return elisa_reg_is_cached(vcpu, VCPU_REG_RIP) ?
		       elisa_arch_rip(vcpu) :
		       elisa_vmread(GUEST_RIP);
}

static inline void elisa_set_rip(struct kvm_vcpu *vcpu, u64 rip)
{
	elisa_arch_rip(vcpu) = rip;
	elisa_reg_changed(vcpu, VCPU_REG_RIP);
}

static inline u64 elisa_rsp(struct kvm_vcpu *vcpu)
{
	return elisa_reg_is_cached(vcpu, VCPU_REGS_RSP) ?
		       vcpu->arch.regs[VCPU_REGS_RSP] :
		       elisa_vmread(GUEST_RSP);
}

static inline void elisa_set_rsp(struct kvm_vcpu *vcpu, u64 rsp)
{
	vcpu->arch.regs[VCPU_REGS_RSP] = rsp;
	elisa_reg_changed(vcpu, VCPU_REGS_RSP);
}

static inline u64 elisa_rflags(void)
{
	return elisa_vmread(GUEST_RFLAGS);
}

/* For what the guest has while it is in sub: KVM does not look at it. */
static inline void elisa_load_rflags(struct kvm_vcpu *vcpu, u64 rflags)
{
	elisa_vmwrite(GUEST_RFLAGS, rflags);
	elisa_reg_uncache(vcpu, VCPU_REG_RFLAGS);
}

/* KVM re-evaluates interrupt injection when RFLAGS change. */
static inline void elisa_set_rflags(struct kvm_vcpu *vcpu, u64 rflags)
{
	elisa_load_rflags(vcpu, rflags);
	kvm_make_request(KVM_REQ_EVENT, vcpu);
}

/* CR3 of a guest under EPT; the current VMCS has it, and KVM's copy. */
static inline void elisa_set_cr3(struct kvm_vcpu *vcpu, u64 cr3)
{
	elisa_vmwrite(GUEST_CR3, cr3);
	vcpu->arch.cr3 = cr3;
	__set_bit(VCPU_REG_CR3, (unsigned long *)&vcpu->arch.regs_avail);
}

/* After segment fields were written behind KVM's back. */
static inline void elisa_segments_changed(struct kvm_vcpu *vcpu)
{
	elisa_reg_uncache(vcpu, VCPU_REG_SEGMENTS);
}

#endif /* ELISA_COMPAT_KVM_REGS_H */
