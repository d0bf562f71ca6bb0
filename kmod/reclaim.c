// SPDX-License-Identifier: GPL-2.0-only
/*
 * Taking instances back from windows and calls that do not need them.
 */
#include <linux/list.h>

#include "attachment.h"
#include "cpu.h"
#include "instance.h"
#include "reclaim.h"
#include "vcpu.h"
#include "vm.h"

/* Freed at once, so that a VM with many windows needs few INVEPTs. */
#define BATCH 8

/* Free instances of all windows but @att's, to @victims; how many. */
static unsigned int collect(struct elisa_attachment *att,
			    struct list_head *victims)
{
	struct elisa_vm *vm = att->vm;
	unsigned int slot, n = 0;

	for (slot = 0; slot < ELISA_WINDOWS && n < BATCH; slot++)
		if (vm->attachment[slot] && vm->attachment[slot] != att)
			n += elisa_instance_isolate(vm->attachment[slot],
						    victims, BATCH - n);
	return n;
}

/* End the call that has waited for too long for the longest time. */
static struct elisa_instance *end_stale_call(struct elisa_vm *vm)
{
	struct elisa_instance *inst, *oldest = NULL;
	unsigned int slot;

	for (slot = 0; slot < ELISA_WINDOWS; slot++) {
		if (!vm->attachment[slot])
			continue;
		inst = elisa_instance_find_stale(vm->attachment[slot]);
		if (inst &&
		    (!oldest || inst->suspended_at < oldest->suspended_at))
			oldest = inst;
	}
	/* RESUME needs vm->lock, a retake does not: it may go on by now. */
	return oldest && elisa_instance_abort(oldest,
					      READ_ONCE(oldest->handle)) ?
		       oldest :
		       NULL;
}

/**
 * elisa_reclaim() - take back instances of a VM that is at its limit
 * @att: live attachment that needs an instance and has none free
 *
 * Context: vm->lock held, by which no instance is taken, resumed or freed by
 * anybody else; sleeps.
 */
enum elisa_reclaim elisa_reclaim(struct elisa_attachment *att)
{
	struct elisa_vm *vm = att->vm;
	struct elisa_instance *inst;
	LIST_HEAD(victims);

	if (elisa_vcpu_reclaim(vm, att->slot, 1))
		return ELISA_RECLAIM_SAME;
	if (!collect(att, &victims)) {
		elisa_vcpu_reclaim(vm, ELISA_WINDOWS, BATCH);
		collect(att, &victims);
	}
	if (list_empty(&victims)) {
		inst = end_stale_call(vm);
		if (inst && inst->att == att)
			return ELISA_RECLAIM_SAME;
		collect(att, &victims);
	}
	if (list_empty(&victims))
		return ELISA_RECLAIM_NONE;
	/* No vCPU is in them or can enter; CPUs may have cached what they map. */
	elisa_cpu_invept_all();
	elisa_instance_free_isolated(&victims);
	return ELISA_RECLAIM_OTHER;
}
