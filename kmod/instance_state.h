/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Life of an instance.
 *
 *            bind            AEX               RESUME
 *	FREE ------> BOUND ---------> SUSPENDED ---------> RESUMING
 *	  ^            |  ^              |  ^                |  |  |
 *	  |   unbind   |  |              |  '----- cancel ---'  |  | doom
 *	  |------------'  '--------------|------- enter --------'  v
 *	  |---------- abort -------------'                       DOOMED
 *	  '---------- drop ----------------------------------------'
 *
 * FREE: on its attachment's free list.
 * BOUND: one vCPU's gate page leads to it; that vCPU may be in it now.
 * SUSPENDED: holds an interrupted call; found by its handle.
 * RESUMING: a vCPU will load it at its next VM entry, unless an event comes
 *	first (cancel).
 * DOOMED: that vCPU took too long for those who wait for the call, which is over;
 *	it has yet to notice.
 *
 * Transitions happen under the attachment's lock.
 */
#ifndef ELISA_INSTANCE_STATE_H
#define ELISA_INSTANCE_STATE_H

#include "portable.h"

enum elisa_istate {
	ELISA_I_FREE,
	ELISA_I_BOUND,
	ELISA_I_SUSPENDED,
	ELISA_I_RESUMING,
	ELISA_I_DOOMED,
};

enum elisa_ievent {
	ELISA_IE_BIND,
	ELISA_IE_UNBIND,
	ELISA_IE_AEX,
	ELISA_IE_RESUME,
	ELISA_IE_CANCEL,
	ELISA_IE_ENTER,
	ELISA_IE_ABORT,
	ELISA_IE_DOOM,
	ELISA_IE_DROP,
};

bool elisa_istate_step(enum elisa_istate *state, enum elisa_ievent event);

#endif /* ELISA_INSTANCE_STATE_H */
