/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Templates of the gate page and of the landing page.  They are data: copied
 * and patched by gate_code.c, executed in a guest only.
 *
 * Each exists in variants: sealed; full for exports that are trusted fully,
 * whose landing closes the list and returns itself; interposed, without a gate,
 * where the module does what the gate does.
 */
#include <elisa/layout.h>
#include "gate_code.h"

#define LIST0	ELISA_GATE_LIST_VA
#define LIST1	ELISA_GATE_LIST_VA + 8
#define RSP	ELISA_GATE_PRIVATE_VA + ELISA_GATE_RSP_OFFSET

/* Full, in sub: relative to RSP at the stack's top. */
#define FULL_LIST1	(ELISA_FULL_LIST_VA + 8 - ELISA_SUB_STACK_TOP)(%rsp)
#define FULL_RSP	(ELISA_FULL_PRIVATE_VA + ELISA_GATE_RSP_OFFSET - \
			 ELISA_SUB_STACK_TOP)(%rsp)

	.section .rodata, "a"

	.macro LABEL name
	.globl	\name
\name:
	.endm

/*
 * Gate, entry half.  From the entry stub's VMFUNC: EAX = 0, ECX = 2
 * (ELISA_IDX_GATE), RSP = the caller's, everything else the caller's
 * arguments.  Leaves for sub with ECX = 1, all else unchanged.
 */
	.macro GATE_ENTRY variant
LABEL elisa_\variant\()_entry
	mov	%rsp, RSP
	movl	$ELISA_GATE_CLOSED, LIST1
LABEL elisa_\variant\()_eptp_end		/* the immediate ends here */
	dec	%ecx				/* FF C9: see gate_code.c */
	.ifc \variant, sealed
	andb	$ELISA_GATE_DEFAULT_CLEAR, LIST0
	.endif
LABEL elisa_\variant\()_vmfunc
	vmfunc					/* -> sub, landing */
LABEL elisa_\variant\()_entry_end
	.endm

	GATE_ENTRY sealed
	GATE_ENTRY full

/*
 * Gate, return half.  From landing's VMFUNC: EAX = 0, RDX = the entry's
 * value; the rest is not trusted.  Ends at the page's end.  The full variant
 * has none.
 */
LABEL elisa_sealed_return
	orb	$ELISA_GATE_DEFAULT_SET, LIST0
	shll	$31, LIST1			/* an EPTP's bit 0 is 0: now 0 */
	mov	RSP, %rsp
	xor	%ecx, %ecx
	vmfunc					/* -> default, return stub */
LABEL elisa_sealed_return_end
LABEL elisa_full_return
LABEL elisa_full_return_end

/* Interposed: no gate, so landing has the page for itself. */
LABEL elisa_interposed_entry
LABEL elisa_interposed_eptp_end
LABEL elisa_interposed_vmfunc
LABEL elisa_interposed_entry_end
LABEL elisa_interposed_return
LABEL elisa_interposed_return_end

/*
 * Landing.  R11 = entry index, arguments in RDI RSI RDX R10 R8 R9; entries
 * follow the System V ABI, so the fourth moves to RCX.  A bad index meets the
 * UD2; a good one goes on in the second part.
 */
	.macro LANDING variant
LABEL elisa_\variant\()_landing
	movabs	$ELISA_SUB_STACK_TOP, %rsp
	.ifc \variant, full
	movl	$0, FULL_LIST1
	.endif
	cld
	mov	%r10, %rcx
	cmp	$0x7fffffff, %r11
LABEL elisa_\variant\()_count_end		/* the immediate ends here */
	.byte	0x0f, 0x82			/* jb to the second part */
	.long	0
LABEL elisa_\variant\()_bad
	ud2
LABEL elisa_\variant\()_landing_end
	.endm

	LANDING sealed
	LANDING full
	LANDING interposed

/*
 * Landing, second part.  Sealed, it ends where the gate's return half begins;
 * full and interposed, at the page's end, where the return stub follows.  The
 * mask is made of the comparison's carry; it keeps a mispredicted bounds check
 * from calling through another table.  What code with full trust leaves in
 * registers is its own business, as what its callers leave there is theirs.
 */
	.macro LEAVE variant
LABEL elisa_\variant\()_leave
	sbb	%rax, %rax
	and	%rax, %r11
	call	*(ELISA_SUB_ENTRIES - ELISA_SUB_STACK_TOP)(%rsp, %r11, 8)
	.ifc \variant, full
	mov	FULL_RSP, %rsp
	.endif
	mov	%rax, %rdx
	.ifnc \variant, full
	xor	%esi, %esi
	xor	%edi, %edi
	xor	%r8d, %r8d
	xor	%r9d, %r9d
	xor	%r10d, %r10d
	xor	%r11d, %r11d
	.endif
	.ifc \variant, sealed
	mov	$ELISA_IDX_GATE, %ecx
	.else
	xor	%ecx, %ecx			/* ELISA_IDX_DEFAULT */
	.endif
	xor	%eax, %eax
	.ifc \variant, interposed
	vmcall					/* known by its address */
	.else
	vmfunc
	.endif
LABEL elisa_\variant\()_leave_end
	.endm

	LEAVE sealed
	LEAVE full
	LEAVE interposed

	.section .note.GNU-stack, "", @progbits
