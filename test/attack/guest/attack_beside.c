// SPDX-License-Identifier: GPL-2.0-only
/*
 * No attack: a VM that calls at both privilege levels, is interrupted in it, and
 * pauses, so that others run, until the host says stop (meet).  Something else is
 * tested beside it.
 */
#include "steps.h"

#define BATCH  20
#define ROUNDS 10000
#define PAUSE  2000 /* us */

static struct export export;
static struct att att[2];

static void run_beside(void)
{
	const volatile u8 *told = (const u8 *)ATTACK_SHARED(0);
	u64 calls = 0, aex = 0, wrong = 0;
	unsigned int i;

	if (!sub_export(&export, "beside"))
		return;
	attach(&att[0], "beside", 0, NULL, 0);
	attach(&att[1], "beside", 3, NULL, 0);
	check(!att[0].err && !att[1].err, "attach at CPL 0 and 3");
	storm_start(100000, 300000);
	print("# calls\n");
	do {
		for (i = 0; i < BATCH; i++, calls += 2) {
			const u64 args[6] = { calls, 1, 2, 3, 4, 5 };
			struct result res;

			res = elisa_call(&att[i & 1], SUB_NOP, args);
			wrong += res.status || res.value != sub_nop_value(args);
			res = elisa_call(&att[i & 1], SUB_HOLD, ARGS(ROUNDS));
			wrong += !!res.status;
			aex += res.aex;
		}
		vmm_sleep(PAUSE);
	} while (!*told);
	storm_stop();
	check(!wrong && calls, "%llu calls, %llu wrong", calls, wrong);
	check(aex, "%llu interrupts in calls", aex);
}

ATTACK("beside", run_beside);
