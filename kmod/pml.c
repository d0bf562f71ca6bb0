// SPDX-License-Identifier: GPL-2.0-only
/*
 * Page-modification logging.  vmx_handle_exit() empties the PML buffer at
 * every exit, and dirty logging relies on it; an exit that the module
 * swallows must do the same.
 */
#include <linux/kvm_host.h>
#include <asm/io.h>

#include "kvm_internal.h"
#include "pml.h"
#include "vmcs.h"

#define PML_ENTRIES 512

/**
 * elisa_pml_flush() - mark the pages in the PML buffer dirty
 * @vcpu: the vCPU
 *
 * Context: the vCPU's thread after an exit (KVM holds kvm->srcu), sleeps.
 */
void elisa_pml_flush(struct kvm_vcpu *vcpu)
{
	u64 *buffer;
	u16 index;

	if (!(elisa_vmread(SECONDARY_VM_EXEC_CONTROL) &
	      SECONDARY_EXEC_ENABLE_PML))
		return;
	/* The CPU counts down from 511; at -1 the buffer is full. */
	index = elisa_vmread(GUEST_PML_INDEX);
	if (index == PML_ENTRIES - 1)
		return;
	index = index >= PML_ENTRIES ? 0 : index + 1;
	buffer = phys_to_virt(elisa_vmread(PML_ADDRESS));
	for (; index < PML_ENTRIES; index++)
		elisa_kvm_mark_page_dirty(vcpu, buffer[index] >> PAGE_SHIFT);
	elisa_vmwrite(GUEST_PML_INDEX, PML_ENTRIES - 1);
}
