// SPDX-License-Identifier: GPL-2.0-only
/*
 * A guest page-table walk with the rights of the code that made the
 * hypercall: what a guest process cannot access, it cannot hand to us.
 */
#include <linux/kvm_host.h>
#include <linux/uaccess.h>
#include <asm/processor-flags.h>

#include "guest_walk.h"
#include "mode.h"
#include "vmcs.h"

#define PTE_P	 BIT_ULL(0)
#define PTE_RW	 BIT_ULL(1)
#define PTE_US	 BIT_ULL(2)
#define PTE_PS	 BIT_ULL(7)
#define PTE_ADDR 0x000ffffffffff000ULL

/*
 * The host-virtual address of a guest frame in ordinary, writable memory.  Not
 * of the slots that KVM makes for itself (APIC access page, TSS, identity map).
 */
static int gfn_to_host(struct kvm_vcpu *vcpu, gfn_t gfn, unsigned long *hva)
{
	struct kvm_memory_slot *slot;

	slot = __gfn_to_memslot(kvm_memslots(vcpu->kvm), gfn);
	if (!slot || slot->id >= KVM_USER_MEM_SLOTS ||
	    slot->flags & (KVM_MEMSLOT_INVALID | KVM_MEM_READONLY))
		return -EFAULT;
	*hva = __gfn_to_hva_memslot(slot, gfn);
	return 0;
}

/**
 * elisa_guest_page() - translate a guest-virtual address
 * @vcpu: the caller's own vCPU, in 64-bit mode
 * @gva: guest-virtual address
 * @access: what the caller must be allowed to do there
 * @gfn: result: guest frame
 * @hva: result: host-virtual address of the page, page-aligned
 *
 * Accessed and Dirty flags are not set; protection keys are not checked.
 *
 * Context: the vCPU's thread after an exit (KVM holds kvm->srcu), sleeps.
 * Return: 0 or -EFAULT.
 */
int elisa_guest_page(struct kvm_vcpu *vcpu, u64 gva, enum elisa_access access,
		     gfn_t *gfn, unsigned long *hva)
{
	bool user = elisa_cpl() == 3;
	int level = elisa_vmread(GUEST_CR4) & X86_CR4_LA57 ? 5 : 4;
	int bits = level == 5 ? 57 : 48;
	u64 table = elisa_vmread(GUEST_CR3) & PTE_ADDR;
	u64 pte = 0;
	unsigned long page;
	int err;

	if ((u64)((s64)(gva << (64 - bits)) >> (64 - bits)) != gva)
		return -EFAULT;
	for (; level; level--) {
		unsigned int shift = 12 + 9 * (level - 1);
		unsigned int index = (gva >> shift) & 511;

		err = gfn_to_host(vcpu, table >> PAGE_SHIFT, &page);
		if (err)
			return err;
		if (get_user(pte, (u64 __user *)(page + 8 * index)))
			return -EFAULT;
		if (!(pte & PTE_P) || (user && !(pte & PTE_US)) ||
		    (access == ELISA_ACCESS_WRITE && !(pte & PTE_RW)))
			return -EFAULT;
		if (level == 1 || (level <= 3 && pte & PTE_PS)) {
			u64 mask = (1ULL << shift) - 1;

			*gfn = ((pte & PTE_ADDR & ~mask) | (gva & mask)) >>
			       PAGE_SHIFT;
			return gfn_to_host(vcpu, *gfn, hva);
		}
		table = pte & PTE_ADDR;
	}
	return -EFAULT;
}

/** elisa_guest_hva() - the same for who does not ask for the frame */
int elisa_guest_hva(struct kvm_vcpu *vcpu, u64 gva, enum elisa_access access,
		    unsigned long *hva)
{
	gfn_t gfn;

	return elisa_guest_page(vcpu, gva, access, &gfn, hva);
}
