// SPDX-License-Identifier: GPL-2.0-only
/*
 * The instance state machine.  Pure computation; compiles in user space too.
 */
#include "instance_state.h"

static const struct {
	enum elisa_istate from, to;
} transition[] = {
	[ELISA_IE_BIND] = { ELISA_I_FREE, ELISA_I_BOUND },
	[ELISA_IE_UNBIND] = { ELISA_I_BOUND, ELISA_I_FREE },
	[ELISA_IE_AEX] = { ELISA_I_BOUND, ELISA_I_SUSPENDED },
	[ELISA_IE_RESUME] = { ELISA_I_SUSPENDED, ELISA_I_RESUMING },
	[ELISA_IE_CANCEL] = { ELISA_I_RESUMING, ELISA_I_SUSPENDED },
	[ELISA_IE_ENTER] = { ELISA_I_RESUMING, ELISA_I_BOUND },
	[ELISA_IE_ABORT] = { ELISA_I_SUSPENDED, ELISA_I_FREE },
	[ELISA_IE_DOOM] = { ELISA_I_RESUMING, ELISA_I_DOOMED },
	[ELISA_IE_DROP] = { ELISA_I_DOOMED, ELISA_I_FREE },
};

/**
 * elisa_istate_step() - take one transition
 * @state: changed when the transition is legal
 * @event: what happened
 *
 * Return: false, and @state unchanged, when @event cannot happen in @state.
 */
bool elisa_istate_step(enum elisa_istate *state, enum elisa_ievent event)
{
	if (*state != transition[event].from)
		return false;
	*state = transition[event].to;
	return true;
}
