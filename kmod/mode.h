/* SPDX-License-Identifier: GPL-2.0-only */
/* The mode that a vCPU was in at its exit, read from the VMCS. */
#ifndef ELISA_MODE_H
#define ELISA_MODE_H

#include <linux/types.h>

#include "vmcs.h"

struct elisa_vm;
struct kvm_vcpu;

/* SS.DPL is the CPL (SDM vol. 3, "Guest Register State"). */
static inline unsigned int elisa_cpl(void)
{
	return (elisa_vmread(GUEST_SS_AR_BYTES) >> 5) & 3;
}

const char *elisa_mode_refusal(const struct elisa_vm *vm,
			       struct kvm_vcpu *vcpu);
bool elisa_mode_intercepts_cr3(const struct elisa_vm *vm);
bool elisa_mode_64bit_code(void);

#endif /* ELISA_MODE_H */
