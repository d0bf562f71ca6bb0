// SPDX-License-Identifier: GPL-2.0-only
/*
 * A waiter's patience.  Pure computation; compiles in user space too.
 */
#include "waiting.h"

/**
 * elisa_waiting_look() - a waiter looks at the owner of a lock
 * @w: the waiter's patience
 * @owner: the owner
 * @first: it has just begun to wait
 * @now: ns
 * @since: when the owner was suspended, ns, or ELISA_NOT_SUSPENDED
 * @bound: how long an owner may be suspended while somebody waits, ns; 0: for
 *	ever
 *
 * Times come from several CPUs and may be out of order by a little: never is
 * a difference below zero taken.
 *
 * Return: true when the owner's time is over; never while it is not suspended.
 */
bool elisa_waiting_look(struct elisa_waiting *w, u64 owner, bool first, u64 now,
			u64 since, u64 bound)
{
	u64 from;

	if (first || w->owner != owner) {
		w->owner = owner;
		w->last = now;
		w->suspended = 0;
	}
	from = since > w->last ? since : w->last;
	if (now > from)
		w->suspended += now - from;
	w->last = now;
	if (!bound || since >= now)
		return false;
	return w->suspended > bound || now - since > bound;
}
