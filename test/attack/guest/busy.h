/* SPDX-License-Identifier: GPL-2.0-only */
/* A call that has something in every register, and notes what it finds after. */
#ifndef BUSY_H
#define BUSY_H

/* In the shared pages. */
#define BUSY_ENTERED 0x0000
#define BUSY_SECRET  0x1000
#define BUSY_MXCSR   0x1010
#define BUSY_FCW     0x1018
#define BUSY_ST	     0x1020
#define BUSY_YMM     0x1040
#define BUSY_BEFORE  0x2000 /* XSAVE areas */
#define BUSY_AFTER   0x2400
#define BUSY_REGS    0x2800 /* 14 general registers, flags, CR2 */
#define BUSY_PAGES   3

#define BUSY_N_REGS 14

#ifndef __ASSEMBLER__
#include "oracle.h"

struct busy {
	struct att att;
	u8 *shared;
};

BLOB(busy);
BLOB(pauses);

enum {
	BUSY_RUN,    /* RDI = rounds, RSI = flags, RDX: CR2 too */
	BUSY_PAUSES, /* RDI = how often PAUSE */
};

bool busy_export(u8 **shared, const char *name);
/* What a call has found changed, or NULL. */
const char *busy_is_wrong(const u8 *shared, u64 flags, int cpl);
#endif

#endif /* BUSY_H */
