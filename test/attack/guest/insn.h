/* SPDX-License-Identifier: GPL-2.0-only */
/* The instructions that insn.S executes in sub. */
#ifndef INSN_H
#define INSN_H

#define INSN_SIZE 64

/* How a call must end: -EFAULT, unless one of these says otherwise. */
#define LEGAL3 0x01 /* returns at CPL 3 */
#define LEGAL0 0x02 /* returns at CPL 0 */
#define ANY3   0x04 /* either, it depends on the CPU, at CPL 3 */
#define ANY0   0x08 /* at CPL 0 */
/* Changes state of the vCPU for good, by an instruction that does not exit. */
#define ALTERS3 0x10
#define ALTERS0 0x20
/* Not executed as such: its place is where another one goes. */
#define TARGET 0x40

#define LEGAL  (LEGAL3 | LEGAL0)
#define ANY    (ANY3 | ANY0)
#define ALTERS (ALTERS3 | ALTERS0)

#ifndef __ASSEMBLER__
#include "elisa.h"

struct insn {
	const char *name;
	u64 flags;
};

extern const struct insn insn_table[];
extern const u64 insn_count;

BLOB(insn);
extern const u8 insn_first[]; /* in the blob */
#endif

#endif /* INSN_H */
