/* SPDX-License-Identifier: GPL-2.0-only */
/* Exported code as bad as the verifier lets it be. */
#include <elisa/layout.h>

#include "blob.h"

BLOB_BEGIN h_read
	mov	(%rdi), %al
	mov	$0x600d, %eax
	ret
BLOB_END h_read

BLOB_BEGIN h_write
	mov	(%rdi), %al
	mov	%al, (%rdi)
	mov	$0x600d, %eax
	ret
BLOB_END h_write

/* Does not read before. */
BLOB_BEGIN h_store
	movb	$0xc3, (%rdi)
	mov	$0x600d, %eax
	ret
BLOB_END h_store

BLOB_BEGIN h_execute
	call	*%rdi
	mov	$0x600d, %eax
	ret
BLOB_END h_execute

BLOB_BEGIN h_ret
	ret
BLOB_END h_ret

BLOB_BEGIN h_execute_stack
	pushq	$0xc3
	call	*%rsp
	pop	%rax
	mov	$0x600d, %eax
	ret
BLOB_END h_execute_stack

/* How deep it came is in the shared data. */
BLOB_BEGIN h_recurse
	movabs	$ELISA_SUB_DATA, %rax
1:	incq	(%rax)
	call	1b
BLOB_END h_recurse

/* Zeroes in all of the stack, and a return to there. */
BLOB_BEGIN h_smash
	movabs	$ELISA_SUB_STACK_TOP, %rdx
	mov	%rdx, %rdi
	sub	$ELISA_STACK_PAGES * ELISA_PAGE_SIZE, %rdi
	xor	%eax, %eax
1:	mov	%rax, (%rdi)
	add	$8, %rdi
	cmp	%rdx, %rdi
	jb	1b
	ret
BLOB_END h_smash

/*
 * Garbage in every register.  RDI = where to go on (0: return), RSI = stack
 * pointer (0: keep), RDX = flags, RCX = RAX and R8 = RCX at the end.
 */
BLOB_BEGIN h_trash
	fninit
	movabs	$ELISA_SUB_DATA + 8, %rax
	mov	(%rax), %r15
	.irp	n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
	movq	%r15, %xmm\n
	vinsertf128 $1, %xmm\n, %ymm\n, %ymm\n
	.endr
	movq	%r15, %mm0
	fldz
	pushq	$0x6000
	ldmxcsr	(%rsp)
	pop	%rbx
	pushq	$0x0c40
	fldcw	(%rsp)
	pop	%rbx
	mov	%rcx, %rax
	mov	%r8, %rcx
	test	%rsi, %rsi
	jz	1f
	xchg	%rsi, %rsp
	jmp	2f
1:	push	%rdx
	popfq
	jmp	3f
2:	/* No stack: flags as they are, DF set */
	std
3:	mov	%rdi, %rbx
	mov	%r15, %rdx
	mov	%r15, %rbp
	mov	%r15, %rsi
	.irp	r, r8, r9, r10, r11, r12, r13, r14
	mov	%r15, %\r
	.endr
	mov	%r15, %rdi
	inc	%rbx
	dec	%rbx
	jz	4f
	jmp	*%rbx
4:	ret
BLOB_END h_trash

	.section .note.GNU-stack, "", @progbits
