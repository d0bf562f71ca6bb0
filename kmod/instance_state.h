/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Life of an instance.
 *
 *            bind            AEX               RESUME
 *	FREE ------> BOUND ---------> SUSPENDED ---------> RESUMING
 *	  ^            |  ^              |  ^                |   |
 *	  |   unbind   |  |              |  '----- cancel ---'   |
 *	  '------------'  '--------------|------- enter ---------'
 *	  '---------- abort -------------'
 *
 * FREE: on its attachment's free list.
 * BOUND: one vCPU's gate page leads to it; that vCPU may be in it now.
 * SUSPENDED: holds an interrupted call; found by its handle.
 * RESUMING: a vCPU will load it at its next VM entry, unless an event comes
 *	first (cancel).
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
};

enum elisa_ievent {
	ELISA_IE_BIND,
	ELISA_IE_UNBIND,
	ELISA_IE_AEX,
	ELISA_IE_RESUME,
	ELISA_IE_CANCEL,
	ELISA_IE_ENTER,
	ELISA_IE_ABORT,
};

bool elisa_istate_step(enum elisa_istate *state, enum elisa_ievent event);

#endif /* ELISA_INSTANCE_STATE_H */
