/* SPDX-License-Identifier: GPL-2.0-only */
/* Exchange buffers in KVM's dirty log. */
#ifndef ELISA_DIRTY_H
#define ELISA_DIRTY_H

#include <linux/bitmap.h>

#include "vcpu.h"

/* Pieces of a VM's exchange buffers that are logged, see dirty.c */
#define ELISA_DIRTY_PIECES 1024

struct elisa_attachment;
struct elisa_vm;

void elisa_dirty_mark_buffers(struct elisa_vcpu *v);
void elisa_dirty_follow(struct elisa_attachment *att);
void elisa_dirty_forget(struct elisa_attachment *att);
u32 elisa_dirty_unmigratable(const struct elisa_vm *vm);

/**
 * elisa_dirty_mark() - note what a vCPU may have written since it entered
 * @v: vCPU that left the guest, v->lock held, its gates still bound as they
 *	were at the entry
 */
static inline void elisa_dirty_mark(struct elisa_vcpu *v)
{
	if (unlikely(!bitmap_empty(v->xbufs, ELISA_WINDOWS)))
		elisa_dirty_mark_buffers(v);
}

#endif /* ELISA_DIRTY_H */
