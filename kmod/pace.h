/* SPDX-License-Identifier: GPL-2.0-only */
/* How often a VM may disturb all CPUs. */
#ifndef ELISA_PACE_H
#define ELISA_PACE_H

struct elisa_vm;

void elisa_pace_init(struct elisa_vm *vm);
void elisa_pace(struct elisa_vm *vm);

#endif /* ELISA_PACE_H */
