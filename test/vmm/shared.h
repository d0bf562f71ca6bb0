/* SPDX-License-Identifier: GPL-2.0-only */
/* Memory that several VMs have: what ELISA is compared with. */
#ifndef TESTVMM_SHARED_H
#define TESTVMM_SHARED_H

struct vm;

/* Map the file vm->shared, if any, at LAYOUT_SHARED.  0 or -errno. */
int shared_map(struct vm *vm);

#endif /* TESTVMM_SHARED_H */
