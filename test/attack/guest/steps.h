/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * An export whose code counts its own steps, in its registers, on its stack
 * and in the shared data.  A call that is resumed twice from one state, or
 * runs on two vCPUs, counts in the shared data what its registers do not know.
 */
#ifndef STEPS_H
#define STEPS_H

#include "elisa.h"

#define STEPS_IDS 384

/* At ELISA_SUB_DATA; the offsets are known to steps.S. */
struct steps_shared {
	volatile u64 wrong;   /* 0x00: steps done twice or skipped */
	volatile u64 cpl;     /* 0x08: bit n: a step ran at CPL n */
	volatile u64 entered; /* 0x10: calls that began */
	volatile u64 done;    /* 0x18: calls that came to their end */
	u64 reserved[60];
	volatile u64 count[STEPS_IDS]; /* 0x200: by call, steps done */
	u64 rest[64];
};

/* RDI = call, RSI = steps, RDX = rounds of a loop in each; returns steps. */
#define STEPS_ENTRY 0

/* Seals it under @name; NULL and a failed check if that fails. */
struct steps_shared *steps_export(struct export *e, const char *name);

struct steps_call {
	const struct att *att;
	u64 id, steps, rounds;
};

/* Registers of a call, for elisa_call_regs() and enter(). */
struct regs steps_regs(const struct steps_call *call);

/*
 * Begin a call and stop at its first asynchronous exit: *@out is HOW_AEP then,
 * and the result is its handle; else 0.  The storm of interrupts that it takes
 * is over when it returns.
 */
u64 steps_suspend(const struct steps_call *call, struct outcome *out);

/* Resume @handle to the end of the call, at @cpl; the last outcome. */
void steps_finish(u64 handle, int cpl, struct outcome *out);

/* Did *@out bring back all of the call, each step done once? */
bool steps_good(const struct steps_shared *shared,
		const struct steps_call *call, const struct outcome *out);

/* RESUME or ABORT of @handle: -ENOLINK, and nothing has run. */
s64 resume_refused(u64 handle, int cpl);

/*
 * Tell the scenario (print "# at N") and wait until it has written a byte of at
 * least N at offset meet= of the first shared file.
 */
void meet(unsigned int n);

#endif /* STEPS_H */
