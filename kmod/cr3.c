// SPDX-License-Identifier: GPL-2.0-only
/*
 * MOV to CR3 of vCPUs that are armed with CR4.PCIDE set, policy `intercept`.
 *
 * With PCIDE=1 a MOV to CR3 can leave all translations in place.  Translations
 * of gate and landing that an innocent CR3 made could then stand in for the
 * page walk that a CR3 at crafted tables would have failed in the gate.  So
 * while such a vCPU is armed MOV to CR3 exits, and a CR3 in the special range
 * is not loaded while it stays armed.
 *
 * KVM never asks for these exits in VMs that can be armed (it does so without
 * unrestricted guest only), and its handler says so with a warning: all of
 * them end here.
 */
#include <linux/kvm_host.h>
#include <linux/preempt.h>
#include <asm/processor-flags.h>

#include "compat/kvm_events.h"
#include "compat/kvm_regs.h"
#include "compat/msr.h"
#include "cpu.h"
#include "cr3.h"
#include "mode.h"
#include "vmcs.h"

/* Exit qualification, SDM vol. 3, table "Control-Register Accesses". */
#define QUAL_CR(q)	    (0xf & (q))
#define QUAL_TYPE(q)	    (((q) >> 4) & 3)
#define QUAL_TYPE_MOV_TO_CR 0
#define QUAL_REG(q)	    (((q) >> 8) & 0xf)

#define CR3_NO_FLUSH BIT_ULL(63)
#define CR3_PCID     0xfffULL

/**
 * elisa_cr3_intercept() - switch MOV-to-CR3 exits on or off
 * @v: vCPU, in the entry hook
 * @on: wanted
 *
 * KVM writes the controls from a copy of its own when it opens or closes a
 * window for interrupts, so the bit is looked at each time that it is wanted.
 */
void elisa_cr3_intercept(struct elisa_vcpu *v, bool on)
{
	u64 controls;

	if (!on && !v->cr3_exits)
		return;
	v->cr3_exits = on;
	controls = elisa_vmread(CPU_BASED_VM_EXEC_CONTROL);
	if (!!(controls & CPU_BASED_CR3_LOAD_EXITING) != on)
		elisa_vmwrite(CPU_BASED_VM_EXEC_CONTROL,
			      controls ^ CPU_BASED_CR3_LOAD_EXITING);
}

static u64 operand(struct kvm_vcpu *vcpu, u64 qualification)
{
	unsigned int reg = QUAL_REG(qualification);
	u64 value = reg == VCPU_REGS_RSP ? elisa_rsp(vcpu) :
					   vcpu->arch.regs[reg];

	return elisa_mode_64bit_code() ? value : (u32)value;
}

/*
 * A MOV to CR3 without CR3_NO_FLUSH drops the translations of its PCID; this
 * drops those of all of the vCPU's PCIDs.  On another CPU KVM does the same
 * when the vCPU is loaded there.
 */
static void flush_vpid(void)
{
	struct {
		u64 vpid, address;
	} desc = { elisa_vmread(VIRTUAL_PROCESSOR_ID), 0 };
	u64 type = VMX_VPID_EXTENT_SINGLE_CONTEXT, cap;

	/* Without VPID every VM entry flushes. */
	if (!(elisa_vmread(SECONDARY_VM_EXEC_CONTROL) &
	      SECONDARY_EXEC_ENABLE_VPID))
		return;
	if (elisa_rdmsr_safe(MSR_IA32_VMX_EPT_VPID_CAP, &cap))
		cap = 0;
	if (!(cap >> 32 & VMX_VPID_EXTENT_SINGLE_CONTEXT_BIT))
		type = VMX_VPID_EXTENT_ALL_CONTEXT;
	/* As with VMREAD, see vmcs.h: there may be no VMX operation any more. */
	asm volatile("1: invvpid %0, %1\n"
		     "2:\n" _ASM_EXTABLE(1b, 2b)
		     :
		     : "m"(desc), "r"(type)
		     : "cc", "memory");
}

/**
 * elisa_cr3_exit() - CR-access exit in the default context
 * @v: vCPU
 *
 * Loads CR3 as the instruction would.  What it does not load, because it lies
 * in the special range or has bits that only the CPU knows the meaning of, the
 * vCPU executes itself, unarmed; it is looked at before it is armed again.
 *
 * Context: handler hook.  Return: false when the exit is KVM's.
 */
bool elisa_cr3_exit(struct elisa_vcpu *v)
{
	u64 qualification = elisa_vmread(EXIT_QUALIFICATION);
	struct kvm_vcpu *vcpu = v->vcpu;
	u64 value, cr3;

	if (!v->cr3_exits || QUAL_CR(qualification) != 3 ||
	    QUAL_TYPE(qualification) != QUAL_TYPE_MOV_TO_CR)
		return false;
	value = operand(vcpu, qualification);
	cr3 = value & ~CR3_NO_FLUSH;
	if ((cr3 & ~CR3_PCID) >= elisa_cpu_special_base()) {
		v->native = true;
		return true;
	}
	preempt_disable();
	elisa_set_cr3(vcpu, cr3);
	if (!(value & CR3_NO_FLUSH))
		flush_vpid();
	elisa_skip_instruction(vcpu);
	preempt_enable();
	return true;
}
