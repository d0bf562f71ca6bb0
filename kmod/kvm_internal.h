/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Functions that newer kernels (7.x) export to KVM's own modules only.  They
 * are called at their addresses, on all kernels.
 */
#ifndef ELISA_KVM_INTERNAL_H
#define ELISA_KVM_INTERNAL_H

#include <linux/kvm_host.h>

int elisa_kvm_internal_init(void);
int elisa_kvm_internal_get(void);

void elisa_kvm_mark_page_dirty(struct kvm_vcpu *vcpu, gfn_t gfn);
void elisa_kvm_switch_fpu_return(void);

#endif /* ELISA_KVM_INTERNAL_H */
