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

#endif /* ELISA_COMPAT_KVM_PMU_H */
