// SPDX-License-Identifier: GPL-2.0-only
/*
 * Identities of instances, and calls that wait for the owner of a lock.
 */
#include <linux/kvm_host.h>
#include <linux/mm.h>
#include <linux/pid.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/timekeeping.h>

#include "attachment.h"
#include "event.h"
#include "export.h"
#include "instance.h"
#include "liveness.h"
#include "table.h"
#include "vcpu.h"
#include "vm.h"

#define SLOTS_PER_PAGE (ELISA_PAGE_SIZE / sizeof(u64))

/**
 * elisa_liveness_alloc() - pages of an export
 * @live: zeroed
 *
 * Context: sleeps.  Return: 0 or -ENOMEM; elisa_liveness_free() is due anyway.
 */
int elisa_liveness_alloc(struct elisa_liveness *live)
{
	unsigned int i;
	int err;

	raw_spin_lock_init(&live->lock);
	live->inst = kvcalloc(ELISA_OWNER_SLOTS, sizeof(*live->inst),
			      GFP_KERNEL_ACCOUNT);
	if (!live->inst)
		return -ENOMEM;
	for (i = 0; i < ELISA_LIVENESS_PAGES; i++) {
		err = elisa_table_alloc(&live->page[i]);
		if (err)
			return err;
	}
	return 0;
}

/** elisa_liveness_free() - free the pages, which no sub context maps any more */
void elisa_liveness_free(struct elisa_liveness *live)
{
	unsigned int i;

	for (i = 0; i < ELISA_LIVENESS_PAGES; i++)
		elisa_table_free(&live->page[i]);
	kvfree(live->inst);
}

static struct elisa_liveness *liveness_of(const struct elisa_instance *inst)
{
	/* Set for as long as the attachment has instances. */
	return &inst->att->export->live;
}

static void publish(const struct elisa_instance *inst, u64 id)
{
	struct elisa_liveness *live = liveness_of(inst);
	unsigned int slot = inst->live_slot;
	u64 *entry =
		live->page[slot / SLOTS_PER_PAGE].va + slot % SLOTS_PER_PAGE;

	/*
	 * Who reads this finds what the dead call has stored: the CPU that it
	 * ran on has left it, and a lock has been passed on since, or it is
	 * this one.
	 */
	smp_store_release(entry, id);
}

/**
 * elisa_liveness_renew() - a call in an instance ended, and did not return
 * @inst: instance that no vCPU is in, att->lock held
 */
void elisa_liveness_renew(struct elisa_instance *inst)
{
	struct elisa_sub_control *control = (void *)inst->control.va;
	struct elisa_sub_self *self = (void *)inst->self.va;
	u64 generation;

	/* 52 bits: one that is used up in a year takes 100 million a second. */
	generation = atomic64_inc_return(&liveness_of(inst)->generation);
	inst->id = generation << ELISA_OWNER_GENERATION_SHIFT | inst->live_slot;
	self->id = inst->id;
	/* Whatever section the call was in, the next one is in none. */
	WRITE_ONCE(control->depth, 0);
	WRITE_ONCE(control->wanted, 0);
	publish(inst, inst->id);
}

/**
 * elisa_liveness_add() - give a new instance a slot and an identity
 * @inst: instance that nobody knows yet
 *
 * Context: vm->lock held.
 * Return: 0, or -EBUSY: the export has as many instances as it can.
 */
int elisa_liveness_add(struct elisa_instance *inst)
{
	struct elisa_liveness *live = liveness_of(inst);
	unsigned long flags;
	unsigned int slot;

	raw_spin_lock_irqsave(&live->lock, flags);
	for (slot = 0; slot < ELISA_OWNER_SLOTS && live->inst[slot]; slot++)
		;
	if (slot < ELISA_OWNER_SLOTS) {
		inst->live_slot = slot;
		elisa_liveness_renew(inst);
		live->inst[slot] = inst;
	}
	raw_spin_unlock_irqrestore(&live->lock, flags);
	return slot < ELISA_OWNER_SLOTS ? 0 : -EBUSY;
}

/**
 * elisa_liveness_remove() - the end of an instance
 * @inst: instance that no vCPU is in
 *
 * Nobody finds it by its identity afterwards.  Idempotent.
 */
void elisa_liveness_remove(struct elisa_instance *inst)
{
	struct elisa_liveness *live = liveness_of(inst);
	unsigned long flags;

	if (!inst->id)
		return;
	raw_spin_lock_irqsave(&live->lock, flags);
	live->inst[inst->live_slot] = NULL;
	publish(inst, 0);
	inst->id = 0;
	raw_spin_unlock_irqrestore(&live->lock, flags);
}

static bool look(struct elisa_instance *waiter, struct elisa_instance *inst,
		 u64 owner, bool first)
{
	const u32 bound = READ_ONCE(inst->att->vm->policy.limits.suspended_ms);
	u64 now = ktime_get_mono_fast_ns(), since = ELISA_NOT_SUSPENDED;

	if (inst->state == ELISA_I_SUSPENDED ||
	    inst->state == ELISA_I_RESUMING) {
		since = inst->suspended_at;
		/* It waits itself, and will have been resumed in no time. */
		if (inst->waits && now - since <= bound * (u64)NSEC_PER_MSEC)
			since = ELISA_NOT_SUSPENDED;
	}
	return elisa_waiting_look(&waiter->waiting, owner, first, now, since,
				  bound * (u64)NSEC_PER_MSEC);
}

/**
 * elisa_liveness_wait() - a call waits for the owner of a lock
 * @waiter: its instance, still bound
 * @owner: what it found in the lock: anything
 * @first: its first look at that lock
 * @wait: what is to be done where one may sleep
 *
 * The owner is looked up among the instances of the same export.  If it was
 * suspended for too long, its call is aborted.
 *
 * Context: exit hook; the lock of the vCPU that @waiter is bound to is held, so
 * that its attachment cannot lose the export: revocation takes that lock, in
 * elisa_vcpu_drop(), before it goes on.
 */
void elisa_liveness_wait(struct elisa_instance *waiter, u64 owner, bool first,
			 struct elisa_wait *wait)
{
	struct elisa_liveness *live = liveness_of(waiter);
	unsigned int slot = owner & (ELISA_OWNER_SLOTS - 1);
	struct elisa_attachment *att;
	struct elisa_instance *inst;

	owner &= ~(u64)ELISA_OWNER_DIED;
	/* An instance that is in the table is not freed. */
	raw_spin_lock(&live->lock);
	inst = live->inst[slot];
	if (!inst || inst == waiter)
		goto out;
	att = inst->att;
	raw_spin_lock(&att->lock);
	if (inst->id == owner && inst->state != ELISA_I_FREE) {
		if (inst->runner)
			wait->runner = get_pid(inst->runner);
		/*
		 * Its state cannot change under att->lock: a vCPU that wants to
		 * enter it now comes before, and it is BOUND, or after, and
		 * finds no call to resume.  Dead: whoever revokes it frees it.
		 */
		if (look(waiter, inst, owner, first) && !READ_ONCE(att->dead) &&
		    elisa_instance_doom(inst)) {
			kref_get(&att->vm->ref);
			wait->aborted = att->vm;
			memcpy(wait->export_name, att->export_name,
			       sizeof(wait->export_name));
		}
	}
	raw_spin_unlock(&att->lock);
out:
	raw_spin_unlock(&live->lock);
}

/**
 * elisa_liveness_retake() - RESUME a call for the vCPU that it was on
 * @att: its attachment
 * @slot: its instance's
 * @handle: its handle
 *
 * Context: entry hook; the attachment has its export, as above.
 * Return: the instance, RESUMING, or NULL if there is no such call any more.
 */
struct elisa_instance *elisa_liveness_retake(struct elisa_attachment *att,
					     unsigned int slot, u64 handle)
{
	struct elisa_liveness *live = &att->export->live;
	struct elisa_instance *inst;
	unsigned long flags;

	/* An instance that is in the table is not freed. */
	raw_spin_lock_irqsave(&live->lock, flags);
	inst = live->inst[slot];
	if (inst && (inst->att != att || !elisa_instance_retake(inst, handle)))
		inst = NULL;
	raw_spin_unlock_irqrestore(&live->lock, flags);
	return inst;
}

/**
 * elisa_liveness_want() - tell a suspended call that its section is waited for
 * @att: its attachment
 * @slot: its instance's
 * @handle: its handle
 *
 * Context: handler hook; the attachment has its export, as above.
 * Return: false if it is in no section, or there is no such call any more.
 */
bool elisa_liveness_want(struct elisa_attachment *att, unsigned int slot,
			 u64 handle)
{
	struct elisa_liveness *live = &att->export->live;
	struct elisa_sub_control *control;
	struct elisa_instance *inst;
	bool in_section = false;
	unsigned long flags;

	raw_spin_lock_irqsave(&live->lock, flags);
	inst = live->inst[slot];
	if (!inst || inst->att != att)
		goto out;
	raw_spin_lock(&att->lock);
	if (inst->state == ELISA_I_SUSPENDED && inst->handle == handle) {
		control = (void *)inst->control.va;
		/* The page is sub's: any value may stand there, at any time. */
		in_section = READ_ONCE(control->depth);
		if (in_section)
			WRITE_ONCE(control->wanted, 1);
	}
	raw_spin_unlock(&att->lock);
out:
	raw_spin_unlock_irqrestore(&live->lock, flags);
	return in_section;
}

/*
 * Let the owner's vCPU run.  It may have been preempted while its call was
 * suspended by that very interrupt, so this is not for RUNNING owners only.
 */
static bool yield_to_runner(struct pid *runner)
{
	struct task_struct *task = get_pid_task(runner, PIDTYPE_PID);
	bool yielded = false;

	if (task) {
		if (task != current)
			yielded = yield_to(task, true) > 0;
		put_task_struct(task);
	}
	return yielded;
}

/**
 * elisa_wait_finish() - what elisa_liveness_wait() has left to do
 * @vcpu: vCPU at the AEP of the call that waits
 *
 * Context: in place of vmx_handle_exit(), in the vCPU's thread, sleeps.
 */
void elisa_wait_finish(struct kvm_vcpu *vcpu)
{
	struct elisa_vm *vm = elisa_vm_get(vcpu->kvm);
	struct elisa_vcpu *v;
	struct elisa_wait wait;

	if (!vm)
		return;
	/*
	 * It was armed when it left sub, so it is not freed before its next
	 * entry.  @wait is touched by this thread only.
	 */
	v = vm->vcpu[vcpu->vcpu_idx];
	wait = v->wait;
	memset(&v->wait, 0, sizeof(v->wait));
	if (wait.aborted) {
		atomic64_inc(&wait.aborted->stats.aborted);
		elisa_event_aborted(wait.aborted, wait.export_name);
		elisa_vm_put(wait.aborted);
	}
	if (wait.runner) {
		if (yield_to_runner(wait.runner))
			atomic64_inc(&vm->stats.yields);
		put_pid(wait.runner);
	}
	elisa_vm_put(vm);
}
