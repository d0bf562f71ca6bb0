/* SPDX-License-Identifier: GPL-2.0-only */
/* Code of the export that craft.c makes. */
#include <elisa/layout.h>

#include "blob.h"

/*
 * A page of NOPs that ends by noting that it ran.  It is an entry point of the
 * export, but attackers want to run it in place of another.
 */
BLOB_BEGIN sled
	.fill	4000, 1, 0x90
	movabs	$ELISA_SUB_DATA, %rdx
	movabs	$0x51edca11ed5eed, %rax
	mov	%rax, 0x1000(%rdx)
	incq	8(%rdx)				/* go: ends SUB_SPIN */
	ret
BLOB_END sled

/* RDI = selector, RSI = address: what the caller's GDT makes of them. */
BLOB_BEGIN far_return
	push	%rdi
	push	%rsi
	lretq
BLOB_END far_return

/* RDI = selector */
BLOB_BEGIN far_call
	push	%rdi
	push	$0
	rex.w lcall *(%rsp)
	pop	%rax
	pop	%rax
	ret
BLOB_END far_call

	.section .note.GNU-stack, "", @progbits
