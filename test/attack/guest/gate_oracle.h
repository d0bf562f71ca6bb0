/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What must hold after every attack on gate and landing: the default context
 * has one way out, and exported code ran as often as calls ended well, always
 * from an entry point's first instruction, on its own stack.
 */
#ifndef GATE_ORACLE_H
#define GATE_ORACLE_H

#include "elisa.h"

#define GATE_ENTRIES 3 /* entries 0..2: they note that they ran */

/* At ELISA_SUB_DATA; the offsets are known to gate_sub.S. */
struct gate_shared {
	volatile u64 calls;   /* 0x00: of the three entries */
	volatile u64 strange; /* 0x08: ran, but is no entry point */
	volatile u64 go;      /* 0x10: ends gate_wait */
	volatile u64 waits;   /* 0x18 */
	u64 reserved[12];
	/* What gate_become becomes, then jumps to rip. */
	struct { /* 0x80 */
		u64 rax, rcx, rdx, rbx, rbp, rsi, rdi;
		u64 r8, r9, r10, r11, r12, r13, r14, r15;
		u64 rsp, rip, rflags;
	} become;
	u64 reserved2[14];
	struct gate_log { /* 0x180: of the last call */
		volatile u64 entry, rsp, back, rflags;
	} log;
	u8 rest[PAGE_SIZE - 0x1a0];
	u64 table[PAGE_SIZE / 8]; /* 0x1000: all lead to "strange" */
};

#define GATE_SHARED_PAGES 2

enum {
	GATE_E0,
	GATE_E1,
	GATE_E2,
	GATE_WAIT,   /* until shared->go */
	GATE_BECOME, /* shared->become */
	GATE_FAULT,  /* UD2 */
	GATE_ENTRY_COUNT,
};

/* Seals it under @name; NULL and a failed check if that fails. */
struct gate_shared *gate_export(struct export *e, const char *name);

/*
 * VMFUNC in the default context, at @cpl: 0 does nothing, 1 and 3..7 are #UD,
 * 2 is #UD too, behind it, because it leads to the gate.  Without @all, 0 to 2.
 */
bool ways_out_are_shut(int cpl, bool all);

/* Did the last call begin as the design says? */
bool log_is_right(const struct gate_shared *shared);

/*
 * Let the window lead to no instance on this vCPU: suspend a call and abort
 * it.  Return: the stack pointer of that call, the last that the gate saved.
 */
u64 unbind(const struct att *att, struct gate_shared *shared);

/* A call through each of the three entries. */
bool calls_work(const struct att *att, struct gate_shared *shared);

#endif /* GATE_ORACLE_H */
