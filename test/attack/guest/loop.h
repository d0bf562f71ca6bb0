/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Calls one after the other by code in the window's own stubs, so that most
 * interrupts come in gate or sub.  RSP points to a struct loop.
 */
#ifndef LOOP_H
#define LOOP_H

#define LOOP_AT 0x800 /* in page 0 of the window */

#define LOOP_LEFT    0
#define LOOP_WANT    8
#define LOOP_AEX     16
#define LOOP_START   24
#define LOOP_WRONG   32
#define LOOP_AGAIN   40
#define LOOP_RESTART 48

#ifndef __ASSEMBLER__
#include "elisa.h"

struct loop {
	volatile u64 left; /* calls to make */
	u64 want;	   /* RDX that they return */
	volatile u64 aex;
	u64 start;
	volatile u64 wrong;
	volatile u64 again; /* RESUMEs that came back with -EAGAIN */
	u64 restart;
};

/* Calls of SUB_NOP; false when it came to another end. */
bool loop_calls(const struct att *a, struct loop *loop, u64 calls,
		struct outcome *out);
#endif

#endif /* LOOP_H */
