// SPDX-License-Identifier: GPL-2.0-only
/*
 * Checks of debug builds.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/bug.h>
#include <linux/kvm_host.h>
#include <linux/spinlock.h>

#include "attachment.h"
#include "cpu.h"
#include "gate_code.h"
#include "instance.h"
#include "invariant.h"
#include "mode.h"
#include "vm.h"

#define LIST_ENTRIES 512

/*
 * What gate pages have to be, of attachments with and without full trust, and
 * whether they have been built.
 */
static DEFINE_RAW_SPINLOCK(want_lock);
static u8 want[2][ELISA_PAGE_SIZE] __aligned(sizeof(u64));
static bool built;

/* The list leads to the default and gate contexts and nowhere else. */
static bool list_is_closed(const struct elisa_vcpu *v)
{
	unsigned int i;

	for (i = ELISA_IDX_GATE + 1; i < LIST_ENTRIES; i++)
		if (v->list.va[i])
			return false;
	return v->list.va[ELISA_IDX_DEFAULT] == v->default_eptp &&
	       !v->list.va[ELISA_IDX_SUB] &&
	       v->list.va[ELISA_IDX_GATE] == v->gate_eptp;
}

static bool list_is_empty(const struct elisa_vcpu *v)
{
	return !v->list.va[ELISA_IDX_DEFAULT] && !v->list.va[ELISA_IDX_SUB] &&
	       !v->list.va[ELISA_IDX_GATE];
}

/* A vCPU whose calls are all interposed cannot switch by itself. */
static bool vmfunc_is_off(const struct elisa_vcpu *v)
{
	return v->vmfunc || !elisa_cpu_has_vmfunc() ||
	       !elisa_vmread(VM_FUNCTION_CONTROL);
}

/* At each exit: memcmp() takes single bytes before 5.17. */
static bool is_same_page(const u64 *a, const u64 *b)
{
	unsigned int i;

	for (i = 0; i < ELISA_PAGE_SIZE / sizeof(*a); i++)
		if (a[i] != b[i])
			return false;
	return true;
}

/* Each gate page holds the EPTP of the instance bound to it, or is closed. */
static bool gates_match(const struct elisa_vcpu *v)
{
	const struct elisa_instance *inst;
	unsigned int slot;
	bool is_full, match = true;

	raw_spin_lock(&want_lock);
	if (!built) {
		elisa_gate_build(want[false], false);
		elisa_gate_build(want[true], true);
		built = true;
	}
	for (slot = 0; slot < ELISA_WINDOWS; slot++) {
		if (!v->slot[slot].gate.va)
			continue;
		inst = v->slot[slot].instance;
		is_full = v->slot[slot].is_full;
		elisa_gate_set_eptp(want[is_full],
				    inst && !inst->att->interposed ?
					    (u32)inst->eptp :
					    ELISA_GATE_CLOSED);
		match &= is_same_page((u64 *)want[is_full],
				      v->slot[slot].gate.va);
	}
	raw_spin_unlock(&want_lock);
	return match;
}

/**
 * elisa_invariant_left() - was all as it must be in an interposed call?
 * @v: vCPU that has left a context of ours, nothing is changed yet, v->lock held
 * @inst: whose it was, or NULL
 *
 * Context: interrupts off.
 */
void elisa_invariant_left(const struct elisa_vcpu *v,
			  const struct elisa_instance *inst)
{
	WARN_ONCE(inst && inst->att->interposed && !list_is_empty(v),
		  "elisa: vm %u vcpu %d: EPTP list %llx %llx %llx in an interposed call\n",
		  v->vm->id, v->vcpu->vcpu_idx, v->list.va[0], v->list.va[1],
		  v->list.va[2]);
}

/**
 * elisa_invariant_check() - is all as it must be in the default context?
 * @v: vCPU in its default context, between exit and entry, v->lock held
 *
 * Context: interrupts off.
 */
void elisa_invariant_check(const struct elisa_vcpu *v)
{
	WARN_ONCE(!list_is_closed(v),
		  "elisa: vm %u vcpu %d: EPTP list %llx %llx %llx\n", v->vm->id,
		  v->vcpu->vcpu_idx, v->list.va[0], v->list.va[1],
		  v->list.va[2]);
	WARN_ONCE(!gates_match(v),
		  "elisa: vm %u vcpu %d: a gate page changed\n", v->vm->id,
		  v->vcpu->vcpu_idx);
	WARN_ONCE(!vmfunc_is_off(v),
		  "elisa: vm %u vcpu %d: VM functions are on\n", v->vm->id,
		  v->vcpu->vcpu_idx);
	WARN_ONCE(elisa_vmread(EPT_POINTER) != v->default_eptp,
		  "elisa: vm %u vcpu %d: EPT_POINTER %llx is not KVM's\n",
		  v->vm->id, v->vcpu->vcpu_idx, elisa_vmread(EPT_POINTER));
}

/**
 * elisa_invariant_vm_freed() - has a VM given back all that it had?
 * @vm: the last reference to it is gone
 *
 * Context: any.
 */
void elisa_invariant_vm_freed(const struct elisa_vm *vm)
{
	const struct elisa_stats *s = &vm->stats;
	const int left = atomic_read(&s->attachments) |
			 atomic_read(&s->exports) | atomic_read(&s->instances) |
			 atomic_read(&s->pinned_pages) |
			 atomic_read(&s->suspended);

	WARN(left,
	     "elisa: vm %u goes with attachments %d exports %d instances %d pinned_pages %d suspended %d\n",
	     vm->id, atomic_read(&s->attachments), atomic_read(&s->exports),
	     atomic_read(&s->instances), atomic_read(&s->pinned_pages),
	     atomic_read(&s->suspended));
}
