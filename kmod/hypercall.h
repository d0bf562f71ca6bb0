/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ELISA_HYPERCALL_H
#define ELISA_HYPERCALL_H

struct kvm_vcpu;

void elisa_hypercall(struct kvm_vcpu *vcpu);

#endif /* ELISA_HYPERCALL_H */
