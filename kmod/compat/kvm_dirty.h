/* SPDX-License-Identifier: GPL-2.0-only */
/* How KVM logs dirty pages.  Rings came with 5.11. */
#ifndef ELISA_COMPAT_KVM_DIRTY_H
#define ELISA_COMPAT_KVM_DIRTY_H

#include <linux/kvm_host.h>

static inline bool elisa_kvm_has_dirty_ring(const struct kvm *kvm)
{
#ifdef ELISA_HAVE_DIRTY_RING
	return kvm->dirty_ring_size;
#else
	return false;
#endif
}

#endif /* ELISA_COMPAT_KVM_DIRTY_H */
