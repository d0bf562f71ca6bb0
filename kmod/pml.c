// SPDX-License-Identifier: GPL-2.0-only
/*
 * Page-modification logging.  vmx_handle_exit() empties the PML buffer at
 * every exit, and dirty logging relies on it; an exit that the module
 * swallows must do the same.
 *
 * kvm_vcpu_mark_page_dirty(), which knows bitmaps and rings, is not for modules
 * from 7.x on.  It is looked up like the functions that are hooked.
 */
#include <linux/kvm_host.h>
#include <asm/io.h>

#include "pml.h"
#include "symbols.h"
#include "vmcs.h"

#define PML_ENTRIES	512

static void (*mark_dirty)(struct kvm_vcpu *vcpu, gfn_t gfn);

/**
 * elisa_pml_init() - find out how KVM marks pages
 *
 * Context: sleeps; before the hooks are installed, while kvm is loaded, each
 * time: it may be another one then.
 * Return: 0, -EOPNOTSUPP with one line in the log.
 */
int elisa_pml_init(void)
{
	mark_dirty = (void *)elisa_symbol("kvm_vcpu_mark_page_dirty");
	return mark_dirty ? 0 : -EOPNOTSUPP;
}

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
		mark_dirty(vcpu, buffer[index] >> PAGE_SHIFT);
	elisa_vmwrite(GUEST_PML_INDEX, PML_ENTRIES - 1);
}
