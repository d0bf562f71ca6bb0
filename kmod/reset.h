/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Reset of a VM.
 *
 * Whoever has made the VM's exports and attachments is gone then, and their memory
 * becomes something else: of an export that stayed, others would read and write a
 * kernel's memory.  Nobody tells the module; but the boot processor begins at the
 * reset vector, where no running system comes by.  Not seen: a VMM without firmware
 * that begins a kernel anew in the same VM, and kexec.
 */
#ifndef ELISA_RESET_H
#define ELISA_RESET_H

#include <linux/kvm_host.h>

struct elisa_vm;

void elisa_reset_seen(struct elisa_vm *vm, struct kvm_vcpu *vcpu);

/**
 * elisa_reset_check() - has the VM been reset?  Then its exports and attachments end
 * @vm: the VM
 * @vcpu: a vCPU of it that is about to enter the guest, not a nested one
 *
 * Context: entry hook, interrupts off, RCU.  They end soon after, in a thread.
 */
static inline void elisa_reset_check(struct elisa_vm *vm, struct kvm_vcpu *vcpu)
{
	/* KVM leaves this bit to no guest, so its copy is right. */
	if (unlikely(!(vcpu->arch.cr0 & X86_CR0_PE)))
		elisa_reset_seen(vm, vcpu);
}

#endif /* ELISA_RESET_H */
