/* SPDX-License-Identifier: GPL-2.0-only */
/* The virtual PMU.  Guests have PEBS since 6.0. */
#ifndef ELISA_COMPAT_KVM_PMU_H
#define ELISA_COMPAT_KVM_PMU_H

#include <linux/kvm_host.h>

static inline bool elisa_pebs_is_on(const struct kvm_vcpu *vcpu)
{
#ifdef ELISA_HAVE_PEBS_ENABLE
	return vcpu->arch.pmu.pebs_enable;
#else
	return false;
#endif
}

/* IA32_DS_AREA: a linear address, in whatever context is current */
static inline u64 elisa_pebs_area(const struct kvm_vcpu *vcpu)
{
#ifdef ELISA_HAVE_PEBS_ENABLE
	return vcpu->arch.pmu.ds_area;
#else
	return 0;
#endif
}

#endif /* ELISA_COMPAT_KVM_PMU_H */
