// SPDX-License-Identifier: GPL-2.0-only
/*
 * In which modes a vCPU can use ELISA.
 */
#include <linux/kvm_host.h>
#include <asm/msr-index.h>
#include <asm/processor-flags.h>

#include "compat/kvm_pmu.h"
#include "cpu.h"
#include "ept.h"
#include "gate_code.h"
#include "mode.h"
#include "vm.h"

#define CR4_CET	  BIT_ULL(23)
#define CR4_UINTR BIT_ULL(25)
#define CR4_FRED  BIT_ULL(32)
/* What is looked at below: a change of it has to exit. */
#define CR4_CHECKED                                                 \
	(X86_CR4_LA57 | X86_CR4_PCIDE | X86_CR4_OSXSAVE | CR4_CET | \
	 CR4_UINTR | CR4_FRED)
#define CR3_ADDR 0x000ffffffffff000ULL
#define XCR0_APX BIT_ULL(19)
#define IDT_SIZE 0x1000
#define DS_SIZE	 0x1000
#define CS_AR_L	 BIT_ULL(13)

static bool overlap(u64 base, u64 size, u64 first, u64 bytes)
{
	return base + size > first && base < first + bytes;
}

/*
 * Everything that gate and sub map, the exchange buffer that the guest writes
 * included, lies in two ranges.
 */
static bool in_our_range(u64 addr, u64 size)
{
	return overlap(addr, size, ELISA_WINDOW_BASE, 1ULL << 30) ||
	       overlap(addr, size,
		       round_down(ELISA_GATE_LIST_VA, ELISA_CHUNK_SIZE),
		       ELISA_CHUNK_SIZE);
}

/*
 * Events inside gate and sub must not find an IDT.  LIDT and VM entry check its
 * base for the widest address of the CPU; what delivery makes of the bits above
 * those of the paging mode the SDM does not say.
 */
static bool idt_is_ours(u64 cr4)
{
	const unsigned int unused = cr4 & X86_CR4_LA57 ? 64 - 57 : 64 - 48;
	u64 idt = elisa_vmread(GUEST_IDTR_BASE);

	return in_our_range(idt, IDT_SIZE) ||
	       (u64)((s64)(idt << unused) >> unused) != idt;
}

/**
 * elisa_mode_refusal() - why the vCPU's present mode does not allow ELISA
 * @vm: its VM
 * @vcpu: the vCPU
 *
 * Every change of these exits while the vCPU is armed (CR0.PG, CR4.PAE, LA57,
 * PCIDE, OSXSAVE and EFER under KVM, the IDT by descriptor-table exiting,
 * IA32_DS_AREA; a CR4 bit that the guest may change by itself is refused), so
 * checking at each entry is enough.  CR3 is the exception: with PCIDE=0 the
 * guest's own MOV to CR3 flushes all that could carry it past the gate, with
 * PCIDE=1 it exits (cr3.c); KVM's writes of it do not flush, and happen between
 * an exit and an entry.
 *
 * Context: VMCS loaded, EPT_POINTER is KVM's.  Return: NULL when it does, else a reason.
 */
const char *elisa_mode_refusal(const struct elisa_vm *vm, struct kvm_vcpu *vcpu)
{
	u64 controls = elisa_vmread(SECONDARY_VM_EXEC_CONTROL);
	u64 cr4 = elisa_vmread(GUEST_CR4);
	/* CET since 6.18, where KVM shows the guest CET. */
	u64 guests = ~elisa_vmread(CR4_GUEST_HOST_MASK);

	/* Without it KVM may emulate code, and exits without having entered. */
	if (!(controls & SECONDARY_EXEC_UNRESTRICTED_GUEST))
		return "kvm_intel runs without unrestricted_guest";

	if (!(elisa_vmread(VM_ENTRY_CONTROLS) & VM_ENTRY_IA32E_MODE))
		return "not in 64-bit mode";
	/* Pairs with elisa_vm_build_gate(): then la57 is there as well. */
	if (smp_load_acquire(&vm->gate_built) &&
	    vm->la57 != !!(cr4 & X86_CR4_LA57))
		return "paging depth differs from the VM's first attach";
	if (cr4 & X86_CR4_PCIDE &&
	    READ_ONCE(vm->policy.pcid) == ELISA_PCID_DENY)
		return "CR4.PCIDE is set and the policy denies it";
	if (cr4 & CR4_CET)
		return "CET is in use";
	if (guests & CR4_CHECKED)
		return "the guest can use CET, which exits to nobody";
	/* Delivery without the IDT, whose absence makes every event an exit. */
	if (cr4 & (CR4_UINTR | CR4_FRED))
		return "user interrupts or FRED are in use";
	/* Or above it, where a 4-level EPT may ignore bits. */
	if ((elisa_vmread(GUEST_CR3) & CR3_ADDR) >= elisa_cpu_special_base())
		return "CR3 points into ELISA's guest-physical range";
	if (idt_is_ours(cr4))
		return "the IDT lies in ELISA's address range";
	/* Both write to memory asynchronously, in whatever context is current. */
	if (elisa_pebs_is_on(vcpu))
		return "PEBS is on";
	/* The host's perf can turn it on for a guest, later than this. */
	if (in_our_range(elisa_pebs_area(vcpu), DS_SIZE))
		return "IA32_DS_AREA lies in ELISA's address range";
	if (controls & SECONDARY_EXEC_PT_USE_GPA)
		return "Intel PT is virtualized";
	/* The records would show the guest each branch of the exported code. */
	if (elisa_vmread(GUEST_IA32_DEBUGCTL) & DEBUGCTLMSR_LBR)
		return "last-branch records are on";
	if (cr4 & X86_CR4_OSXSAVE && (vcpu->arch.xcr0 & 3) != 3)
		return "XCR0 lacks SSE";
	/* REX2 prefixes hide instructions that elisa_verify_code() looks for. */
	if (cr4 & X86_CR4_OSXSAVE && vcpu->arch.xcr0 & XCR0_APX)
		return "APX is in use";
	/* The gate's constants are those of a 4-level EPTP. */
	if ((elisa_vmread(EPT_POINTER) & ELISA_EPTP_WALK_MASK) !=
	    ELISA_EPTP_WALK_4)
		return "KVM uses 5-level EPT for this VM";
	return NULL;
}

/** elisa_mode_intercepts_cr3() - must MOV to CR3 exit while this vCPU is armed? */
bool elisa_mode_intercepts_cr3(const struct elisa_vm *vm)
{
	return READ_ONCE(vm->policy.pcid) == ELISA_PCID_INTERCEPT &&
	       elisa_vmread(GUEST_CR4) & X86_CR4_PCIDE;
}

/** elisa_mode_64bit_code() - does CS hold 64-bit code? */
bool elisa_mode_64bit_code(void)
{
	return elisa_vmread(VM_ENTRY_CONTROLS) & VM_ENTRY_IA32E_MODE &&
	       elisa_vmread(GUEST_CS_AR_BYTES) & CS_AR_L;
}
