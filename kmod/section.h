/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Calls that are interrupted in a critical section.
 *
 * Exported code says in its instance's control page that it is in a section.
 * If an interrupt of the host that comes then makes the scheduler ask for the
 * thread's CPU, the request is put off until the section's end, for the policy's
 * section-us at most; the call goes on as after any interrupt of the host, see
 * retake.h.
 *
 * Saying so for ever gains nothing that counts: a request is put off once, and
 * the thread is charged for the time.
 */
#ifndef ELISA_SECTION_H
#define ELISA_SECTION_H

#include <linux/hrtimer.h>
#include <linux/types.h>

struct elisa_instance;
struct elisa_vcpu;
struct task_struct;

/**
 * struct elisa_section - a request that is put off for a section
 * @put_off: since the last exit a request to reschedule is put off
 * @settled: one was put off until the last exit
 * @task: whose; for @timer, to compare only
 * @timer: ends that
 *
 * Under v->lock, but for what @timer uses.
 */
struct elisa_section {
	bool put_off, settled;
	struct task_struct *task;
	struct hrtimer timer;
};

void elisa_section_init(struct elisa_section *s);
void elisa_section_free(struct elisa_section *s);
void elisa_section_settle(struct elisa_section *s);
void elisa_section_interrupted(struct elisa_vcpu *v);
void elisa_section_served(struct elisa_instance *inst);

#endif /* ELISA_SECTION_H */
