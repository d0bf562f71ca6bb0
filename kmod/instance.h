/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * An instance: what one in-flight call needs.  A sub context root, a private
 * stack, and a save area for the call while it is suspended.
 */
#ifndef ELISA_INSTANCE_H
#define ELISA_INSTANCE_H

#include <linux/kvm_host.h>

#include <elisa/layout.h>

#include "ept.h"
#include "fpu.h"
#include "instance_state.h"
#include "ledger.h"
#include "waiting.h"

struct elisa_attachment;
struct pid;
struct elisa_vcpu;

/* After that time in SUSPENDED a call may be ended for others: reclaim.h. */
#define ELISA_STALE_SECONDS 10

/* By VCPU_REGS_*, the first of them. */
#define ELISA_GPRS 16

/**
 * struct elisa_saved - a suspended call
 * @regs: general registers but RIP, by VCPU_REGS_*
 * @caller_rsp: from the gate-private page
 * @fpu_mask: components in the instance's fpu area
 */
struct elisa_saved {
	u64 regs[ELISA_GPRS];
	u64 rip, rflags, cr2;
	u64 caller_rsp;
	u64 fpu_mask;
};

/**
 * struct elisa_instance - see above
 * @att: the attachment it belongs to
 * @all: in the attachment's list of all instances
 * @free: in its free list while the state is FREE
 * @state: under att->lock
 * @handle: while SUSPENDED or RESUMING
 * @next_handle: random bits for the next AEX, which cannot draw any
 * @eptp: of @ept
 * @ept: the sub context's upper levels
 * @pages: page table of chunk ELISA_CHUNK_INSTANCE
 * @self: struct elisa_sub_self page
 * @control: struct elisa_sub_control page
 * @caller_rflags: interposed: of the caller of its call
 * @id: identity, see liveness.h; written under att->lock
 * @live_slot: its slot there
 * @runner: thread whose vCPU it was bound to last, under att->lock
 * @suspended_at: when the last AEX was, ns; under att->lock
 * @waits: that was a WAIT
 * @waiting: for whom its call waits; while the waiter's vcpu->lock is held
 * @stack: ELISA_STACK_PAGES pages
 * @mapped: full trust: the vCPU whose EPTP list @pages maps, under vm->lock
 * @ledger: of debug builds
 * @saved: while SUSPENDED or RESUMING
 * @fpu: vector state, likewise
 */
struct elisa_instance {
	struct elisa_attachment *att;
	struct list_head all, free;
	enum elisa_istate state;
	u64 handle, next_handle;
	u64 eptp;
	struct elisa_ept ept;
	struct elisa_table pages, self, control;
	u64 id;
	unsigned int live_slot;
	struct pid *runner;
	u64 suspended_at, caller_rflags;
	bool waits;
	struct elisa_waiting waiting;
	struct elisa_table stack[ELISA_STACK_PAGES];
	const struct elisa_vcpu *mapped;
	struct elisa_ledger_context ledger;
	struct elisa_saved saved;
	void *fpu;
};

struct elisa_instance *elisa_instance_take(struct elisa_attachment *att,
					   const struct elisa_vcpu *v);
void elisa_instance_map(struct elisa_instance *inst,
			const struct elisa_vcpu *v);
void elisa_instance_unbind(struct elisa_instance *inst);
void elisa_instance_set_runner(struct elisa_instance *inst);
void elisa_instance_failed(struct elisa_instance *inst);
bool elisa_instance_abort(struct elisa_instance *inst, u64 handle);
bool elisa_instance_resume(struct elisa_instance *inst, u64 handle, u64 random);
bool elisa_instance_doom(struct elisa_instance *inst);
void elisa_instance_cancel(struct elisa_instance *inst);
u64 elisa_instance_suspend(struct elisa_instance *inst, bool waits);
bool elisa_instance_retake(struct elisa_instance *inst, u64 handle);
bool elisa_instance_enter(struct elisa_instance *inst);
struct elisa_instance *elisa_instance_find(struct elisa_attachment *att,
					   u64 handle);
struct elisa_instance *elisa_instance_find_stale(struct elisa_attachment *att);
unsigned int elisa_instance_isolate(struct elisa_attachment *att,
				    struct list_head *to, unsigned int most);
void elisa_instance_free_isolated(struct list_head *instances);
void elisa_instance_free_all(struct elisa_attachment *att);

#endif /* ELISA_INSTANCE_H */
