/* SPDX-License-Identifier: GPL-2.0-only */
/* VMs that cost next to nothing: no memory, no code. */
#ifndef ELISA_TEST_SMALL_VM_H
#define ELISA_TEST_SMALL_VM_H

int small_vm_create(void);
int small_vm_add_vcpu(int vm);

#endif /* ELISA_TEST_SMALL_VM_H */
