// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
#include <cpuid.h>

#include "vmcall.h"

#define CPUID_1_ECX_HYPERVISOR (1u << 31)

bool elisa_vmcall_present(void)
{
	unsigned int eax, ebx, ecx, edx;

	if (!__get_cpuid(1, &eax, &ebx, &ecx, &edx))
		return false;
	return ecx & CPUID_1_ECX_HYPERVISOR;
}

int64_t elisa_vmcall(uint64_t rax, struct elisa_regs *regs)
{
	register uint64_t r10 __asm__("r10") = regs->r10;
	register uint64_t r8 __asm__("r8") = regs->r8;
	register uint64_t r9 __asm__("r9") = regs->r9;

	__asm__ volatile("vmcall"
			 : "+a"(rax), "+D"(regs->rdi), "+S"(regs->rsi),
			   "+d"(regs->rdx), "+r"(r10), "+r"(r8), "+r"(r9)
			 :
			 : "rcx", "r11", "memory", "cc");
	return (int64_t)rax;
}
