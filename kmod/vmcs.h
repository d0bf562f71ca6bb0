/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Access to the current VMCS.  KVM's private structures are not used: fields
 * are read and written with VMREAD and VMWRITE (SDM vol. 3, "VMX Instruction
 * Reference").  Context: the vCPU's own thread, its VMCS loaded; the thread
 * may be preempted, KVM's preempt notifier reloads the VMCS.
 */
#ifndef ELISA_VMCS_H
#define ELISA_VMCS_H

#include <linux/types.h>
#include "compat/vmx.h"

static __always_inline u64 elisa_vmread(unsigned long field)
{
	u64 value = 0;	/* stays if there is no such field */

	asm volatile("vmread %1, %0" : "+r" (value) : "r" (field) : "cc");
	return value;
}

static __always_inline void elisa_vmwrite(unsigned long field, u64 value)
{
	asm volatile("vmwrite %1, %0" : : "r" (field), "rm" (value) : "cc");
}

#endif /* ELISA_VMCS_H */
