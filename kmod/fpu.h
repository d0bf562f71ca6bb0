/* SPDX-License-Identifier: GPL-2.0-only */
/* Vector state of a sub context across asynchronous exits. */
#ifndef ELISA_FPU_H
#define ELISA_FPU_H

#include <linux/kvm_host.h>

/* XSAVE area, standard format, up to AVX-512: 2688 bytes. */
#define ELISA_FPU_AREA 4096

void elisa_fpu_init(void);
u64 elisa_fpu_mask(struct kvm_vcpu *vcpu);
void elisa_fpu_save(void *area, u64 mask);
void elisa_fpu_scrub(struct kvm_vcpu *vcpu);
void elisa_fpu_load(const void *area, u64 mask);

#endif /* ELISA_FPU_H */
