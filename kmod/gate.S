/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Templates of the gate page and of the landing page.  They are data: copied
 * and patched by gate_code.c, executed in a guest only.
 */
#include <elisa/layout.h>
#include "gate_code.h"

#define LIST0	ELISA_GATE_LIST_VA
#define LIST1	ELISA_GATE_LIST_VA + 8
#define RSP	ELISA_GATE_PRIVATE_VA + ELISA_GATE_RSP_OFFSET

	.section .rodata, "a"

/*
 * Gate, entry half.  From the entry stub's VMFUNC: EAX = 0, ECX = 2
 * (ELISA_IDX_GATE), RSP = the caller's, everything else the caller's
 * arguments.  Leaves for sub with ECX = 1, all else unchanged.
 */
	.globl	elisa_tmpl_gate_entry
elisa_tmpl_gate_entry:
	mov	%rsp, RSP
	movl	$ELISA_GATE_CLOSED, LIST1
	.globl	elisa_tmpl_gate_eptp_end	/* the immediate ends here */
elisa_tmpl_gate_eptp_end:
	dec	%ecx				/* FF C9: see gate_code.c */
	andb	$ELISA_GATE_DEFAULT_CLEAR, LIST0
	.globl	elisa_tmpl_gate_vmfunc
elisa_tmpl_gate_vmfunc:
	vmfunc					/* -> sub, landing */
	.globl	elisa_tmpl_gate_entry_end
elisa_tmpl_gate_entry_end:

/*
 * Gate, return half.  From landing's VMFUNC: EAX = 0, RDX = the entry's
 * value; the rest is not trusted.  Ends at the page's end.
 */
	.globl	elisa_tmpl_gate_return
elisa_tmpl_gate_return:
	orb	$ELISA_GATE_DEFAULT_SET, LIST0
	shll	$31, LIST1			/* an EPTP's bit 0 is 0: now 0 */
	mov	RSP, %rsp
	xor	%ecx, %ecx
	vmfunc					/* -> default, return stub */
	.globl	elisa_tmpl_gate_return_end
elisa_tmpl_gate_return_end:

/*
 * Landing.  R11 = entry index, arguments in RDI RSI RDX R10 R8 R9; entries
 * follow the System V ABI, so the fourth moves to RCX.  A bad index meets the
 * UD2; a good one goes on in the second part.
 */
	.globl	elisa_tmpl_landing
elisa_tmpl_landing:
	movabs	$ELISA_SUB_STACK_TOP, %rsp
	cld
	mov	%r10, %rcx
	cmp	$0x7fffffff, %r11
	.globl	elisa_tmpl_landing_count_end	/* the immediate ends here */
elisa_tmpl_landing_count_end:
	.byte	0x0f, 0x82			/* jb to the second part */
	.long	0
	.globl	elisa_tmpl_landing_bad
elisa_tmpl_landing_bad:
	ud2
	.globl	elisa_tmpl_landing_end
elisa_tmpl_landing_end:

/*
 * Landing, second part: ends where the gate's return half begins, so that
 * nothing has to be jumped over after the call.  The mask is made of the
 * comparison's carry; it keeps a mispredicted bounds check from calling
 * through another table.
 */
	.globl	elisa_tmpl_leave
elisa_tmpl_leave:
	sbb	%rax, %rax
	and	%rax, %r11
	call	*(ELISA_SUB_ENTRIES - ELISA_SUB_STACK_TOP)(%rsp, %r11, 8)
	mov	%rax, %rdx
	xor	%esi, %esi
	xor	%edi, %edi
	xor	%r8d, %r8d
	xor	%r9d, %r9d
	xor	%r10d, %r10d
	xor	%r11d, %r11d
	mov	$ELISA_IDX_GATE, %ecx
	xor	%eax, %eax
	vmfunc
	.globl	elisa_tmpl_leave_end
elisa_tmpl_leave_end:

	.section .note.GNU-stack, "", @progbits
