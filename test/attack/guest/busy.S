/* SPDX-License-Identifier: GPL-2.0-only */
#include <elisa/layout.h>

#include "blob.h"
#include "busy.h"

BLOB_BEGIN busy
	push	%rdx
	push	%rsi
	push	%rdi
	movabs	$ELISA_SUB_DATA, %rbx
	.irp	n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
	vmovdqu	BUSY_YMM + \n * 32(%rbx), %ymm\n
	.endr
	ldmxcsr	BUSY_MXCSR(%rbx)
	/* Values with the secret in them, then 1 / 0, which stays pending. */
	fninit
	fldt	BUSY_ST(%rbx)
	fldt	BUSY_ST(%rbx)
	fldcw	BUSY_FCW(%rbx)
	fldz
	fld1
	fdiv	%st(1), %st
	mov	$7, %eax
	xor	%edx, %edx
	xsave64	BUSY_BEFORE(%rbx)
	mov	BUSY_SECRET(%rbx), %rax
	cmpq	$0, 16(%rsp)
	je	1f
	mov	%rax, %cr2
1:	lock incq BUSY_ENTERED(%rbx)
	mov	(%rsp), %rcx
	pushq	8(%rsp)
	.irp	r, rbx, rdx, rbp, rsi, rdi, r8, r9, r10, r11, r12, r13, r14, r15
	mov	%rax, %\r
	.endr
	popfq
	/* Neither flags nor registers but RCX change from here on. */
2:	lea	-1(%rcx), %rcx
	jrcxz	3f
	jmp	2b
3:	movabs	$ELISA_SUB_DATA + BUSY_REGS, %rcx
	mov	%rax, (%rcx)
	mov	%rbx, 8(%rcx)
	mov	%rdx, 16(%rcx)
	mov	%rbp, 24(%rcx)
	mov	%rsi, 32(%rcx)
	mov	%rdi, 40(%rcx)
	.irp	n, 8, 9, 10, 11, 12, 13, 14, 15
	mov	%r\n, (\n - 2) * 8(%rcx)
	.endr
	pushfq
	pop	%rax
	mov	%rax, BUSY_N_REGS * 8(%rcx)
	cmpq	$0, 16(%rsp)
	je	4f
	mov	%cr2, %rax
	mov	%rax, BUSY_N_REGS * 8 + 8(%rcx)
	/* A return leaves it as it is. */
	xor	%eax, %eax
	mov	%rax, %cr2
4:	mov	$7, %eax
	xor	%edx, %edx
	xsave64	BUSY_AFTER - BUSY_REGS(%rcx)
	fninit
	vzeroall
	movl	$0x1f80, (%rsp)
	ldmxcsr	(%rsp)
	pushq	$0x202
	popfq
	add	$24, %rsp
	xor	%eax, %eax
	/* A return hides only the registers that no callee saves. */
	.irp	r, rbx, rbp, r12, r13, r14, r15
	mov	%rax, %\r
	.endr
	ret
BLOB_END busy

BLOB_BEGIN pauses
	xor	%eax, %eax
1:	pause
	inc	%rax
	cmp	%rdi, %rax
	jb	1b
	ret
BLOB_END pauses

	.section .note.GNU-stack, "", @progbits
