/* SPDX-License-Identifier: GPL-2.0-only */
/* At CPL 0: writes its buffer between exits that KVM's fast path handles. */
#include <elisa/layout.h>

#include "blob.h"

#define MSR_DEADLINE	0x6e0

BLOB_BEGIN forced
	movabs	$ELISA_SUB_XBUF, %rsi
	movabs	$ELISA_SUB_DATA, %rdi
	movq	$1, (%rdi)
1:	incq	(%rsi)
	mov	$MSR_DEADLINE, %ecx
	xor	%eax, %eax
	xor	%edx, %edx
	wrmsr
	jmp	1b
BLOB_END forced

	.section .note.GNU-stack, "", @progbits
