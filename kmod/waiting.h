/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How long a call has been waiting for the holder of a lock that does not run.
 *
 * A waiter looks at the holder from time to time.  What counts is the time for
 * which the holder was suspended, in one go or in pieces: otherwise a VM could
 * resume it for an instant just before its time is over, for ever.
 */
#ifndef ELISA_WAITING_H
#define ELISA_WAITING_H

#include "portable.h"

/* For elisa_waiting_look(): the owner runs, or waits itself. */
#define ELISA_NOT_SUSPENDED (~0ULL)

/**
 * struct elisa_waiting - a waiter's patience
 * @owner: for whom it waits
 * @last: when it looked last, ns
 * @suspended: time that @owner was seen suspended since it waits, ns
 */
struct elisa_waiting {
	u64 owner, last, suspended;
};

bool elisa_waiting_look(struct elisa_waiting *w, u64 owner, bool first, u64 now,
			u64 since, u64 bound);

#endif /* ELISA_WAITING_H */
