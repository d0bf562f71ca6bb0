/* SPDX-License-Identifier: GPL-2.0-only */
/* See bench_code.h.  Runs from a copy: nothing here may depend on its address. */

	.macro CODE_BEGIN name
	.globl	\name
\name:
	.endm

	.macro CODE_END name
	.globl	\name\()_end
\name\()_end:
	.endm

	/* Of what came before; RAX, RDX change. */
	.macro TICKS
	lfence
	rdtsc
	shl	$32, %rdx
	add	%rdx, %rax
	.endm

	.section .rodata

CODE_BEGIN bench_code_vmcall
1:	TICKS
	mov	%rax, %r8
	mov	%r13, %r14
2:	mov	%rsi, %rax
	vmcall
	dec	%r14
	jnz	2b
	TICKS
	sub	%r8, %rax
	mov	%rax, (%rbx)
	add	$8, %rbx
	dec	%r12
	jnz	1b
	xor	%r15d, %r15d
	hlt
CODE_END bench_code_vmcall

	/*
	 * A call leaves nothing but RSP, so all is on the stack: where to call,
	 * the operations in a turn, those that are left, turns, the next ticks, the
	 * ticks at the start, and what was wrong.
	 */
CODE_BEGIN bench_code_call
	push	$0
	push	$0
	push	%rbx
	push	%r12
	push	$0
	push	%r13
	push	%rbp
1:	mov	8(%rsp), %rax
	mov	%rax, 16(%rsp)
	TICKS
	mov	%rax, 40(%rsp)
2:	mov	$1, %edi
	mov	$2, %esi
	xor	%r11d, %r11d
	call	*(%rsp)
	xor	$3, %rdx
	or	%rdx, 48(%rsp)
	or	%rax, 48(%rsp)
	decq	16(%rsp)
	jnz	2b
	TICKS
	sub	40(%rsp), %rax
	mov	32(%rsp), %rbx
	mov	%rax, (%rbx)
	addq	$8, 32(%rsp)
	decq	24(%rsp)
	jnz	1b
	mov	48(%rsp), %r15
	hlt
CODE_END bench_code_call

	.section .note.GNU-stack, "", @progbits
