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
 * callee preserve, because nothing but RSP survives the call, and clears the
 * general registers that are no arguments, because they are none of the
 * export's business.  elisa_call6() has stepped over its own red zone, so the
 * stubs may use theirs, which signal handlers leave alone.  Stack at the
 * VMFUNC:
 *
 *	RSP+56	return address into the caller
 *	RSP+48	RFLAGS
 *	RSP+40	RBX
 *	RSP+32	RBP
 *	RSP+24	R12
 *	RSP+16	R13
 *	RSP+8	R14
 *	RSP+0	R15
 *	RSP-4	x87 control word
 *	RSP-8	MXCSR
 *	RSP-16	FS base, in the _fs variants
 *
 * The export's code can load a null selector into FS, which zeroes its base.
 * Where user mode can set the base (CR4.FSGSBASE) the _fs variants of the
 * stubs restore it.
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
	.macro ENTRY name, fs
STUB_BEGIN \name
	pushfq
	push	%rbx
	push	%rbp
	push	%r12
	push	%r13
	push	%r14
	push	%r15
	stmxcsr	-8(%rsp)
	fnstcw	-4(%rsp)
	.if \fs
	rdfsbase %rbx
	mov	%rbx, -16(%rsp)
	.endif
	xor	%ebx, %ebx
	xor	%ebp, %ebp
	xor	%r12d, %r12d
	xor	%r13d, %r13d
	xor	%r14d, %r14d
	xor	%r15d, %r15d
	/* W + ELISA_W_RESTART; the bytes below are ABI, hence not mnemonics. */
	.byte	0xb9				/* mov $ELISA_IDX_GATE, %ecx */
	.long	ELISA_IDX_GATE
	.byte	0x31, 0xc0			/* xor %eax, %eax */
	.byte	0x0f, 0x01, 0xd4		/* vmfunc */
STUB_END \name
	.endm

ENTRY entry, 0
ENTRY entry_fs, 1

/*
 * Copied to W + ELISA_W_RETURN.  EAX = status and RDX = value must survive;
 * RSP is as at the VMFUNC; every other register holds anything.  POPFQ comes
 * late, but nothing before it depends on flags, and the stack is aligned.
 */
	.macro RETURN name, fs
STUB_BEGIN \name
	fninit
	fldcw	-4(%rsp)
	ldmxcsr	-8(%rsp)
	.if \fs
	mov	-16(%rsp), %rcx
	wrfsbase %rcx
	.endif
	pop	%r15
	pop	%r14
	pop	%r13
	pop	%r12
	pop	%rbp
	pop	%rbx
	popfq
	ret
STUB_END \name
	.endm

RETURN return, 0
RETURN return_fs, 1

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
