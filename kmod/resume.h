/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Continuing a suspended call.
 *
 * RESUME is late: the hypercall marks the vCPU and leaves RIP on the VMCALL;
 * the entry hook loads sub's state.  So neither KVM nor the VMM ever sees
 * sub's registers, and an event that is to be injected is taken first, at the
 * VMCALL, which the guest then executes again.
 */
#ifndef ELISA_RESUME_H
#define ELISA_RESUME_H

#include <linux/types.h>

struct elisa_vcpu;
struct elisa_vm;
struct kvm_vcpu;

int elisa_resume_request(struct elisa_vm *vm, struct kvm_vcpu *vcpu,
			 u64 handle);
int elisa_resume_abort(struct elisa_vm *vm, u64 handle);
void elisa_resume_enter(struct elisa_vcpu *v);

#endif /* ELISA_RESUME_H */
