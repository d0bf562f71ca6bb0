/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The host's requests to reschedule, and timers.
 *
 * Since 6.13 there is a second, lazy kind of request; clear_tsk_need_resched()
 * takes back both.  hrtimer_setup() came with 6.13, and hrtimer_init() went
 * with 6.15.
 */
#ifndef ELISA_COMPAT_RESCHED_H
#define ELISA_COMPAT_RESCHED_H

#include <linux/hrtimer.h>
#include <linux/preempt.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/thread_info.h>

/* Shall the present thread give its CPU away? */
static inline bool elisa_resched_wanted(void)
{
#ifdef _TIF_NEED_RESCHED_LAZY
	if (test_thread_flag(TIF_NEED_RESCHED_LAZY))
		return true;
#endif
	return test_thread_flag(TIF_NEED_RESCHED);
}

/*
 * May that wait?  Not with core scheduling: the other threads of the core do not
 * wait for this one to stop before they run somebody whom it shall not meet.
 */
static inline bool elisa_resched_may_wait(void)
{
#ifdef CONFIG_SCHED_CORE
	return !current->core_cookie;
#else
	return true;
#endif
}

/* Interrupts off, for both. */
static inline void elisa_resched_clear(void)
{
	clear_tsk_need_resched(current);
	clear_preempt_need_resched();
}

static inline void elisa_resched_set(void)
{
	set_tsk_thread_flag(current, TIF_NEED_RESCHED);
	set_preempt_need_resched();
}

static inline void
elisa_hrtimer_setup(struct hrtimer *timer,
		    enum hrtimer_restart (*fn)(struct hrtimer *timer))
{
#ifdef ELISA_HAVE_HRTIMER_SETUP
	hrtimer_setup(timer, fn, CLOCK_MONOTONIC, HRTIMER_MODE_REL_PINNED_HARD);
#else
	hrtimer_init(timer, CLOCK_MONOTONIC, HRTIMER_MODE_REL_PINNED_HARD);
	timer->function = fn;
#endif
}

#endif /* ELISA_COMPAT_RESCHED_H */
