/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The code pages of a window: the gate page of a vCPU and the landing page of
 * an attachment.
 *
 * A guest can enter the gate page at any of its 4096 offsets with any
 * register values, because it can execute VMFUNC(gate) from a page of its own
 * that it maps at W+1 in the default context.  The page is therefore written
 * so that every decode of it from every offset is harmless:
 *
 *  - It stores only constants to the EPTP list: the low half of the
 *    instance's EPTP, and two single-byte or shift immediates.
 *  - Root tables of sub contexts lie below 4 GiB (table.c), so the upper
 *    half of list[1] is never written and one 32-bit store is enough.
 *  - Immediates and displacements hold no zero bytes and are chosen so that a
 *    decode from their middle meets an invalid opcode before any store; the
 *    only bytes not known here, those of the EPTP, are checked by
 *    elisa_gate_eptp_ok() before a root table page is used.
 *  - list[0] is made invalid while the vCPU is in sub, so that hostile sub
 *    code cannot switch to the default context from the landing page, with a
 *    stack pointer of its choice.
 *
 * test/unit/kmod/test_gate_code.c decodes the page from every offset with an
 * independent disassembler.
 *
 * The full variant is for exports that are trusted fully.  Its gate page has
 * the entry half only, and leaves list[0] valid; its landing maps the EPTP list
 * and the gate-private page, clears list[1] and returns to default itself.  The
 * gate page must then not lead to default while list[1] is set: ECX is 1 or 2
 * wherever VMFUNC can meet it so.
 *
 * The interposed variant has a landing page only, which VMCALL enters and leaves:
 * see interpose.h.
 */
#ifndef ELISA_GATE_CODE_H
#define ELISA_GATE_CODE_H

/*
 * Guest-virtual addresses of the EPTP list and of the gate-private page in a
 * gate context.  As displacement bytes: 00 d0 d6 1f, 08 d0 d6 1f (list[0],
 * list[1]) and 10 e0 d6 1f (saved RSP); D6 and 1F are invalid opcodes in
 * 64-bit mode, 08 D0 and 10 E0 are register operations.
 */
#define ELISA_GATE_LIST_VA    0x1fd6d000
#define ELISA_GATE_PRIVATE_VA 0x1fd6e000
#define ELISA_GATE_RSP_OFFSET 0x10

/* Page numbers of both in chunk ELISA_CHUNK_GATE_DATA. */
#define ELISA_GATE_LIST_PAGE	((ELISA_GATE_LIST_VA >> 12) & 511)
#define ELISA_GATE_PRIVATE_PAGE ((ELISA_GATE_PRIVATE_VA >> 12) & 511)

/*
 * Stored to list[1] when no instance is bound: not a valid EPTP (reserved
 * bits 11:8 are set), so VMFUNC exits; invalid opcodes when executed.
 */
#define ELISA_GATE_CLOSED 0x1f1f1f1e

/* list[0] & CLEAR is not a valid EPTP, | SET makes it one again. */
#define ELISA_GATE_DEFAULT_CLEAR 0xc7 /* page-walk length bits */
#define ELISA_GATE_DEFAULT_SET	 0x18 /* 4 levels */

/*
 * Full variant: pages of chunk ELISA_CHUNK_INSTANCE that map the EPTP list and
 * the gate-private page of the vCPU that an instance is bound to.
 */
#define ELISA_FULL_LIST_PAGE	1
#define ELISA_FULL_PRIVATE_PAGE 2
#define ELISA_FULL_LIST_VA \
	(ELISA_SUB_INFO + ELISA_FULL_LIST_PAGE * ELISA_PAGE_SIZE)
#define ELISA_FULL_PRIVATE_VA \
	(ELISA_SUB_INFO + ELISA_FULL_PRIVATE_PAGE * ELISA_PAGE_SIZE)

#define ELISA_GATE_FILL 0xcc /* INT3 */

#ifndef __ASSEMBLER__
#include "portable.h"

/** enum elisa_variant - of gate and landing pages; a gate's is SEALED or FULL */
enum elisa_variant {
	ELISA_VARIANT_SEALED,
	ELISA_VARIANT_FULL,
	ELISA_VARIANT_INTERPOSED,
};

void elisa_gate_build(u8 *page, bool is_full);
void elisa_gate_set_eptp(u8 *page, u32 eptp_low);
bool elisa_gate_eptp_ok(u64 eptp, bool is_full);
void elisa_landing_build(u8 *page, u32 entries, enum elisa_variant which);
unsigned int elisa_gate_vmfuncs(bool is_full);

/* Offsets in the page at W+1. */
unsigned int elisa_gate_entry_end(enum elisa_variant which);
unsigned int elisa_gate_vmfunc_sub(bool is_full);
unsigned int elisa_gate_return(enum elisa_variant which);
unsigned int elisa_landing_bad_index(enum elisa_variant which);
unsigned int elisa_landing_vmcall(void);
#endif

#endif /* ELISA_GATE_CODE_H */
