/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Entry of all vCPUs, interrupt and exception entry, and the way into and out
 * of run().
 */
#include "regs.h"

	.text
	.globl	_start
_start:
	cld
	lea	1(%rdi), %rax
	shl	$STACK_SHIFT, %rax
	lea	stacks(%rip), %rsp
	add	%rax, %rsp
	xor	%ebp, %ebp
	call	start
	ud2

/*
 * 256 entries of TRAP_ENTRY_SIZE bytes.  The CPU aligns an IST stack to 16 before it pushes
 * five words, or six with an error code: so RSP says which it was, also for
 * an INT n with the vector of an exception.
 */
	.balign TRAP_ENTRY_SIZE
	.globl	trap_entries
trap_entries:
	.set	vector, 0
	.rept	256
	.balign TRAP_ENTRY_SIZE
	test	$8, %spl
	jz	1f
	push	$0
1:	push	$vector
	jmp	trap_common
	.set	vector, vector + 1
	.endr

trap_common:
	push	%r15
	push	%r14
	push	%r13
	push	%r12
	push	%r11
	push	%r10
	push	%r9
	push	%r8
	push	%rdi
	push	%rsi
	push	%rbp
	push	%rbx
	push	%rdx
	push	%rcx
	push	%rax
	cld
	mov	%rsp, %rdi
	mov	%rsp, %rbp
	and	$-16, %rsp
	call	trap_handler
	mov	%rbp, %rsp
	pop	%rax
	pop	%rcx
	pop	%rdx
	pop	%rbx
	pop	%rbp
	pop	%rsi
	pop	%rdi
	pop	%r8
	pop	%r9
	pop	%r10
	pop	%r11
	pop	%r12
	pop	%r13
	pop	%r14
	pop	%r15
	add	$16, %rsp
	iretq

/*
 * run_load(u64 *save_rsp, const struct regs *in): keep what the C ABI wants
 * on the stack, and become *in.  The trap handler comes back at run_back.
 */
	.globl	run_load
run_load:
	pushfq
	push	%rbx
	push	%rbp
	push	%r12
	push	%r13
	push	%r14
	push	%r15
	mov	%rsp, (%rdi)
	mov	%rsi, %rax
	pushq	REGS_SS(%rax)
	pushq	REGS_RSP(%rax)
	pushq	REGS_RFLAGS(%rax)
	pushq	REGS_CS(%rax)
	pushq	REGS_RIP(%rax)
	mov	REGS_RCX(%rax), %rcx
	mov	REGS_RDX(%rax), %rdx
	mov	REGS_RBX(%rax), %rbx
	mov	REGS_RBP(%rax), %rbp
	mov	REGS_RSI(%rax), %rsi
	mov	REGS_RDI(%rax), %rdi
	mov	REGS_R8(%rax), %r8
	mov	REGS_R9(%rax), %r9
	mov	REGS_R10(%rax), %r10
	mov	REGS_R11(%rax), %r11
	mov	REGS_R12(%rax), %r12
	mov	REGS_R13(%rax), %r13
	mov	REGS_R14(%rax), %r14
	mov	REGS_R15(%rax), %r15
	mov	REGS_RAX(%rax), %rax
	iretq

	.globl	run_back
run_back:
	pop	%r15
	pop	%r14
	pop	%r13
	pop	%r12
	pop	%rbp
	pop	%rbx
	popfq
	ret

/* Where a function that run() calls returns to, and the VMCALL that it runs. */
	.globl	stub_return, stub_vmcall
stub_return:
	int	$VECTOR_RETURN
	ud2
stub_vmcall:
	vmcall
	int	$VECTOR_VMCALL
	ud2

/* void vectors_load(const void *p), void vectors_store(void *p): XMM0..15 */
	.globl	vectors_load, vectors_store
vectors_load:
	.irp	n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
	movdqu	\n * 16(%rdi), %xmm\n
	.endr
	ret
vectors_store:
	.irp	n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
	movdqu	%xmm\n, \n * 16(%rdi)
	.endr
	ret

	.section .note.GNU-stack, "", @progbits
