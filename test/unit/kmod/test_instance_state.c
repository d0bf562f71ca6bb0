// SPDX-License-Identifier: GPL-2.0-only
/*
 * Every event in every state.
 */
#include "instance_state.h"
#include "test.h"

#define NEVER (-1)

/* The drawing in instance_state.h, read again. */
static const int after[5][9] = {
	[ELISA_I_FREE] = {
		[ELISA_IE_BIND] = ELISA_I_BOUND,
		[ELISA_IE_UNBIND] = NEVER,
		[ELISA_IE_AEX] = NEVER,
		[ELISA_IE_RESUME] = NEVER,
		[ELISA_IE_CANCEL] = NEVER,
		[ELISA_IE_ENTER] = NEVER,
		[ELISA_IE_ABORT] = NEVER,
		[ELISA_IE_DOOM] = NEVER,
		[ELISA_IE_DROP] = NEVER,
	},
	[ELISA_I_BOUND] = {
		[ELISA_IE_BIND] = NEVER,
		[ELISA_IE_UNBIND] = ELISA_I_FREE,
		[ELISA_IE_AEX] = ELISA_I_SUSPENDED,
		[ELISA_IE_RESUME] = NEVER,
		[ELISA_IE_CANCEL] = NEVER,
		[ELISA_IE_ENTER] = NEVER,
		[ELISA_IE_ABORT] = NEVER,
		[ELISA_IE_DOOM] = NEVER,
		[ELISA_IE_DROP] = NEVER,
	},
	[ELISA_I_SUSPENDED] = {
		[ELISA_IE_BIND] = NEVER,
		[ELISA_IE_UNBIND] = NEVER,
		[ELISA_IE_AEX] = NEVER,
		[ELISA_IE_RESUME] = ELISA_I_RESUMING,
		[ELISA_IE_CANCEL] = NEVER,
		[ELISA_IE_ENTER] = NEVER,
		[ELISA_IE_ABORT] = ELISA_I_FREE,
		[ELISA_IE_DOOM] = NEVER,
		[ELISA_IE_DROP] = NEVER,
	},
	[ELISA_I_RESUMING] = {
		[ELISA_IE_BIND] = NEVER,
		[ELISA_IE_UNBIND] = NEVER,
		[ELISA_IE_AEX] = NEVER,
		[ELISA_IE_RESUME] = NEVER,
		[ELISA_IE_CANCEL] = ELISA_I_SUSPENDED,
		[ELISA_IE_ENTER] = ELISA_I_BOUND,
		[ELISA_IE_ABORT] = NEVER,
		[ELISA_IE_DOOM] = ELISA_I_DOOMED,
		[ELISA_IE_DROP] = NEVER,
	},
	[ELISA_I_DOOMED] = {
		[ELISA_IE_BIND] = NEVER,
		[ELISA_IE_UNBIND] = NEVER,
		[ELISA_IE_AEX] = NEVER,
		[ELISA_IE_RESUME] = NEVER,
		[ELISA_IE_CANCEL] = NEVER,
		[ELISA_IE_ENTER] = NEVER,
		[ELISA_IE_ABORT] = NEVER,
		[ELISA_IE_DOOM] = NEVER,
		[ELISA_IE_DROP] = ELISA_I_FREE,
	},
};

static void every_pair(void **unused)
{
	enum elisa_istate state;
	int from, event;
	bool legal;

	(void)unused;
	for (from = ELISA_I_FREE; from <= ELISA_I_DOOMED; from++) {
		for (event = ELISA_IE_BIND; event <= ELISA_IE_DROP; event++) {
			legal = after[from][event] != NEVER;
			state = from;
			assert_int_equal(elisa_istate_step(&state, event),
					 legal);
			assert_int_equal(state,
					 legal ? after[from][event] : from);
		}
	}
}

/* A zeroed instance is free. */
static void initial(void **unused)
{
	(void)unused;
	assert_int_equal(ELISA_I_FREE, 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_pair),
		cmocka_unit_test(initial),
	};

	return cmocka_run_group_tests_name("instance state", tests, NULL, NULL);
}
