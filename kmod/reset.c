// SPDX-License-Identifier: GPL-2.0-only
/* Reset of a VM. */
#include "compat/kvm_regs.h"
#include "reset.h"
#include "vm.h"
#include "vmcs.h"

/* SDM vol. 3, "Processor State After Reset"; INIT leads there as well. */
#define RESET_RIP     0xfff0
#define RESET_CS_BASE 0xffff0000

/*
 * With the module parameter unrestricted_guest=0 KVM runs real mode as virtual-8086
 * mode, where the base of CS is 16 times its selector.
 */
#define RESET_CS_BASE_V86 0xf0000

static bool is_at_reset_vector(struct kvm_vcpu *vcpu)
{
	u64 base;

	if (vcpu->vcpu_id != vcpu->kvm->arch.bsp_vcpu_id ||
	    elisa_rip(vcpu) != RESET_RIP)
		return false;
	base = elisa_vmread(GUEST_CS_BASE);
	return base == RESET_CS_BASE || base == RESET_CS_BASE_V86;
}

/* Of elisa_reset_check(): @vcpu is in real mode. */
void elisa_reset_seen(struct elisa_vm *vm, struct kvm_vcpu *vcpu)
{
	if (!atomic_read(&vm->stats.attachments) &&
	    !atomic_read(&vm->stats.exports))
		return;
	if (is_at_reset_vector(vcpu))
		elisa_vm_reset(vm);
}
