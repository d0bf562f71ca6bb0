/* SPDX-License-Identifier: GPL-2.0-only */
/* MOV to CR3 of vCPUs that are armed with CR4.PCIDE set. */
#ifndef ELISA_CR3_H
#define ELISA_CR3_H

#include "vcpu.h"

bool elisa_cr3_exit(struct elisa_vcpu *v);
void elisa_cr3_intercept(struct elisa_vcpu *v, bool on);

#endif /* ELISA_CR3_H */
