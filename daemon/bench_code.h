/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the VM of `elisactl bench` runs: turns of many operations, between two
 * readings of the time stamp counter.  Ends with HLT; whatever it needs is in
 * registers (struct kvm_regs) when it begins:
 *
 *	RBX	where the ticks of each turn go, as 64-bit numbers
 *	R12	turns
 *	R13	operations in a turn
 *	RBP	bench_code_call: address of the entry stub's VMFUNC
 *	RSI	bench_code_vmcall: RAX of the hypercall
 *
 * R15 = 0 at the end if all calls have returned what they should, 3.
 */
#ifndef ELISACTL_BENCH_CODE_H
#define ELISACTL_BENCH_CODE_H

#include <linux/types.h>

extern const __u8 bench_code_vmcall[], bench_code_vmcall_end[];
extern const __u8 bench_code_call[], bench_code_call_end[];

#endif /* ELISACTL_BENCH_CODE_H */
