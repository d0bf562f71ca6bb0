/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ELISA_PML_H
#define ELISA_PML_H

struct kvm_vcpu;

void elisa_pml_flush(struct kvm_vcpu *vcpu);

#endif /* ELISA_PML_H */
