/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * At CPL 0: sets the APIC's TSC deadline from sub, an exit that KVM's fast path
 * handles.  RDI = ticks from now, RSI = times; returns how often it did.
 */
#include <elisa/layout.h>

#include "blob.h"

#define MSR_DEADLINE	0x6e0

BLOB_BEGIN deadline
	xor	%r8d, %r8d
1:	rdtsc
	shl	$32, %rdx
	or	%rdx, %rax
	add	%rdi, %rax
	mov	%rax, %rdx
	shr	$32, %rdx
	mov	%eax, %eax
	mov	$MSR_DEADLINE, %ecx
	wrmsr
	inc	%r8
	dec	%rsi
	jnz	1b
	/* Time for the last one to be reached here. */
	mov	%rdi, %rcx
2:	dec	%rcx
	jnz	2b
	mov	%r8, %rax
	ret
BLOB_END deadline

	.section .note.GNU-stack, "", @progbits
