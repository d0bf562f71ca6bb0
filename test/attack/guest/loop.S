/* SPDX-License-Identifier: GPL-2.0-only */
#include <elisa/hypercall.h>

#include "blob.h"
#include "loop.h"
#include "regs.h"

BLOB_BEGIN loop_entry
	mov	$1, %edi
	mov	$2, %esi
	mov	$3, %edx
	xor	%r8d, %r8d
	xor	%r9d, %r9d
	xor	%r10d, %r10d
	xor	%r11d, %r11d		/* SUB_NOP */
	jmp	*LOOP_RESTART(%rsp)
BLOB_END loop_entry

BLOB_BEGIN loop_return
	test	%eax, %eax
	jne	1f
	cmp	LOOP_WANT(%rsp), %rdx
	je	2f
1:	incq	LOOP_WRONG(%rsp)
2:	decq	LOOP_LEFT(%rsp)
	jz	3f
	jmp	*LOOP_START(%rsp)
3:	int	$VECTOR_RETURN
BLOB_END loop_return

BLOB_BEGIN loop_aep
	incq	LOOP_AEX(%rsp)
1:	mov	$ELISA_HC(ELISA_HC_RESUME), %eax
	vmcall
	incq	LOOP_AGAIN(%rsp)
	cmp	$-11, %rax
	je	1b
	int	$VECTOR_VMCALL
BLOB_END loop_aep

	.section .note.GNU-stack, "", @progbits
