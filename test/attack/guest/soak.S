/* SPDX-License-Identifier: GPL-2.0-only */
/* The entry points of ../../soak/abi.h, for exports of guests. */
#include <elisa/layout.h>

#include "../../soak/abi.h"
#include "blob.h"

	/* RAX = soak_mix(RAX, RCX); RDX is used. */
	.macro MIX
	test	%rcx, %rcx
	jz	2f
1:	mov	%rax, %rdx
	shl	$13, %rdx
	xor	%rdx, %rax
	mov	%rax, %rdx
	shr	$7, %rdx
	xor	%rdx, %rax
	mov	%rax, %rdx
	shl	$17, %rdx
	xor	%rdx, %rax
	/* Some of it on the stack: it is the call's own as well. */
	push	%rax
	pop	%rdx
	mov	%rdx, %rax
	dec	%rcx
	jnz	1b
2:
	.endm

BLOB_BEGIN soak_put
	movabs	$ELISA_SUB_DATA, %rdx
	mov	%rsi, %rax
	xchg	%rax, (%rdx, %rdi, 8)
	ret
BLOB_END soak_put

BLOB_BEGIN soak_get
	movabs	$ELISA_SUB_DATA, %rdx
	mov	(%rdx, %rdi, 8), %rax
	ret
BLOB_END soak_get

BLOB_BEGIN soak_mix
	mov	%rdi, %rax
	mov	%rsi, %rcx
	MIX
	ret
BLOB_END soak_mix

BLOB_BEGIN soak_add
	mov	%rdx, %rax
	MIX
	movabs	$ELISA_SUB_DATA, %rdx
	lock add %rsi, (%rdx, %rdi, 8)
	ret
BLOB_END soak_add

BLOB_BEGIN soak_work
	mov	%rdx, %rcx
	movabs	$ELISA_SUB_DATA, %rdx
	lock incq SOAK_BEGUN * 8(%rdx, %rdi, 8)
	mov	%rsi, %rax
	MIX
	movabs	$ELISA_SUB_DATA, %rdx
	lock incq SOAK_DONE * 8(%rdx, %rdi, 8)
	ret
BLOB_END soak_work

BLOB_BEGIN soak_fault
	cmp	$1, %rdi
	jb	1f
	je	2f
	cmp	$2, %rdi
	je	3f
	xor	%ecx, %ecx
	div	%ecx
1:	ud2
2:	mov	8, %rax
	ret
3:	int3
	ret
BLOB_END soak_fault

BLOB_BEGIN soak_xput
	movabs	$ELISA_CHUNK_VA(ELISA_CHUNK_XBUF), %rdx
	mov	%rsi, %rax
	xchg	%rax, (%rdx, %rdi, 8)
	ret
BLOB_END soak_xput

	.section .note.GNU-stack, "", @progbits
