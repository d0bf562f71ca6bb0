/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * vCPUs: one thread each, named vcpu0, vcpu1, ...
 */
#ifndef TESTVMM_VCPU_H
#define TESTVMM_VCPU_H

#include "vm.h"

/* The signal that makes a vCPU thread leave KVM_RUN. */
#define VCPU_KICK SIGUSR1

int vcpu_create(struct vm *vm, unsigned int id);

/* Make it the boot CPU: 32-bit protected mode at @entry, EBX = @start_info. */
int vcpu_set_pvh_entry(struct vcpu *vcpu, uint32_t entry, uint32_t start_info);

int vcpu_start(struct vcpu *vcpu);

/* Wait for the thread of a VM that vm_stop() has ended. */
void vcpu_join(struct vcpu *vcpu);

int cpuid_setup(struct vcpu *vcpu);

#endif /* TESTVMM_VCPU_H */
