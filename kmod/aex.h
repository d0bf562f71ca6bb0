/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Exits from gate and sub contexts.
 *
 * Every such exit is turned into default-context state before KVM sees it
 * (eager AEX): the EPTP is KVM's again, list[1] is 0, the registers are those
 * of code in the window's stubs.
 */
#ifndef ELISA_AEX_H
#define ELISA_AEX_H

#include <linux/types.h>

struct elisa_vcpu;
struct kvm_vcpu;

/**
 * enum elisa_exit - what elisa_aex_exit() leaves to be done, in v->exit
 * @ELISA_EXIT_DEFAULT: the exit was from the default context; KVM's or a
 *	hypercall
 * @ELISA_EXIT_PASS: KVM handles the exit, at the stub's address
 * @ELISA_EXIT_DONE: the exit is dealt with, enter again
 * @ELISA_EXIT_BIND: likewise, after the window of the restart address got an
 *	instance
 * @ELISA_EXIT_WAIT: likewise, after elisa_wait_finish()
 * @ELISA_EXIT_RETURN: an interposed call has returned, enter again
 */
enum elisa_exit {
	ELISA_EXIT_DEFAULT,
	ELISA_EXIT_PASS,
	ELISA_EXIT_DONE,
	ELISA_EXIT_BIND,
	ELISA_EXIT_WAIT,
	ELISA_EXIT_RETURN,
};

void elisa_aex_exit(struct elisa_vcpu *v);
void elisa_aex_force(struct elisa_vcpu *v);
bool elisa_aex_is_ours(struct elisa_vcpu *v, u64 eptp);
void elisa_aex_fail(struct kvm_vcpu *vcpu, unsigned int slot, int err);

#endif /* ELISA_AEX_H */
