// SPDX-License-Identifier: GPL-2.0-only
/*
 * Calls that are interrupted in a critical section.
 */
#include <elisa/layout.h>

#include "compat/resched.h"
#include "instance.h"
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
 *
 * Return: was there one?
 */
bool elisa_section_settle(struct elisa_section *s)
{
	if (likely(!s->put_off))
		return false;
	s->put_off = false;
	/* Should it be running on another CPU, it finds another thread there. */
	hrtimer_try_to_cancel(&s->timer);
	elisa_resched_set();
	return true;
}

/*
 * The thread's next stop would be schedule(), in vcpu_run().  A request that
 * comes from now on is honoured there; one with a signal, too, because then
 * there is no next VM entry.
 */
static void put_off(struct elisa_vcpu *v, struct elisa_sub_control *control,
		    u32 us)
{
	struct elisa_section *s = &v->section;

	/*
	 * While its function runs on another CPU, hrtimer_start() would queue
	 * the timer there, where it could not repeat the request.  v->lock
	 * keeps others from starting it.
	 */
	if (hrtimer_try_to_cancel(&s->timer) < 0)
		return;
	WRITE_ONCE(control->wanted, 1);
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
 * @v: vCPU, v->lock held
 * @inst: instance of the call, still bound
 * @settled: what elisa_section_settle() said at this exit
 *
 * Nothing is put off when something just was: else it would be for ever.
 *
 * Context: exit hook, interrupts off.
 */
void elisa_section_interrupted(struct elisa_vcpu *v,
			       struct elisa_instance *inst, bool settled)
{
	struct elisa_sub_control *control = (void *)inst->control.va;
	const u32 us = READ_ONCE(v->vm->policy.limits.section_us);

	elisa_section_served(inst);
	/* The page is sub's: any value may stand there, at any time. */
	if (us && !settled && READ_ONCE(control->depth) &&
	    elisa_resched_wanted() && elisa_resched_may_wait() &&
	    !signal_pending(current))
		put_off(v, control, us);
}
