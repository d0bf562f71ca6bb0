/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Other processor modes for attack_mode.c.  The VMM switches: at mode_out to
 * one of the pieces below, which run at MODE_CODE, and from their OUT back to
 * mode_back.
 */
#include "mode.h"

	.text
	.globl	mode_enter, mode_out, mode_back
mode_enter:
	pushfq
	push	%rbx
	push	%rbp
	push	%r12
	push	%r13
	push	%r14
	push	%r15
	mov	%rsp, mode_rsp(%rip)
	mov	$MODE_PORT, %edx
mode_out:
	out	%eax, %dx
	ud2
mode_back:
	mov	mode_rsp(%rip), %rsp
	pop	%r15
	pop	%r14
	pop	%r13
	pop	%r12
	pop	%rbp
	pop	%rbx
	popfq
	ret

	.bss
	.balign 8
mode_rsp:
	.quad	0

/* VMFUNC with ECX = 0, 1, 2, and VMCALL; what came of them. */
	.macro	TRY_VMFUNC
	xor	%edi, %edi
1:	mov	%edi, %ecx
	xor	%eax, %eax
	movl	$MODE_WENT_ON, MODE_RESULT(, %edi, 4)
	vmfunc
	inc	%edi
	cmp	$3, %edi
	jb	1b
	mov	$0x454c4900, %eax		/* VERSION */
	vmcall
	mov	%eax, MODE_RESULT + 12
	mov	$MODE_PORT, %edx
	out	%eax, %dx
	hlt
	.endm

	.section .rodata
	.globl	mode_code, mode_code_end, mode_32, mode_ud_32, mode_16
	.globl	mode_ud_16
mode_code:
	.code32
mode_32:
	TRY_VMFUNC
mode_ud_32:
	movl	$MODE_UD, MODE_RESULT(, %edi, 4)
	addl	$3, (%esp)			/* over VMFUNC */
	iret
	.code16
mode_16:
	TRY_VMFUNC
mode_ud_16:
	movl	$MODE_UD, MODE_RESULT(, %edi, 4)
	mov	%sp, %bp
	addw	$3, (%bp)
	iret
	.code64
mode_code_end:

	.section .note.GNU-stack, "", @progbits
