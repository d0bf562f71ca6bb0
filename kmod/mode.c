// SPDX-License-Identifier: GPL-2.0-only
/*
 * In which modes a vCPU can use ELISA.
 */
#include <linux/kvm_host.h>
#include <asm/processor-flags.h>

#include "ept.h"
#include "mode.h"
#include "vm.h"

#define CR4_CET		BIT_ULL(23)
#define CS_AR_L		BIT_ULL(13)

/**
 * elisa_mode_refusal() - why the vCPU's present mode does not allow ELISA
 * @vm: its VM
 * @vcpu: the vCPU
 *
 * Every change of these bits exits to KVM (SDM and KVM: CR0.PG, CR4.PAE, LA57,
 * PCIDE, OSXSAVE, EFER), so checking at each entry is enough.
 *
 * Context: VMCS loaded, EPT_POINTER is KVM's.  Return: NULL when it does, else a reason.
 */
const char *elisa_mode_refusal(const struct elisa_vm *vm, struct kvm_vcpu *vcpu)
{
	u64 cr4 = elisa_vmread(GUEST_CR4);

	if (!(elisa_vmread(VM_ENTRY_CONTROLS) & VM_ENTRY_IA32E_MODE))
		return "not in 64-bit mode";
	if (vm->gate_built && vm->la57 != !!(cr4 & X86_CR4_LA57))
		return "paging depth differs from the VM's first attach";
	if (cr4 & X86_CR4_PCIDE && vm->pcid != ELISA_PCID_TRUST)
		return "CR4.PCIDE is set and the policy does not trust it";
	if (cr4 & CR4_CET)
		return "CET is in use";
	if (cr4 & X86_CR4_OSXSAVE && (vcpu->arch.xcr0 & 3) != 3)
		return "XCR0 lacks SSE";
	/* The gate's constants are those of a 4-level EPTP. */
	if ((elisa_vmread(EPT_POINTER) & ELISA_EPTP_WALK_MASK) !=
	    ELISA_EPTP_WALK_4)
		return "KVM uses 5-level EPT for this VM";
	return NULL;
}

/** elisa_mode_64bit_code() - does CS hold 64-bit code? */
bool elisa_mode_64bit_code(void)
{
	return elisa_vmread(VM_ENTRY_CONTROLS) & VM_ENTRY_IA32E_MODE &&
	       elisa_vmread(GUEST_CS_AR_BYTES) & CS_AR_L;
}
