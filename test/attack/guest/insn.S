/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Every instruction that might do more than compute, as exported code: each in
 * INSN_SIZE bytes, with the secret in all registers.
 *
 * Entry: RDI = number of the instruction, RSI = address that it may use.  At
 * the instruction RDI is that address and R15 the secret.
 */
#include <elisa/hypercall.h>
#include <elisa/layout.h>

#include "blob.h"
#include "insn.h"

#define SECRET	0x1000

	.set	STACK_TOP, ELISA_SUB_STACK_TOP

	.macro	INSN text, flags, code
	.balign	INSN_SIZE, 0xcc
9999:	\code
	xor	%eax, %eax
	ret
	.org	9999b + INSN_SIZE, 0xcc
	.pushsection .rodata.insn_table, "a"
	.quad	8888f, \flags
	.pushsection .rodata.insn_names, "a"
8888:	.asciz	"\text"
	.popsection
	.popsection
	.endm

	.pushsection .rodata.insn_table, "a"
	.balign	8
	.globl	insn_table
insn_table:
	.popsection

BLOB_BEGIN insn
	movabs	$ELISA_SUB_DATA + SECRET, %rax
	mov	(%rax), %r15
	shl	$6, %rdi
	lea	insn_first(%rip), %rdx
	add	%rdi, %rdx
	push	%rdx
	mov	%rsi, %rdi
	movq	%r15, %xmm0
	punpcklqdq %xmm0, %xmm0
	.irp	n, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
	movdqa	%xmm0, %xmm\n
	.endr
	vinsertf128 $1, %xmm0, %ymm5, %ymm5
	movq	(%rax), %mm0
	.irp	r, rax, rbx, rcx, rdx, rbp, rsi, r8, r9, r10, r11, r12, r13, r14
	mov	%r15, %\r
	.endr
	ret

	.globl	insn_first
	.balign	INSN_SIZE, 0xcc
insn_first:
INSN "nothing", LEGAL, "nop"
/* Targets of SYSCALL and its kind: at CPL 0, in sub. */
INSN "ud2 as a target", TARGET, "ud2"
INSN "spin as a target", TARGET, "xor %ecx, %ecx; sti; 1: jmp 1b"
INSN "popf, ud2 as a target", TARGET, "pushq $0x47cd7; popfq; ud2"

/* Invalid */
INSN "ud0", 0, ".byte 0x0f, 0xff, 0xc0"
INSN "ud1", 0, ".byte 0x0f, 0xb9, 0xc0"
INSN "ud2", 0, "ud2"
INSN "into", 0, ".byte 0xce"
INSN "bound", 0, ".byte 0x62, 0x07"
INSN "lock nop", 0, ".byte 0xf0, 0x90"
INSN "rsm", 0, ".byte 0x0f, 0xaa"
INSN "vmmcall", 0, ".byte 0x0f, 0x01, 0xd9"
INSN "salc", 0, ".byte 0xd6"

/* Software interrupts */
INSN "int3", 0, "int3"
INSN "icebp", 0, ".byte 0xf1"
INSN "int 0", 0, "int $0"
INSN "int 1", 0, "int $1"
INSN "int 2", 0, "int $2"
INSN "int 3", 0, ".byte 0xcd, 3"
INSN "int 4", 0, "int $4"
INSN "int 6", 0, "int $6"
INSN "int 8", 0, "int $8"
INSN "int 13", 0, "int $13"
INSN "int 14", 0, "int $14"
INSN "int 18", 0, "int $18"
INSN "int 0x20", 0, "int $0x20"
INSN "int 0x30", 0, "int $0x30"
INSN "int 0x80", 0, "int $0x80"
INSN "int 0x82", 0, "int $0x82"
INSN "int 0xe0", 0, "int $0xe0"
INSN "int 0xff", 0, "int $0xff"

/* Transfers */
INSN "syscall", 0, "syscall"
INSN "sysenter", 0, "sysenter"
INSN "sysretq", 0, \
	"lea insn_first(%rip), %rcx; mov $0x202, %r11d; .byte 0x48, 0x0f, 0x07"
INSN "sysretl", 0, \
	"lea insn_first(%rip), %rcx; mov $0x202, %r11d; .byte 0x0f, 0x07"
INSN "sysexitq", 0, \
	"lea insn_first(%rip), %rdx; mov %rsp, %rcx; .byte 0x48, 0x0f, 0x35"
INSN "sysexitl", 0, \
	"lea insn_first(%rip), %rdx; mov %rsp, %rcx; .byte 0x0f, 0x35"
INSN "iretq", 0, \
	"mov %ss, %ax; push %rax; push %rsp; pushfq; mov %cs, %ax; push %rax; push %rdx; iretq"
INSN "iretl", 0, "push $0; push $0; push $0; iretl"
INSN "iretq to null", 0, "push $0; push $0; push $2; push $0; push $0; iretq"
INSN "lretq", 0, "push $0x23; push %rdx; lretq"
INSN "ljmp", 0, "push $0x23; push %rdx; ljmp *(%rsp)"
INSN "lcall", 0, "push $0x23; push %rdx; lcall *(%rsp)"
INSN "jump to a hole", 0, "jmp *%rdi"
INSN "jump to no address", 0, "jmp *%r15"
INSN "jump to 0", 0, "xor %ecx, %ecx; jmp *%rcx"

/* System */
INSN "hlt", 0, "hlt"
INSN "cpuid", 0, "xor %eax, %eax; cpuid"
INSN "rdtsc", LEGAL, "rdtsc"
INSN "rdtscp", ANY, "rdtscp"
INSN "rdpmc", 0, "xor %ecx, %ecx; rdpmc"
INSN "rdmsr EFER", 0, "mov $0xc0000080, %ecx; rdmsr"
INSN "rdmsr FS base", LEGAL0, "mov $0xc0000100, %ecx; rdmsr"
INSN "wrmsr EFER", 0, \
	"mov $0xc0000080, %ecx; xor %eax, %eax; xor %edx, %edx; wrmsr"
INSN "wrmsr GS base", (LEGAL0 | ALTERS0), \
	"mov $0xc0000101, %ecx; xor %edx, %edx; wrmsr"
INSN "wrmsr EOI", 0, "mov $0x80b, %ecx; xor %eax, %eax; xor %edx, %edx; wrmsr"
INSN "wrmsr deadline", ANY0, \
	"mov $0x6e0, %ecx; xor %eax, %eax; xor %edx, %edx; wrmsr"
INSN "wrmsr unknown", 0, "mov $0x12345, %ecx; wrmsr"
INSN "wrmsr debugctl", 0, \
	"mov $0x1d9, %ecx; mov $2, %eax; xor %edx, %edx; wrmsr"
INSN "mov from cr0", LEGAL0, "mov %cr0, %rax"
INSN "mov to cr0", LEGAL0, "mov %cr0, %rax; mov %rax, %cr0"
INSN "cr0.pg off", 0, "mov %cr0, %rax; btr $31, %rax; mov %rax, %cr0"
INSN "mov from cr2", LEGAL0, "mov %cr2, %rax"
INSN "cr2, ud2", 0, "mov %r15, %cr2; ud2"
INSN "mov to cr3", ANY0, "mov %cr3, %rax; mov %rax, %cr3"
INSN "cr4.vmxe", 0, "mov %cr4, %rax; bts $13, %rax; mov %rax, %cr4"
INSN "cr4.pae off", 0, "mov %cr4, %rax; btr $5, %rax; mov %rax, %cr4"
INSN "mov from cr8", ANY0, "mov %cr8, %rax"
INSN "mov from dr7", (ANY0 | ALTERS0), "mov %dr7, %rax"
INSN "mov to dr0", (ANY0 | ALTERS0), "mov %r15, %dr0"
INSN "clts", LEGAL0, "clts"
INSN "smsw", ANY, "smsw %ax"
INSN "lmsw", ANY0, "smsw %ax; lmsw %ax"
INSN "cli, sti", LEGAL0, "cli; sti"
INSN "cli, ud2", 0, "cli; ud2"
INSN "sti, vmcall", 0, "sti; vmcall"
INSN "invd", ANY0, "invd"
INSN "wbinvd", ANY0, "wbinvd"
INSN "invlpg", LEGAL0, "invlpg (%rsp)"
INSN "invpcid", ANY0, \
	"push $0; push $0; mov $2, %eax; invpcid (%rsp), %rax; pop %rax; pop %rax"
INSN "monitor", 0, "mov %rsp, %rax; xor %ecx, %ecx; xor %edx, %edx; monitor"
INSN "mwait", 0, "xor %eax, %eax; xor %ecx, %ecx; mwait"
INSN "swapgs", (LEGAL0 | ALTERS0), "swapgs"
INSN "xgetbv", LEGAL, "xor %ecx, %ecx; xgetbv"
INSN "xsetbv", 0, "xor %ecx, %ecx; mov $1, %eax; xor %edx, %edx; xsetbv"
INSN "getsec", 0, "xor %eax, %eax; .byte 0x0f, 0x37"
INSN "lgdt", 0, "lgdt (%rsp)"
INSN "lidt", 0, "lidt (%rsp)"
INSN "sgdt", 0, "push $0; push $0; sgdt (%rsp)"
INSN "sidt", 0, "push $0; push $0; sidt (%rsp)"
INSN "sldt", 0, "sldt %ax"
INSN "str", 0, "str %ax"
INSN "lldt", 0, "xor %eax, %eax; lldt %ax"
INSN "ltr", 0, "mov $0x30, %eax; ltr %ax"

/* Ports */
INSN "out", 0, "mov $0x504, %dx; out %eax, %dx"
INSN "out imm", 0, "out %al, $0x80"
INSN "in", 0, "mov $0x504, %dx; in %dx, %eax"
INSN "outsb", 0, "mov %rsp, %rsi; mov $0x504, %dx; outsb"
INSN "rep insb", 0, "mov %rsp, %rdi; mov $8, %ecx; mov $0x504, %dx; rep insb"

/* Virtualization */
INSN "vmcall VERSION", 0, "mov $0x454c4900, %eax; vmcall"
INSN "vmcall DETACH", 0, "mov $0x454c4902, %eax; vmcall"
INSN "vmcall of KVM", 0, "mov $1, %eax; vmcall"
INSN "vmxon", 0, "vmxon (%rsp)"
INSN "vmclear", 0, "vmclear (%rsp)"
INSN "vmptrld", 0, "vmptrld (%rsp)"
INSN "vmptrst", 0, "vmptrst (%rsp)"
INSN "vmlaunch", 0, "vmlaunch"
INSN "vmresume", 0, "vmresume"
INSN "vmread", 0, "mov $0x6c00, %ecx; vmread %rcx, %rax"
INSN "vmwrite", 0, "mov $0x6c00, %ecx; vmwrite %rax, %rcx"
INSN "vmxoff", 0, "vmxoff"
INSN "invept", 0, "xor %eax, %eax; invept (%rsp), %rax"
INSN "invvpid", 0, "xor %eax, %eax; invvpid (%rsp), %rax"

/* Exceptions */
INSN "divide by 0", 0, "xor %ecx, %ecx; div %rcx"
INSN "read of no address", 0, "mov (%r15), %rax"
INSN "stack at no address", 0, "mov %r15, %rbp; mov (%rbp), %rax"
INSN "push at no address", 0, "mov %r15, %rsp; push %rax"
INSN "popf TF", 0, "pushq $0x102; popfq; nop"
INSN "popf all, ud2", 0, "pushq $0x254cd7; popfq; ud2"
INSN "popf all, iopl, ud2", 0, "pushq $0x257cd7; popfq; ud2"
INSN "popf TF, mov ss, vmcall", 0, \
	"xor %eax, %eax; pushq $0x102; popfq; mov %eax, %ss; vmcall"
INSN "mov ss, int 0x80", 0, "xor %eax, %eax; mov %eax, %ss; int $0x80"
INSN "mov ss, vmcall", 0, "xor %eax, %eax; mov %eax, %ss; vmcall"
INSN "SIMD exception", 0, \
	"push $0; ldmxcsr (%rsp); pop %rax; xorps %xmm1, %xmm1; divss %xmm1, %xmm0"
INSN "x87 exception", 0, \
	"emms; fninit; push $0x340; fldcw (%rsp); fldz; fld1; fdivp; fwait"
INSN "bad MXCSR", 0, "push $-1; ldmxcsr (%rsp)"
INSN "unaligned movaps", 0, "movaps 1(%rsp), %xmm0"

/* Memory */
INSN "read of a hole", 0, "mov (%rdi), %rax"
INSN "write to a hole", 0, "mov %rax, (%rdi)"
INSN "stosb to a hole", 0, "stosb"
INSN "xchg with a hole", 0, "xchg %rax, (%rdi)"
INSN "APIC page", 0, "mov $0xfee00030, %ecx; mov (%rcx), %eax"
INSN "write to the APIC page", 0, "mov $0xfee000b0, %ecx; movl $0, (%rcx)"
INSN "prefetch of a hole", LEGAL, "prefetcht0 (%rdi)"
INSN "maskmovdqu to a hole", 0, "maskmovdqu %xmm0, %xmm1"

/* Segments: the descriptor table is not there; null needs none. */
INSN "mov to ds", 0, "mov $0x1b, %eax; mov %eax, %ds"
INSN "mov to fs", 0, "mov $0x1b, %eax; mov %eax, %fs"
INSN "mov to ss", 0, "mov $0x1b, %eax; mov %eax, %ss"
INSN "lsl", 0, "mov $0x2b, %ecx; lsl %ecx, %eax"
INSN "lar", 0, "mov $0x23, %ecx; lar %ecx, %eax"
INSN "verw", 0, "mov $0x1b, %ecx; verw %cx"
INSN "null ds, es", (LEGAL | ALTERS), \
	"xor %eax, %eax; mov %eax, %ds; mov %eax, %es"
INSN "null fs, gs", (LEGAL | ALTERS), \
	"xor %eax, %eax; mov %eax, %fs; mov %eax, %gs"
INSN "rpl 3 in fs", (LEGAL | ALTERS), "mov $3, %eax; mov %eax, %fs"

/* Computation: legal */
INSN "pause", LEGAL, "pause; pause"
INSN "cldemote", LEGAL, ".byte 0x0f, 0x1c, 0x04, 0x24"
INSN "rdrand", ANY, "rdrand %rax"
INSN "rdseed", ANY, "rdseed %rax"
INSN "rdpid", ANY, "rdpid %rax"
INSN "ptwrite", ANY, "ptwrite %rax"
INSN "xbegin", ANY, "xbegin 1f; .byte 0x0f, 0x01, 0xd5; 1:"
INSN "split lock", LEGAL, \
	"and $-64, %rsp; lock incl -2(%rsp); mov %rdx, %rax; movabs $STACK_TOP - 8, %rsp"
INSN "fxsave", LEGAL, \
	"mov %rsp, %rax; sub $1024, %rsp; and $-16, %rsp; fxsave (%rsp); mov %rax, %rsp"
INSN "mfence, clflush", LEGAL, "mfence; clflush (%rsp); sfence"
INSN "rdpkru", ANY, "xor %ecx, %ecx; rdpkru"
INSN "read unaligned", LEGAL, "mov -15(%rsp), %rax"
INSN "bsf, popcnt", LEGAL, "popcnt %rax, %rax"
BLOB_END insn

	.pushsection .rodata.insn_table, "a"
insn_table_end:
	.balign	8
	.globl	insn_count
insn_count:
	.quad	(insn_table_end - insn_table) / 16
	.popsection

	.section .note.GNU-stack, "", @progbits
