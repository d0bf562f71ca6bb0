/* SPDX-License-Identifier: GPL-2.0-only */
/* Exported code that leaves an interposed call as it likes. */
#include <elisa/hypercall.h>
#include <elisa/layout.h>

#include "blob.h"

/*
 * RDI = an address to jump to, RSI = RAX there: with garbage in all other
 * registers, the stack pointer and the flags.
 */
BLOB_BEGIN i_leave
	mov	%rdi, %r11
	mov	%rsi, %rax
	movabs	$0x5ec2e7c0ffee1234, %rbx
	mov	%rbx, %rcx
	mov	%rbx, %rdx
	mov	%rbx, %rbp
	mov	%rbx, %rsi
	mov	%rbx, %rdi
	mov	%rbx, %r8
	mov	%rbx, %r9
	mov	%rbx, %r10
	mov	%rbx, %r12
	mov	%rbx, %r13
	mov	%rbx, %r14
	mov	%rbx, %r15
	std
	stc
	mov	%rbx, %rsp
	jmp	*%r11
BLOB_END i_leave

/* The flags of the caller. */
BLOB_BEGIN i_flags
	pushfq
	pop	%rax
	ret
BLOB_END i_flags

/* CPL 0: interrupts on, and off, at the return. */
BLOB_BEGIN i_sti
	sti
	ret
BLOB_END i_sti

BLOB_BEGIN i_cli
	cli
	ret
BLOB_END i_cli

/* Null SS, where that is possible. */
BLOB_BEGIN i_null_ss
	xor	%eax, %eax
	mov	%eax, %ss
	ret
BLOB_END i_null_ss
