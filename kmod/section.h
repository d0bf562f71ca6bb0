/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Calls that are interrupted in a critical section.
 *
 * Exported code says in its instance's control page that it is in a section.
 * An interrupt of the host that comes then is an AEX like any other; but at the
 * next VM entry the call goes on at once, without its guest, if there is
 * nothing else to do for that.  A request of the host's scheduler is put off
 * until the section's end, for the policy's section-us at most.
 *
 * Saying so for ever gains nothing that counts: a call is continued once and
 * then has to be RESUMEd by its guest; a request is put off once; and the
 * thread is charged for the time.
 */
#ifndef ELISA_SECTION_H
#define ELISA_SECTION_H

#include <linux/hrtimer.h>
#include <linux/types.h>

struct elisa_attachment;
struct elisa_instance;
struct elisa_vcpu;
struct task_struct;

/**
 * struct elisa_section - a vCPU's interrupted section
 * @att: the call's attachment, from exit to entry, else NULL
 * @live_slot: its instance's slot
 * @handle: its handle
 * @put_off: since the last exit a request to reschedule is put off
 * @task: whose; for @timer, to compare only
 * @timer: ends that
 *
 * Under v->lock, but for what @timer uses.
 */
struct elisa_section {
	struct elisa_attachment *att;
	unsigned int live_slot;
	u64 handle;
	bool put_off;
	struct task_struct *task;
	struct hrtimer timer;
};

void elisa_section_init(struct elisa_section *s);
void elisa_section_free(struct elisa_section *s);
bool elisa_section_settle(struct elisa_section *s);
bool elisa_section_claim(struct elisa_vcpu *v, struct elisa_instance *inst);
void elisa_section_resumed(struct elisa_instance *inst);
void elisa_section_enter(struct elisa_vcpu *v);

#endif /* ELISA_SECTION_H */
