/* SPDX-License-Identifier: GPL-2.0-only */
/* Register file of a vCPU, selectors and vectors; for C and assembler. */
#ifndef REGS_H
#define REGS_H

#define STACK_SHIFT	16
#define TRAP_ENTRY_SIZE 32

#define REGS_RAX    0x00
#define REGS_RCX    0x08
#define REGS_RDX    0x10
#define REGS_RBX    0x18
#define REGS_RBP    0x20
#define REGS_RSI    0x28
#define REGS_RDI    0x30
#define REGS_R8	    0x38
#define REGS_R9	    0x40
#define REGS_R10    0x48
#define REGS_R11    0x50
#define REGS_R12    0x58
#define REGS_R13    0x60
#define REGS_R14    0x68
#define REGS_R15    0x70
#define REGS_RIP    0x88 /* vector and error code stand before */
#define REGS_CS	    0x90
#define REGS_RFLAGS 0x98
#define REGS_RSP    0xa0
#define REGS_SS	    0xa8

/* As SYSRET wants user mode's: SS, CS. */
#define SEL_CODE      0x08
#define SEL_DATA      0x10
#define SEL_USER_DATA 0x1b
#define SEL_USER_CODE 0x23
#define SEL_CPU	      0x2b /* its limit is the vCPU's number */
#define SEL_TSS	      0x30

/* INT n at any CPL; all other vectors from 0x20 on are interrupts. */
#define VECTOR_RETURN	 0x80 /* a function called by run() returned */
#define VECTOR_W_RETURN	 0x82 /* at the return stub */
#define VECTOR_W_AEP	 0x83 /* at the AEP stub */
#define VECTOR_VMCALL	 0x84 /* behind a VMCALL that run() executed */
#define VECTOR_FELL	 0x85 /* behind a VMFUNC in an ordinary page */
#define VECTOR_SOFT_LAST 0x8f

#define VECTOR_TIMER 0xe0
#define VECTOR_WAKE  0xe1
#define VECTOR_USER  0x30 /* ..0x3f: for attacks */

/* Not from the CPU. */
#define VECTOR_TIMEOUT 0x100

#endif /* REGS_H */
