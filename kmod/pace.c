// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pacing.  Detaching, destroying an export, a reset and taking instances from
 * another window interrupt every CPU, for INVEPT; sealing an export reads all of its
 * code.  A guest may do that a thousand times a second; one that wants more
 * sleeps until it may again, at the cost of nobody but itself.
 */
#include <linux/ratelimit.h>
#include <linux/sched/signal.h>

#include "pace.h"
#include "vm.h"

#define BURST	 20
#define INTERVAL (HZ / 50) /* jiffies: 20 ms */

/** elisa_pace_init() - a VM has done nothing yet */
void elisa_pace_init(struct elisa_vm *vm)
{
	ratelimit_state_init(&vm->pace, INTERVAL, BURST);
	ratelimit_set_flags(&vm->pace, RATELIMIT_MSG_ON_RELEASE);
}

/**
 * elisa_pace() - wait until a VM may disturb all CPUs once more
 * @vm: VM
 *
 * Context: a vCPU's thread or a work item, no lock held; sleeps, for 20 ms a turn
 * at most.  A thread that is being killed does not wait, nor does anybody for a VM
 * that is leaving: whoever takes it out waits for them.
 */
void elisa_pace(struct elisa_vm *vm)
{
	while (READ_ONCE(vm->state) == ELISA_VM_ACTIVE &&
	       !__ratelimit(&vm->pace) && !fatal_signal_pending(current))
		schedule_timeout_killable(1);
}
