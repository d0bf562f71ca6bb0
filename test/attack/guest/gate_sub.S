/* SPDX-License-Identifier: GPL-2.0-only */
/* Entry points of gate_export(); see gate_oracle.h. */
#include <elisa/layout.h>

#include "blob.h"

#define CALLS	0x00
#define STRANGE	0x08
#define GO	0x10
#define WAITS	0x18
#define BECOME	0x80
#define LOG	0x180

/* Notes that it ran, its number, stack, return address and flags. */
	.macro	ENTRY n
BLOB_BEGIN gate_e\n
	movabs	$ELISA_SUB_DATA, %rax
	lock incq CALLS(%rax)
	movq	$\n, LOG(%rax)
	mov	%rsp, LOG + 8(%rax)
	mov	(%rsp), %rcx
	mov	%rcx, LOG + 16(%rax)
	pushfq
	popq	LOG + 24(%rax)
	mov	$0x600d + \n, %eax
	ret
	/* No entry point: for those who can jump where they like. */
	.globl	gate_strange\n
gate_strange\n:
	movabs	$ELISA_SUB_DATA, %rax
	lock incq STRANGE(%rax)
	mov	$0xbad, %eax
	ret
BLOB_END gate_e\n
	.endm

ENTRY 0
ENTRY 1
ENTRY 2

BLOB_BEGIN gate_wait
	movabs	$ELISA_SUB_DATA, %rdx
	incq	WAITS(%rdx)
1:	cmpq	$0, GO(%rdx)
	je	1b
	mov	$0x600d, %eax
	ret
BLOB_END gate_wait

/*
 * All registers from shared->become, then jump: with no register to spare, by
 * an operand relative to RIP.
 */
BLOB_BEGIN gate_become
	movabs	$ELISA_SUB_DATA + BECOME, %rax
	push	0x88(%rax)
	popfq
	mov	0x08(%rax), %rcx
	mov	0x10(%rax), %rdx
	mov	0x18(%rax), %rbx
	mov	0x20(%rax), %rbp
	mov	0x28(%rax), %rsi
	mov	0x30(%rax), %rdi
	mov	0x38(%rax), %r8
	mov	0x40(%rax), %r9
	mov	0x48(%rax), %r10
	mov	0x50(%rax), %r11
	mov	0x58(%rax), %r12
	mov	0x60(%rax), %r13
	mov	0x68(%rax), %r14
	mov	0x70(%rax), %r15
	mov	0x78(%rax), %rsp
	mov	(%rax), %rax
	.globl	gate_become_jump
gate_become_jump:
	.byte	0xff, 0x25		/* jmp *rel32(%rip) */
	.long	0			/* patched: distance to become.rip */
BLOB_END gate_become

BLOB_BEGIN gate_fault
	ud2
BLOB_END gate_fault

	.section .note.GNU-stack, "", @progbits
