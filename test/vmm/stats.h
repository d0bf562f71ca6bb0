/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A port that tells a guest how many VM exits its vCPU has caused.
 */
#ifndef TESTVMM_STATS_H
#define TESTVMM_STATS_H

#include <stdbool.h>

/* A 32-bit read returns KVM's count of the vCPU's exits, this one included. */
#define PIO_EXITS 0x5e0

struct vcpu;

/* Handle a KVM_EXIT_IO of that port; false: not that port. */
bool stats_exit(struct vcpu *vcpu);

#endif /* TESTVMM_STATS_H */
