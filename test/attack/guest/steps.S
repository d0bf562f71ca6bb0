/* SPDX-License-Identifier: GPL-2.0-only */
/* See steps.h. */
#include <elisa/layout.h>

#include "blob.h"

#define WRONG	0x00
#define CPL	0x08
#define ENTERED	0x10
#define DONE	0x18
#define COUNT	0x200

BLOB_BEGIN steps
	push	%rbx
	push	%rbp
	push	%r12
	push	%r13
	movabs	$ELISA_SUB_DATA, %rbx
	lea	COUNT(%rbx, %rdi, 8), %rbp
	xor	%r12d, %r12d
	push	%r12
	lock incq ENTERED(%rbx)
1:	mov	%rdx, %r13
2:	dec	%r13
	jnz	2b
	mov	%cs, %eax
	and	$3, %eax
	lock bts %rax, CPL(%rbx)
	mov	$1, %eax
	lock xadd %rax, (%rbp)
	cmp	%r12, %rax
	je	3f
	lock incq WRONG(%rbx)
3:	cmp	%r12, (%rsp)
	je	4f
	lock incq WRONG(%rbx)
4:	inc	%r12
	mov	%r12, (%rsp)
	cmp	%rsi, %r12
	jb	1b
	lock incq DONE(%rbx)
	mov	%r12, %rax
	pop	%rcx
	pop	%r13
	pop	%r12
	pop	%rbp
	pop	%rbx
	ret
BLOB_END steps

	.section .note.GNU-stack, "", @progbits
