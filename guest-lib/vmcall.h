/* SPDX-License-Identifier: LGPL-2.1-or-later OR MIT */
/*
 * The transport: the only place where the library executes VMCALL.  Unit
 * tests link another implementation of these two functions.
 */
#ifndef ELISA_VMCALL_H
#define ELISA_VMCALL_H

#include <stdbool.h>
#include <stdint.h>

/* Registers of a hypercall; RDI, RSI and RDX also carry results. */
struct elisa_regs {
	uint64_t rdi, rsi, rdx, r10, r8, r9;
};

/* True if CPUID says that this is a virtual machine. */
bool elisa_vmcall_present(void);

/*
 * Executes VMCALL with @rax and @regs, and returns RAX.  Raises SIGILL or
 * SIGSEGV where nothing answers VMCALL: elisa_probe() must have succeeded.
 */
int64_t elisa_vmcall(uint64_t rax, struct elisa_regs *regs);

#endif /* ELISA_VMCALL_H */
