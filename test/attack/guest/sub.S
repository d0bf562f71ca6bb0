/* SPDX-License-Identifier: GPL-2.0-only */
/* Entry points of the ready-made export; see elisa.h. */
#include <elisa/layout.h>

#include "blob.h"

#define CALLS	0x00
#define GO	0x08
#define SPINS	0x10
#define ENTERED	0x18
#define LOG	0x100
#define SECRET	0x1000

BLOB_BEGIN nop
	lea	(%rdi, %rsi, 2), %rax
	lea	(%rax, %rdx, 4), %rax
	lea	(%rax, %rcx, 8), %rax
	lea	(%r8, %r8, 2), %r8
	add	%r8, %rax
	lea	(%r9, %r9, 8), %r9
	add	%r9, %rax
	ret
BLOB_END nop

BLOB_BEGIN log
	movabs	$ELISA_SUB_DATA, %r11
	mov	$1, %eax
	lock xadd %rax, CALLS(%r11)
	mov	%rax, %r10
	and	$31, %r10d
	shl	$6, %r10
	lea	LOG(%r11, %r10), %r10
	mov	%rsp, (%r10)
	lea	(%rip), %r11
	mov	%r11, 8(%r10)
	pushfq
	pop	%r11
	mov	%r11, 16(%r10)
	mov	%rdi, 24(%r10)
	mov	%rsi, 32(%r10)
	mov	%rdx, 40(%r10)
	mov	%rcx, 48(%r10)
	mov	%r8, 56(%r10)
	ret
BLOB_END log

BLOB_BEGIN spin
	movabs	$ELISA_SUB_DATA, %rdx
	xor	%eax, %eax
	lock incq ENTERED(%rdx)
1:	inc	%rax
	incq	SPINS(%rdx)
	cmpq	$0, GO(%rdx)
	je	1b
	ret
BLOB_END spin

/* The secret in every register but RSP; the rounds left on the stack. */
BLOB_BEGIN hold
	push	%rbx
	push	%rbp
	push	%r12
	push	%r13
	push	%r14
	push	%r15
	push	%rdi
	movabs	$ELISA_SUB_DATA, %rax
	lock incq ENTERED(%rax)
	mov	SECRET(%rax), %rax
	movq	%rax, %xmm0
	punpcklqdq %xmm0, %xmm0
	.irp	n, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
	movdqa	%xmm0, %xmm\n
	.endr
	.irp	r, rbx, rcx, rdx, rsi, rdi, rbp, r8, r9, r10, r11, r12, r13
	mov	%rax, %\r
	.endr
	mov	%rax, %r14
	mov	%rax, %r15
1:	decq	(%rsp)
	jns	1b
	/* Whoever interrupted this must not have changed it. */
	xor	%rbx, %rax
	xor	%rdx, %r15
	or	%r15, %rax
	movq	%xmm15, %r15
	xor	%rcx, %r15
	or	%r15, %rax
	.irp	n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
	pxor	%xmm\n, %xmm\n
	.endr
	pop	%rdi
	pop	%r15
	pop	%r14
	pop	%r13
	pop	%r12
	pop	%rbp
	pop	%rbx
	ret
BLOB_END hold

BLOB_BEGIN read
	mov	(%rdi), %rax
	ret
BLOB_END read

BLOB_BEGIN write
	mov	%rsi, (%rdi)
	xor	%eax, %eax
	ret
BLOB_END write

	.macro FAULT name, insn:vararg
BLOB_BEGIN \name
	\insn
	mov	$0xbad, %eax
	ret
BLOB_END \name
	.endm

FAULT ud2, ud2
FAULT int3, int3
FAULT int80, int $0x80
FAULT cpuid, cpuid
FAULT hlt, hlt
FAULT syscall, syscall
FAULT vmcall, vmcall
FAULT out, out %eax, $0x80
FAULT sti, sti
FAULT icebp, .byte 0xf1

BLOB_BEGIN divide
	xor	%ecx, %ecx
	div	%rcx
	ret
BLOB_END divide

/* RDI = flags */
BLOB_BEGIN popf
	push	%rdi
	popfq
	nop
	pushfq
	pop	%rax
	ret
BLOB_END popf

	.section .note.GNU-stack, "", @progbits
