/* SPDX-License-Identifier: GPL-2.0-only */
/* Guest-virtual addresses that a hypercall names. */
#ifndef ELISA_GUEST_WALK_H
#define ELISA_GUEST_WALK_H

#include <linux/kvm_types.h>
#include <linux/types.h>

struct kvm_vcpu;

enum elisa_access {
	ELISA_ACCESS_READ,
	ELISA_ACCESS_WRITE,
};

int elisa_guest_page(struct kvm_vcpu *vcpu, u64 gva, enum elisa_access access,
		     gfn_t *gfn, unsigned long *hva);
int elisa_guest_hva(struct kvm_vcpu *vcpu, u64 gva, enum elisa_access access,
		    unsigned long *hva);

#endif /* ELISA_GUEST_WALK_H */
