/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Access to the current VMCS.  KVM's private structures are not used: fields
 * are read and written with VMREAD and VMWRITE (SDM vol. 3, "VMX Instruction
 * Reference").  Context: the vCPU's own thread, its VMCS loaded; the thread
 * may be preempted, KVM's preempt notifier reloads the VMCS.
 *
 * A host that reboots or powers off leaves VMX operation on all CPUs, whatever
 * vCPUs do at the time (kvm_reboot()).  The instructions are #UD from then on, as
 * KVM's own are; the vCPU never enters again.  Reads are 0 then, which EPT_POINTER
 * never is otherwise.
 */
#ifndef ELISA_VMCS_H
#define ELISA_VMCS_H

#include <linux/types.h>
#include <asm/asm.h>
#include "compat/vmx.h"

static __always_inline u64 elisa_vmread(unsigned long field)
{
	u64 value = 0; /* stays if there is no such field, and at #UD */

	asm volatile("1: vmread %1, %0\n"
		     "2:\n" _ASM_EXTABLE(1b, 2b)
		     : "+r"(value)
		     : "r"(field)
		     : "cc");
	return value;
}

static __always_inline void elisa_vmwrite(unsigned long field, u64 value)
{
	asm volatile("1: vmwrite %1, %0\n"
		     "2:\n" _ASM_EXTABLE(1b, 2b)
		     :
		     : "r"(field), "rm"(value)
		     : "cc");
}

#endif /* ELISA_VMCS_H */
