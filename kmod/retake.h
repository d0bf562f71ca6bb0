/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Calls that go on without their guest's RESUME.
 *
 * An interrupt of the host that meets a call is an AEX like any other: KVM and
 * the VMM see a vCPU at the AEP.  If the next VM entry has nothing to deliver to
 * the guest, all that it would do there is to execute RESUME; then the entry hook
 * does so in its place, which saves an exit.
 */
#ifndef ELISA_RETAKE_H
#define ELISA_RETAKE_H

#include <linux/types.h>

struct elisa_attachment;
struct elisa_instance;
struct elisa_vcpu;

/**
 * struct elisa_retake - the call that an interrupt of the host has met
 * @att: its attachment, from exit to entry, else NULL
 * @live_slot: its instance's slot
 * @handle: its handle
 *
 * Under v->lock.
 */
struct elisa_retake {
	struct elisa_attachment *att;
	unsigned int live_slot;
	u64 handle;
};

void elisa_retake_note(struct elisa_vcpu *v, struct elisa_attachment *att,
		       unsigned int live_slot, u64 handle);
void elisa_retake_enter(struct elisa_vcpu *v);

#endif /* ELISA_RETAKE_H */
