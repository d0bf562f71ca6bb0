// SPDX-License-Identifier: GPL-2.0-only
/*
 * A sub image that tries whatever the verifier lets through and user mode may
 * not do, or may do with consequences elsewhere.  Each entry point but "nop"
 * and those named null_* has to end in -EFAULT.
 */
#include <elisa/sub.h>

#define HOSTILE(name, code)                                     \
	static __attribute__((naked)) uint64_t name(void)       \
	{                                                       \
		__asm__ volatile(code "; xor %eax, %eax; ret"); \
	}                                                       \
	ELISA_ENTRY_FOR(name)

ELISA_ENTRY(nop, void)
{
	return 0;
}

/* Interrupt flag, ports, privileged registers. */
HOSTILE(sti, "sti");
HOSTILE(cli, "cli");
HOSTILE(in, "in $0x60, %al");
HOSTILE(out, "out %al, $0x80");
HOSTILE(rdmsr, "mov $0x10, %ecx; rdmsr");
HOSTILE(wrmsr, "mov $0xc0000082, %ecx; wrmsr");
HOSTILE(mov_from_cr3, "mov %cr3, %rax");
HOSTILE(mov_to_cr3, "mov %rax, %cr3");
HOSTILE(mov_to_dr7, "mov %rax, %dr7");
HOSTILE(xsetbv, "xor %ecx, %ecx; mov $7, %eax; xor %edx, %edx; xsetbv");
HOSTILE(wbinvd, "wbinvd");
HOSTILE(invlpg, "invlpg (%rsp)");
HOSTILE(swapgs, "swapgs");
HOSTILE(sysret, "sysretq");
HOSTILE(lgdt, "lgdt (%rsp)");
HOSTILE(lidt, "lidt (%rsp)");
HOSTILE(monitor, "mov %rsp, %rax; xor %ecx, %ecx; xor %edx, %edx; monitor");

/* Events that do not need an IDT, and those that do. */
HOSTILE(icebp, ".byte 0xf1");
HOSTILE(int2, "int $2");
HOSTILE(int3, "int3");
HOSTILE(int14, "int $14");
HOSTILE(int255, "int $255");

/* Descriptor tables are not mapped. */
HOSTILE(load_fs, "mov $0x2b, %eax; mov %eax, %fs");
HOSTILE(load_gs, "mov $0x33, %eax; mov %eax, %gs");
HOSTILE(load_ss, "mov $0x2b, %eax; mov %eax, %ss");
HOSTILE(far_return, "push $0x33; lea 1f(%rip), %rax; push %rax; lretq; 1:");
HOSTILE(far_to_32, "push $0x23; lea 1f(%rip), %rax; push %rax; lretq; 1:");
HOSTILE(iretq,
	"mov %rsp, %rax; push $0x2b; push %rax; pushfq; push $0x33; lea 1f(%rip), %rax; push %rax; iretq; 1:");
HOSTILE(verr, "mov $0x2b, %eax; verr %ax");
HOSTILE(lsl, "mov $0x2b, %eax; lsl %eax, %ebx");

/* VMX instructions: exits, of which nothing may reach KVM's VMCS. */
HOSTILE(vmread, "mov $0x201a, %eax; vmread %rax, %rbx");
HOSTILE(vmwrite, "mov $0x201a, %eax; xor %ebx, %ebx; vmwrite %rbx, %rax");
HOSTILE(vmptrld, "vmptrld (%rsp)");
HOSTILE(vmclear, "vmclear (%rsp)");
HOSTILE(vmlaunch, "vmlaunch");
HOSTILE(vmresume, "vmresume");
HOSTILE(vmxoff, "vmxoff");
HOSTILE(vmxon, "vmxon (%rsp)");
HOSTILE(invept, "mov $2, %eax; invept (%rsp), %rax");
HOSTILE(invvpid, "mov $2, %eax; invvpid (%rsp), %rax");

/* Addresses: windows, gate data, the top of the stack's chunk, the APT. */
HOSTILE(jump_entry, "mov $0x3e0000000ff6, %rax; jmp *%rax");
HOSTILE(jump_return, "mov $0x3e0000002000, %rax; jmp *%rax");
HOSTILE(jump_gate_data, "mov $0x1fd6e000, %eax; jmp *%rax");
HOSTILE(read_list, "mov 0x1fd6d000, %rax");
HOSTILE(write_list, "movl $0x1f, 0x1fd6d008");
HOSTILE(write_rsp, "movq $0, 0x1fd6e010");
HOSTILE(write_landing, "mov $0x3e0000001020, %rax; movl $0, (%rax)");
HOSTILE(write_entries, "mov $0x3e0000800000, %rax; movl $0, (%rax)");
HOSTILE(read_kernel, "mov $0xffffffff81000000, %rax; mov (%rax), %rax");
HOSTILE(push_nowhere, "xor %esp, %esp; push %rax");
HOSTILE(jump_noncanonical, "mov $0x800000000000, %rax; jmp *%rax");

/* These come back; their caller looks at what is left. */
HOSTILE(null_flags, "pushfq; orq $0x247ed5, (%rsp); popfq; std");
HOSTILE(null_ds_es, "xor %eax, %eax; mov %eax, %ds; mov %eax, %es");
