// SPDX-License-Identifier: GPL-2.0-only
/*
 * Calls that are interrupted in a critical section.
 */
#include <linux/kvm_host.h>

#include <elisa/layout.h>

#include "attachment.h"
#include "compat/kvm_regs.h"
#include "compat/resched.h"
#include "instance.h"
#include "liveness.h"
#include "resume.h"
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
static void put_off(struct elisa_section *s, struct elisa_sub_control *control,
		    u32 us)
{
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
}

/**
 * elisa_section_claim() - an interrupt of the host has met a call
 * @v: vCPU, v->lock held
 * @inst: instance of the call, still bound
 *
 * Context: exit hook, interrupts off; no request was put off before this exit.
 * Return: is the call to be continued at the next entry?  Then the caller
 * fills in v->section.handle.
 */
bool elisa_section_claim(struct elisa_vcpu *v, struct elisa_instance *inst)
{
	struct elisa_sub_control *control = (void *)inst->control.va;
	const u32 us = READ_ONCE(v->vm->policy.limits.section_us);

	/* The page is sub's: any value may stand there, at any time. */
	if (!us || inst->continued || !READ_ONCE(control->depth))
		return false;
	inst->continued = true;
	v->section.att = inst->att;
	v->section.live_slot = inst->live_slot;
	if (elisa_resched_wanted() && elisa_resched_may_wait() &&
	    !signal_pending(current))
		put_off(&v->section, control, us);
	return true;
}

/**
 * elisa_section_resumed() - a call is RESUMING by its guest's RESUME
 * @inst: its instance, RESUMING and so nobody else's
 *
 * Whatever was put off has been done by now, so the code is not to end its
 * section early for it.
 *
 * Context: v->lock of the vCPU held.
 */
void elisa_section_resumed(struct elisa_instance *inst)
{
	struct elisa_sub_control *control = (void *)inst->control.va;

	inst->continued = false;
	WRITE_ONCE(control->wanted, 0);
}

/* Is the vCPU where the AEX has left it? */
static bool is_at_aep(struct elisa_vcpu *v)
{
	const struct elisa_section *s = &v->section;

	return elisa_rip(v->vcpu) == ELISA_WINDOW(s->att->slot) + ELISA_W_AEP &&
	       v->vcpu->arch.regs[VCPU_REGS_RDI] == s->handle;
}

/**
 * elisa_section_enter() - continue a call that was interrupted in a section
 * @v: vCPU with v->section.att, v->lock held
 *
 * As if the guest had executed RESUME.  It has not run, so whoever knows the
 * handle is its VMM; the call may have been aborted, resumed and even
 * suspended elsewhere since, which the handle tells.
 *
 * Context: entry hook.  The attachment keeps its export: revocation takes
 * v->lock, in elisa_vcpu_drop(), before it goes on.
 */
void elisa_section_enter(struct elisa_vcpu *v)
{
	struct elisa_section *s = &v->section;
	struct elisa_attachment *att = s->att;
	struct elisa_instance *inst = NULL;

	if (!v->pending && is_at_aep(v))
		inst = elisa_liveness_retake(att, s->live_slot, s->handle);
	s->att = NULL;
	if (!inst)
		return;
	/*
	 * Full trust: a RESUME that was cancelled may have given it another
	 * vCPU's list.  It is RESUMING now, so nobody gives it a third.
	 */
	if (att->is_full && inst->mapped != v) {
		elisa_instance_cancel(inst);
		return;
	}
	v->pending = inst;
	v->pending_rip = elisa_rip(v->vcpu);
	elisa_resume_enter(v);
	if (v->slot[att->slot].instance == inst)
		atomic64_inc(&v->vm->stats.sections);
}
