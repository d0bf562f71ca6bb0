// SPDX-License-Identifier: GPL-2.0-only
/*
 * Calls that are interrupted in a critical section.
 */
#include <elisa/layout.h>

#include "compat/resched.h"
#include "instance.h"
#include "liveness.h"
#include "section.h"
#include "vcpu.h"
#include "vm.h"

/* Hard interrupt, on the CPU where the request was put off. */
static enum hrtimer_restart expire(struct hrtimer *timer)
{
	struct elisa_section *s =
		container_of(timer, struct elisa_section, timer);

	/* If the thread is not here any more, it has been rescheduled. */
	if (READ_ONCE(s->task) == current)
		elisa_resched_set();
	return HRTIMER_NORESTART;
}

/** elisa_section_init() - of a new vCPU's state */
void elisa_section_init(struct elisa_section *s)
{
	elisa_hrtimer_setup(&s->timer, expire);
}

/** elisa_section_free() - before a vCPU's state is freed.  Context: sleeps. */
void elisa_section_free(struct elisa_section *s)
{
	hrtimer_cancel(&s->timer);
}

/**
 * elisa_section_settle() - a request to reschedule that was put off is due
 * @s: of the vCPU that has exited, v->lock held, interrupts off
 *
 * KVM looks for requests before it enters again, so the thread gives its CPU
 * away now.  If it has done so in the meantime it does it once too often.
 */
void elisa_section_settle(struct elisa_section *s)
{
	s->settled = s->put_off;
	if (likely(!s->put_off))
		return;
	s->put_off = false;
	/* Should it be running on another CPU, it finds another thread there. */
	hrtimer_try_to_cancel(&s->timer);
	elisa_resched_set();
}

/*
 * The thread's next stop would be schedule(), in vcpu_run().  A request that
 * comes from now on is honoured there; one with a signal, too, because then
 * there is no next VM entry.
 */
static void put_off(struct elisa_vcpu *v, u32 us)
{
	struct elisa_section *s = &v->section;

	/*
	 * While its function runs on another CPU, hrtimer_start() would queue
	 * the timer there, where it could not repeat the request.  v->lock
	 * keeps others from starting it.
	 */
	if (hrtimer_try_to_cancel(&s->timer) < 0 ||
	    !elisa_liveness_want(v->retake.att, v->retake.live_slot,
				 v->retake.handle))
		return;
	WRITE_ONCE(s->task, current);
	s->put_off = true;
	/* First, so that nothing is put off without an end. */
	hrtimer_start(&s->timer, ns_to_ktime(us * (u64)NSEC_PER_USEC),
		      HRTIMER_MODE_REL_PINNED_HARD);
	elisa_resched_clear();
	atomic64_inc(&v->vm->stats.sections);
}

/**
 * elisa_section_served() - nothing is put off for a call any more
 * @inst: its instance, BOUND or RESUMING and so nobody else's
 *
 * An exit has settled what was, so the code is not to end its section early for it.
 *
 * Context: v->lock of the vCPU held.
 */
void elisa_section_served(struct elisa_instance *inst)
{
	struct elisa_sub_control *control = (void *)inst->control.va;

	WRITE_ONCE(control->wanted, 0);
}

/**
 * elisa_section_interrupted() - an interrupt of the host has met a call
 * @v: vCPU with v->retake.att
 *
 * Nothing is put off when something just was: else it would be for ever.
 *
 * Context: handler hook, after the interrupt was served.
 */
void elisa_section_interrupted(struct elisa_vcpu *v)
{
	const u32 us = READ_ONCE(v->vm->policy.limits.section_us);
	unsigned long flags;

	raw_spin_lock_irqsave(&v->lock, flags);
	/* Under the lock: the attachment may have been revoked since the exit. */
	if (us && v->retake.att && !v->section.settled &&
	    elisa_resched_wanted() && elisa_resched_may_wait() &&
	    !signal_pending(current))
		put_off(v, us);
	raw_spin_unlock_irqrestore(&v->lock, flags);
}
