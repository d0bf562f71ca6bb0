/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The kernel's words that pml.c uses, for test_pml.c.
 */
#ifndef TEST_KVM_HOST_H
#define TEST_KVM_HOST_H

#include "portable.h"

#define PAGE_SHIFT 12

/* SDM vol. 3, appendix B and "VM-Execution Control Fields". */
#define GUEST_PML_INDEX		  0x0812
#define PML_ADDRESS		  0x200e
#define SECONDARY_VM_EXEC_CONTROL 0x401e
#define SECONDARY_EXEC_ENABLE_PML BIT_ULL(17)

typedef u64 gfn_t;

struct kvm_vcpu;

#endif /* TEST_KVM_HOST_H */
