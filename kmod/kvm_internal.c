// SPDX-License-Identifier: GPL-2.0-only
#include "kvm_internal.h"
#include "symbols.h"

static void (*mark_page_dirty_fn)(struct kvm_vcpu *vcpu, gfn_t gfn);
static void (*switch_fpu_return_fn)(void);

/**
 * elisa_kvm_internal_init() - find what is part of the kernel itself
 *
 * Context: module init.  Return: 0, or -EOPNOTSUPP with a line in the log.
 */
int elisa_kvm_internal_init(void)
{
	switch_fpu_return_fn = (void *)elisa_symbol("switch_fpu_return");
	return switch_fpu_return_fn ? 0 : -EOPNOTSUPP;
}

/**
 * elisa_kvm_internal_get() - find what is part of kvm.ko
 *
 * Context: sleeps; before hooks are installed, with kvm.ko held.  It may have
 * been loaded anew since the last time.
 * Return: 0, or -EOPNOTSUPP with a line in the log.
 */
int elisa_kvm_internal_get(void)
{
	mark_page_dirty_fn = (void *)elisa_symbol("kvm_vcpu_mark_page_dirty");
	return mark_page_dirty_fn ? 0 : -EOPNOTSUPP;
}

/**
 * elisa_kvm_mark_page_dirty() - note a page in the guest's dirty bitmap or ring
 * @vcpu: the vCPU of this thread
 * @gfn: guest frame number; one without a memory slot is ignored
 *
 * Context: the vCPU's thread between exit and entry, kvm->srcu held.
 */
void elisa_kvm_mark_page_dirty(struct kvm_vcpu *vcpu, gfn_t gfn)
{
	mark_page_dirty_fn(vcpu, gfn);
}

/**
 * elisa_kvm_switch_fpu_return() - load this thread's vector state into the CPU
 *
 * Context: TIF_NEED_FPU_LOAD is set, interrupts off.
 */
void elisa_kvm_switch_fpu_return(void)
{
	switch_fpu_return_fn();
}
