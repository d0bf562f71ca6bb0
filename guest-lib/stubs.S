/* SPDX-License-Identifier: LGPL-2.1-or-later OR MIT */
/*
 * The stubs that the library copies into a window (see <elisa/layout.h>).
 *
 * They run from their copies, never from here, so each is position
 * independent; the only reference from one to another is the AEP stub's jump,
 * whose displacement is computed from the window's layout.
 *
 * Entry stub, called by elisa_call6() with the arguments in RDI RSI RDX R10
 * R8 R9 and the entry index in R11.  Nothing but RSP survives the call, so
 * elisa_call6() holds nothing in registers; the stub saves those two that
 * compilers address their stack frames with.  It clears the general registers that are no arguments,
 * because they are none of the export's business.  elisa_call6() has stepped
 * over its own red zone, so the stubs may use theirs, which signal handlers
 * leave alone.  Stack at the VMFUNC:
 *
 *	RSP+24	return address into the caller
 *	RSP+16	RFLAGS
 *	RSP+8	RBP
 *	RSP+0	RBX
 *	RSP-4	x87 control word
 *	RSP-8	MXCSR
 *	RSP-16	FS base, in the _fs variants
 *
 * The export's code can load a null selector into FS, which zeroes its base.
 * Where user mode can set the base (CR4.FSGSBASE) the _fs variants of the
 * stubs restore it.
 *
 * The _full variants are for exports with full trust, whose code may see what is
 * in registers.  The _vmcall variants are for interposed calls.
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

	.macro SAVE
	pushfq
	push	%rbp
	push	%rbx
	stmxcsr	-8(%rsp)
	fnstcw	-4(%rsp)
	.endm

	/* W + ELISA_W_RESTART; the bytes are ABI, hence not mnemonics. */
	.macro LEAVE_FOR_GATE
	.byte	0xb9				/* mov $ELISA_IDX_GATE, %ecx */
	.long	ELISA_IDX_GATE
	.byte	0x31, 0xc0			/* xor %eax, %eax */
	.byte	0x0f, 0x01, 0xd4		/* vmfunc */
	.endm

	/* Interposed: it has to end where the page does, too. */
	.macro LEAVE_FOR_MODULE
	mov	$ELISA_HC(ELISA_HC_CALL), %eax
	vmcall
	.endm

/* Copied so that its last byte is the last byte of page W+0. */
	.macro ENTRY name, fs, hide, leave=LEAVE_FOR_GATE
STUB_BEGIN \name
	SAVE
	.if \fs
	rdfsbase %rbx
	mov	%rbx, -16(%rsp)
	.endif
	.if \hide
	xor	%ebx, %ebx
	xor	%ebp, %ebp
	xor	%r12d, %r12d
	xor	%r13d, %r13d
	xor	%r14d, %r14d
	xor	%r15d, %r15d
	.endif
	\leave
STUB_END \name
	.endm

ENTRY entry, 0, 1
ENTRY entry_fs, 1, 1
ENTRY entry_full, 0, 0
ENTRY entry_full_fs, 1, 0
ENTRY entry_vmcall, 0, 1, LEAVE_FOR_MODULE
ENTRY entry_vmcall_fs, 1, 1, LEAVE_FOR_MODULE

/*
 * Copied to W + ELISA_W_GATE of interposed windows, where KVM leaves the vCPU if
 * it answers VMCALL itself, because the VM is not enrolled (any more): RAX is
 * its -EPERM then, for the caller.  jmp W + ELISA_W_RETURN.
 */
STUB_BEGIN refused
	.byte	0xe9
	.long	ELISA_W_RETURN - (ELISA_W_GATE + 5)
STUB_END refused

/*
 * Copied to W + ELISA_W_RETURN.  EAX = status and RDX = value must survive;
 * RSP is as at the VMFUNC; every other register holds anything.  POPFQ comes
 * late, but nothing before it depends on flags, and the stack is aligned.
 */
	.macro RESTORE
	fninit
	fldcw	-4(%rsp)
	ldmxcsr	-8(%rsp)
	pop	%rbx
	pop	%rbp
	popfq
	ret
	.endm

STUB_BEGIN return
	RESTORE
STUB_END return

STUB_BEGIN return_fs
	mov	-16(%rsp), %rcx
	wrfsbase %rcx
	RESTORE
STUB_END return_fs

/*
 * Copied to W + ELISA_W_AEP.  RDI = handle; RBX is the return stub's to restore,
 * so it is free to keep the handle.  The address of the counter is filled in.
 */
STUB_BEGIN aep
	mov	%rdi, %rbx
	movabs	$0x7fffffffffffffff, %rdi
	.globl	elisa_stub_aep_counter
	.hidden	elisa_stub_aep_counter
	.set	elisa_stub_aep_counter, . - 8
	lock incq (%rdi)
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
