// SPDX-License-Identifier: GPL-2.0-only
/*
 * Instances: creation, the free list, state changes.
 */
#include <linux/pid.h>
#include <linux/random.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/timekeeping.h>

#include "attachment.h"
#include "cpu.h"
#include "export.h"
#include "gate_code.h"
#include "inject.h"
#include "instance.h"
#include "table.h"
#include "vcpu.h"
#include "vm.h"

static void instance_free(struct elisa_instance *inst)
{
	unsigned int i;

	elisa_ledger_unlink(&inst->ledger, &inst->ept, &inst->att->vm->ledger);
	elisa_liveness_remove(inst);
	put_pid(inst->runner);
	for (i = 0; i < ELISA_STACK_PAGES; i++)
		elisa_table_free(&inst->stack[i]);
	elisa_table_free(&inst->control);
	elisa_table_free(&inst->self);
	elisa_table_free(&inst->pages);
	elisa_ept_free(&inst->ept);
	kfree(inst->fpu);
	kfree(inst);
}

/* What sub can read but not write, beside the info page. */
static void map_identity(struct elisa_instance *inst)
{
	const struct elisa_liveness *live = &inst->att->export->live;
	unsigned int i;

	elisa_ept_set_page(inst->pages.va, ELISA_SELF_PAGE, inst->self.pa,
			   ELISA_EPT_R);
	for (i = 0; i < ELISA_LIVENESS_PAGES; i++)
		elisa_ept_set_page(inst->pages.va,
				   ELISA_LIVENESS_FIRST_PAGE + i,
				   live->page[i].pa, ELISA_EPT_R);
}

static struct elisa_instance *instance_create(struct elisa_attachment *att)
{
	struct elisa_export *export = att->export;
	struct elisa_instance *inst;
	const u64 rwx = ELISA_EPT_RWX;
	int err = -ENOMEM;
	unsigned int i;
	u64 data;

	inst = elisa_try_alloc(kzalloc(sizeof(*inst), GFP_KERNEL_ACCOUNT));
	if (!inst)
		return ERR_PTR(-ENOMEM);
	inst->att = att;
	INIT_LIST_HEAD(&inst->all);
	INIT_LIST_HEAD(&inst->free);
	/* A power of two from kmalloc is aligned to its size: XSAVE wants 64. */
	inst->fpu =
		elisa_try_alloc(kzalloc(ELISA_FPU_AREA, GFP_KERNEL_ACCOUNT));
	if (!inst->fpu || elisa_ept_alloc_sub(&inst->ept, att->is_full) ||
	    elisa_table_alloc(&inst->pages) || elisa_table_alloc(&inst->self) ||
	    elisa_table_alloc(&inst->control))
		goto err;
	for (i = 0; i < ELISA_STACK_PAGES; i++) {
		if (elisa_table_alloc(&inst->stack[i]))
			goto err;
		elisa_ept_set_page(inst->pages.va, ELISA_STACK_FIRST_PAGE + i,
				   inst->stack[i].pa,
				   ELISA_EPT_R | ELISA_EPT_W);
	}
	elisa_ept_set_page(inst->pages.va, 0, att->info.pa, ELISA_EPT_R);
	map_identity(inst);
	elisa_ept_set_page(inst->pages.va, ELISA_CONTROL_PAGE, inst->control.pa,
			   ELISA_EPT_R | ELISA_EPT_W);

	/* Rights are cut here: the tables below are shared with others. */
	data = ELISA_EPT_R;
	if (att->rights & ELISA_RIGHT_WRITE)
		data |= ELISA_EPT_W;
	elisa_ept_build(&inst->ept, &att->alias, elisa_cpu_special_base());
	elisa_ept_set_chunk(&inst->ept, ELISA_CHUNK_SUB, att->system.pa, rwx);
	elisa_ept_set_chunk(&inst->ept, ELISA_CHUNK_INSTANCE, inst->pages.pa,
			    ELISA_EPT_R | ELISA_EPT_W);
	elisa_ept_set_chunk(&inst->ept, ELISA_CHUNK_IMAGE, export->image_pt.pa,
			    data | ELISA_EPT_EXEC);
	if (att->xbuf.n_pages)
		elisa_ept_set_chunk(&inst->ept, ELISA_CHUNK_XBUF,
				    att->xbuf_pt.pa, ELISA_EPT_R | ELISA_EPT_W);
	for (i = 0; i < export->n_data_pt; i++)
		elisa_ept_set_chunk(&inst->ept, ELISA_CHUNK_DATA + i,
				    export->data_pt[i].pa, data);
	inst->eptp = elisa_eptp(inst->ept.pml4.pa);
	elisa_ledger_link(&inst->ledger, &inst->ept);
	/* Last: from now on others can find it. */
	err = elisa_liveness_add(inst);
	if (err)
		goto err;
	return inst;
err:
	instance_free(inst);
	return ERR_PTR(err);
}

/* att->lock held */
static struct elisa_instance *find_free(struct elisa_attachment *att,
					const struct elisa_vcpu *v)
{
	struct elisa_instance *inst;

	/* One that maps this vCPU already needs no INVEPT. */
	if (att->is_full)
		list_for_each_entry(inst, &att->free, free)
			if (inst->mapped == v)
				return inst;
	return list_first_entry_or_null(&att->free, struct elisa_instance,
					free);
}

/**
 * elisa_instance_take() - a free instance, or a new one
 * @att: attachment, its VM's lock held
 * @v: the vCPU that it is for
 *
 * Return: an instance in state BOUND that the caller binds to a vCPU, or
 * ERR_PTR: -EBUSY when the VM's limit or that of the export is reached, -ENOMEM.
 */
struct elisa_instance *elisa_instance_take(struct elisa_attachment *att,
					   const struct elisa_vcpu *v)
{
	u64 random = get_random_u64();
	struct elisa_instance *inst;
	unsigned long flags;

	raw_spin_lock_irqsave(&att->lock, flags);
	inst = find_free(att, v);
	if (inst) {
		inst->next_handle = random;
		list_del_init(&inst->free);
		elisa_istate_step(&inst->state, ELISA_IE_BIND);
	}
	raw_spin_unlock_irqrestore(&att->lock, flags);
	if (inst)
		return inst;

	if (!elisa_limit_take(&att->vm->stats.instances,
			      att->vm->policy.limits.instances, 1))
		return ERR_PTR(-EBUSY);
	inst = instance_create(att);
	if (IS_ERR(inst)) {
		atomic_dec(&att->vm->stats.instances);
		return inst;
	}
	inst->next_handle = random;
	raw_spin_lock_irqsave(&att->lock, flags);
	elisa_istate_step(&inst->state, ELISA_IE_BIND);
	list_add(&inst->all, &att->instances);
	raw_spin_unlock_irqrestore(&att->lock, flags);
	return inst;
}

/**
 * elisa_instance_map() - let an instance use a vCPU's EPTP list
 * @inst: BOUND or RESUMING for @v, which has not entered it yet
 * @v: the vCPU
 *
 * Only with full trust: landing clears list[1] and reads the caller's RSP from
 * the gate-private page.  No vCPU is in the instance, but a CPU may have cached
 * what it mapped before.
 *
 * Context: vm->lock held, sleeps.
 */
void elisa_instance_map(struct elisa_instance *inst, const struct elisa_vcpu *v)
{
	const struct elisa_vcpu *old = inst->mapped;

	if (!inst->att->is_full || old == v)
		return;
	elisa_ept_set_page(inst->pages.va, ELISA_FULL_LIST_PAGE, v->list.pa,
			   ELISA_EPT_R | ELISA_EPT_W);
	elisa_ept_set_page(inst->pages.va, ELISA_FULL_PRIVATE_PAGE,
			   v->private.pa, ELISA_EPT_R);
	inst->mapped = v;
	if (!old) {
		elisa_ledger_map(v->list.pa, "EPTP list");
		elisa_ledger_map(v->private.pa, "gate-private page");
		return;
	}
	elisa_ledger_replace(&inst->ledger, old->list.pa, v->list.pa,
			     "EPTP list");
	elisa_ledger_replace(&inst->ledger, old->private.pa, v->private.pa,
			     "gate-private page");
	elisa_cpu_invept_all();
}

/**
 * elisa_instance_set_runner() - the calling thread is to run an instance
 * @inst: instance that is BOUND or RESUMING for the thread's vCPU
 *
 * Context: vm->lock held, the vCPU's thread.
 */
void elisa_instance_set_runner(struct elisa_instance *inst)
{
	struct elisa_attachment *att = inst->att;
	struct pid *runner = task_pid(current);
	unsigned long flags;

	/* Written under vm->lock only; att->lock is for those who read it. */
	if (inst->runner == runner)
		return;
	get_pid(runner);
	raw_spin_lock_irqsave(&att->lock, flags);
	swap(inst->runner, runner);
	raw_spin_unlock_irqrestore(&att->lock, flags);
	put_pid(runner);
}

/* att->lock held.  Is a call in it that a vCPU has left? */
static bool is_suspended(const struct elisa_instance *inst)
{
	return inst->state == ELISA_I_SUSPENDED ||
	       inst->state == ELISA_I_RESUMING;
}

/* att->lock held: the only way in which a state changes after creation. */
static bool step(struct elisa_instance *inst, enum elisa_ievent event)
{
	int before = is_suspended(inst);
	bool ok = elisa_istate_step(&inst->state, event);

	if (before != is_suspended(inst))
		atomic_add(before ? -1 : 1, &inst->att->vm->stats.suspended);
	return ok;
}

/* att->lock held.  Whatever the instance held has no owner any more. */
static bool release_locked(struct elisa_instance *inst, enum elisa_ievent event)
{
	if (!step(inst, event))
		return false;
	inst->handle = 0;
	elisa_liveness_renew(inst);
	list_add(&inst->free, &inst->att->free);
	return true;
}

/**
 * elisa_instance_unbind() - put a bound instance on the free list
 * @inst: the instance
 *
 * Context: any; takes att->lock.
 */
void elisa_instance_unbind(struct elisa_instance *inst)
{
	struct elisa_attachment *att = inst->att;
	unsigned long flags;

	raw_spin_lock_irqsave(&att->lock, flags);
	WARN_ON_ONCE(!release_locked(inst, ELISA_IE_UNBIND));
	raw_spin_unlock_irqrestore(&att->lock, flags);
}

/**
 * elisa_instance_abort() - end the call of a suspended instance
 * @inst: the instance
 * @handle: that of the suspension
 *
 * Context: any; takes att->lock.
 * Return: false when a vCPU is resuming it, or has since it was found.
 */
bool elisa_instance_abort(struct elisa_instance *inst, u64 handle)
{
	struct elisa_attachment *att = inst->att;
	unsigned long flags;
	bool ok;

	raw_spin_lock_irqsave(&att->lock, flags);
	ok = inst->handle == handle && release_locked(inst, ELISA_IE_ABORT);
	raw_spin_unlock_irqrestore(&att->lock, flags);
	return ok;
}

/**
 * elisa_instance_resume() - a vCPU is about to resume a suspended call
 * @inst: the instance, its VM's lock held
 * @handle: that of the suspension
 * @random: for the handle of its next AEX
 *
 * The AEX that uses it holds raw spinlocks, and random numbers come from behind
 * a lock that sleeps on PREEMPT_RT.  Between two AEXs of an instance there is
 * elisa_instance_take() or a RESUME, so each gets bits of its own; but for a
 * retake, whose handle the guest has not seen.
 *
 * Context: any; takes att->lock.
 * Return: false when it is not suspended (any more), or again; nothing has
 * changed then.
 */
bool elisa_instance_resume(struct elisa_instance *inst, u64 handle, u64 random)
{
	struct elisa_attachment *att = inst->att;
	unsigned long flags;
	bool ok;

	raw_spin_lock_irqsave(&att->lock, flags);
	ok = inst->handle == handle && step(inst, ELISA_IE_RESUME);
	if (ok)
		inst->next_handle = random;
	raw_spin_unlock_irqrestore(&att->lock, flags);
	return ok;
}

/**
 * elisa_instance_doom() - end a call that others have waited for too long
 * @inst: the instance, att->lock held, the attachment not dead
 *
 * A vCPU that is about to resume it does not count: its VMM can stop it there for
 * as long as it likes.  It notices at elisa_instance_enter() and gives the instance
 * back.
 *
 * Return: false when no call is suspended in it.
 */
bool elisa_instance_doom(struct elisa_instance *inst)
{
	if (release_locked(inst, ELISA_IE_ABORT))
		return true;
	if (!step(inst, ELISA_IE_DOOM))
		return false;
	inst->handle = 0;
	elisa_liveness_renew(inst);
	return true;
}

/**
 * elisa_instance_cancel() - a vCPU does not resume a call after all
 * @inst: RESUMING for that vCPU, or DOOMED since
 *
 * Context: any; takes att->lock.
 */
void elisa_instance_cancel(struct elisa_instance *inst)
{
	struct elisa_attachment *att = inst->att;
	unsigned long flags;

	raw_spin_lock_irqsave(&att->lock, flags);
	if (!step(inst, ELISA_IE_CANCEL))
		release_locked(inst, ELISA_IE_DROP);
	raw_spin_unlock_irqrestore(&att->lock, flags);
}

/**
 * elisa_instance_failed() - a call ended in a way of its own, not by returning
 * @inst: instance that stays bound
 *
 * Context: exit hook; takes att->lock.
 */
void elisa_instance_failed(struct elisa_instance *inst)
{
	struct elisa_attachment *att = inst->att;
	unsigned long flags;

	raw_spin_lock_irqsave(&att->lock, flags);
	elisa_liveness_renew(inst);
	raw_spin_unlock_irqrestore(&att->lock, flags);
}

/**
 * elisa_instance_suspend() - interrupt the call of a bound instance
 * @inst: instance
 * @waits: by a WAIT of its own
 *
 * Gives it a new handle: the attachment's window in its low 7 bits, the rest
 * random.
 *
 * Context: exit hook; takes att->lock.
 * Return: the handle.  The instance may be aborted by now, and be another's.
 */
u64 elisa_instance_suspend(struct elisa_instance *inst, bool waits)
{
	struct elisa_attachment *att = inst->att;
	unsigned long flags;
	u64 handle;

	raw_spin_lock_irqsave(&att->lock, flags);
	step(inst, ELISA_IE_AEX);
	handle = (inst->next_handle & ~(u64)(ELISA_WINDOWS - 1)) | att->slot;
	inst->handle = handle;
	inst->suspended_at = ktime_get_mono_fast_ns();
	inst->waits = waits;
	raw_spin_unlock_irqrestore(&att->lock, flags);
	return handle;
}

/**
 * elisa_instance_retake() - RESUME a suspended instance for its last vCPU
 * @inst: instance
 * @handle: that of the suspension
 *
 * Context: entry hook; takes att->lock.
 * Return: false when it is not suspended, or again.
 */
bool elisa_instance_retake(struct elisa_instance *inst, u64 handle)
{
	struct elisa_attachment *att = inst->att;
	unsigned long flags;
	bool ok;

	raw_spin_lock_irqsave(&att->lock, flags);
	ok = inst->handle == handle && step(inst, ELISA_IE_RESUME);
	raw_spin_unlock_irqrestore(&att->lock, flags);
	return ok;
}

/**
 * elisa_instance_enter() - a vCPU enters a call that it resumes
 * @inst: instance
 *
 * Context: any; takes att->lock.
 * Return: false when nobody resumes it (any more); nothing has changed then.
 */
bool elisa_instance_enter(struct elisa_instance *inst)
{
	struct elisa_attachment *att = inst->att;
	unsigned long flags;
	bool ok;

	raw_spin_lock_irqsave(&att->lock, flags);
	ok = step(inst, ELISA_IE_ENTER);
	raw_spin_unlock_irqrestore(&att->lock, flags);
	return ok;
}

/**
 * elisa_instance_find() - the suspended instance with a handle
 * @att: attachment, its VM's lock held, so that none goes away
 * @handle: what the guest gave
 */
struct elisa_instance *elisa_instance_find(struct elisa_attachment *att,
					   u64 handle)
{
	struct elisa_instance *inst, *found = NULL;
	unsigned long flags;

	raw_spin_lock_irqsave(&att->lock, flags);
	list_for_each_entry(inst, &att->instances, all) {
		if (inst->handle == handle && is_suspended(inst)) {
			found = inst;
			break;
		}
	}
	raw_spin_unlock_irqrestore(&att->lock, flags);
	return found;
}

/* att->lock held */
static bool is_stale(const struct elisa_instance *inst)
{
	return inst->state == ELISA_I_SUSPENDED &&
	       ktime_get_mono_fast_ns() - inst->suspended_at >
		       (u64)ELISA_STALE_SECONDS * NSEC_PER_SEC;
}

/**
 * elisa_instance_find_stale() - the oldest call that waits for too long
 * @att: attachment, its VM's lock held, so that none is resumed or freed
 */
struct elisa_instance *elisa_instance_find_stale(struct elisa_attachment *att)
{
	struct elisa_instance *inst, *oldest = NULL;
	unsigned long flags;

	raw_spin_lock_irqsave(&att->lock, flags);
	list_for_each_entry(inst, &att->instances, all)
		if (is_stale(inst) &&
		    (!oldest || inst->suspended_at < oldest->suspended_at))
			oldest = inst;
	raw_spin_unlock_irqrestore(&att->lock, flags);
	return oldest;
}

/**
 * elisa_instance_isolate() - take free instances away from an attachment
 * @att: attachment, its VM's lock held
 * @to: list for them
 * @most: how many
 *
 * Nothing finds them any more.  They count until they are freed.
 * Return: how many.
 */
unsigned int elisa_instance_isolate(struct elisa_attachment *att,
				    struct list_head *to, unsigned int most)
{
	struct elisa_instance *inst, *next;
	unsigned long flags;
	unsigned int n = 0;

	raw_spin_lock_irqsave(&att->lock, flags);
	list_for_each_entry_safe(inst, next, &att->free, free) {
		if (n == most)
			break;
		list_del_init(&inst->free);
		list_move(&inst->all, to);
		n++;
	}
	raw_spin_unlock_irqrestore(&att->lock, flags);
	return n;
}

/**
 * elisa_instance_free_isolated() - free them
 * @instances: linked by @all; INVEPT ran on every CPU since they were isolated
 *
 * Context: their VM's lock held, sleeps.
 */
void elisa_instance_free_isolated(struct list_head *instances)
{
	struct elisa_instance *inst, *next;

	list_for_each_entry_safe(inst, next, instances, all) {
		list_del(&inst->all);
		atomic_dec(&inst->att->vm->stats.instances);
		instance_free(inst);
	}
}

/**
 * elisa_instance_free_all() - free an attachment's instances
 * @att: revoked attachment: none is a vCPU's, none can become so,
 *	and INVEPT ran on every CPU since the last was
 */
void elisa_instance_free_all(struct elisa_attachment *att)
{
	struct elisa_instance *inst, *next;

	/* Before the first is freed: a waiter may put one on the free list. */
	list_for_each_entry(inst, &att->instances, all)
		elisa_liveness_remove(inst);
	list_for_each_entry_safe(inst, next, &att->instances, all) {
		WARN_ON_ONCE(inst->state == ELISA_I_BOUND ||
			     inst->state == ELISA_I_RESUMING ||
			     inst->state == ELISA_I_DOOMED);
		if (is_suspended(inst))
			atomic_dec(&att->vm->stats.suspended);
		list_del(&inst->all);
		instance_free(inst);
		atomic_dec(&att->vm->stats.instances);
	}
	INIT_LIST_HEAD(&att->free);
}
