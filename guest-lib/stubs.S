/* SPDX-License-Identifier: LGPL-2.1-or-later OR MIT */
/*
 * The stubs that the library copies into a window (see <elisa/layout.h>).
 *
 * They run from their copies, never from here, so each is position
 * independent; the only reference from one to another is the AEP stub's jump,
 * whose displacement is computed from the window's layout.
 *
 * Entry stub, called by elisa_call6() with the arguments in RDI RSI RDX R10
 * R8 R9 and the entry index in R11.  It saves what the System V ABI makes a
 * callee preserve, because nothing but RSP survives the call.  Stack at the
 * VMFUNC:
 *
 *	RSP+64	return address into the caller
 *	RSP+56	RFLAGS
 *	RSP+48	RBX
 *	RSP+40	RBP
 *	RSP+32	R12
 *	RSP+24	R13
 *	RSP+16	R14
 *	RSP+8	R15
 *	RSP+4	x87 control word
 *	RSP+0	MXCSR
 */
#include <elisa/hypercall.h>
#include <elisa/layout.h>

	.section .rodata.elisa_stubs, "a", @progbits

	.macro STUB_BEGIN name
	.balign 16
	.globl elisa_stub_\name
	.hidden elisa_stub_\name
	.type elisa_stub_\name, @object
elisa_stub_\name:
	.endm

	.macro STUB_END name
	.globl elisa_stub_\name\()_end
	.hidden elisa_stub_\name\()_end
elisa_stub_\name\()_end:
	.size elisa_stub_\name, . - elisa_stub_\name
	.endm

	.code64

/* Copied so that its last byte is the last byte of page W+0. */
STUB_BEGIN entry
	pushfq
	push	%rbx
	push	%rbp
	push	%r12
	push	%r13
	push	%r14
	push	%r15
	sub	$8, %rsp
	stmxcsr	(%rsp)
	fnstcw	4(%rsp)
	/* W + ELISA_W_RESTART; the bytes below are ABI, hence not mnemonics. */
	.byte	0xb9				/* mov $ELISA_IDX_GATE, %ecx */
	.long	ELISA_IDX_GATE
	.byte	0x31, 0xc0			/* xor %eax, %eax */
	.byte	0x0f, 0x01, 0xd4		/* vmfunc */
STUB_END entry

/*
 * Copied to W + ELISA_W_RETURN.  EAX = status and RDX = value must survive;
 * RSP is as at the VMFUNC; every other register holds anything.
 */
STUB_BEGIN return
	cld
	fninit
	fldcw	4(%rsp)
	ldmxcsr	(%rsp)
	add	$8, %rsp
	pop	%r15
	pop	%r14
	pop	%r13
	pop	%r12
	pop	%rbp
	pop	%rbx
	popfq
	ret
STUB_END return

/*
 * Copied to W + ELISA_W_AEP.  RDI = handle; the callee-saved registers are
 * the return stub's to restore, so RBX is free to keep the handle.
 */
STUB_BEGIN aep
	mov	%rdi, %rbx
.Lagain:
	mov	%rbx, %rdi
	mov	$ELISA_HC(ELISA_HC_RESUME), %eax
	vmcall
	cmp	$-11, %rax			/* -EAGAIN */
	je	.Lagain
	.byte	0xe9				/* jmp W + ELISA_W_RETURN */
	.long	ELISA_W_RETURN - (ELISA_W_AEP + .Laep_end - elisa_stub_aep)
.Laep_end:
STUB_END aep

	.section .note.GNU-stack, "", @progbits
