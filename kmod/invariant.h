/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What must hold whenever a vCPU is in its default context, or in an interposed
 * call, and when a VM goes.  Debug builds (make module ELISA_DEBUG=y) look at it
 * after every exit, and there, and warn; the attack suite runs on such a build, and
 * a warning fails it.
 */
#ifndef ELISA_INVARIANT_H
#define ELISA_INVARIANT_H

#include "vcpu.h"
#include "vm.h"

#ifdef ELISA_DEBUG
void elisa_invariant_left(const struct elisa_vcpu *v,
			  const struct elisa_instance *inst);
void elisa_invariant_check(const struct elisa_vcpu *v);
void elisa_invariant_vm_freed(const struct elisa_vm *vm);
#else
static inline void elisa_invariant_left(const struct elisa_vcpu *v,
					const struct elisa_instance *inst)
{
}

static inline void elisa_invariant_vm_freed(const struct elisa_vm *vm)
{
}

static inline void elisa_invariant_check(const struct elisa_vcpu *v)
{
}
#endif

#endif /* ELISA_INVARIANT_H */
