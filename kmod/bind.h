/* SPDX-License-Identifier: GPL-2.0-only */
/* Giving a window on a vCPU what its next call needs. */
#ifndef ELISA_BIND_H
#define ELISA_BIND_H

struct elisa_vm;
struct kvm_vcpu;

bool elisa_bind_is_entry(struct kvm_vcpu *vcpu);
void elisa_bind_first(struct kvm_vcpu *vcpu);
void elisa_bind_pending(struct kvm_vcpu *vcpu);
bool elisa_bind_is_interposed(struct kvm_vcpu *vcpu);
void elisa_bind_interposed(struct elisa_vm *vm, struct kvm_vcpu *vcpu);

#endif /* ELISA_BIND_H */
