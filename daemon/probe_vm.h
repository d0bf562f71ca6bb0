/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A VM of a few pages for `elisactl doctor --probe` and `elisactl bench`, on plain
 * /dev/kvm.  Its code is just what ELISA's hypercalls and one call take, at CPL 0
 * in 64-bit mode; whatever needs thought is done out here, between two runs of the
 * vCPU.
 */
#ifndef ELISACTL_PROBE_VM_H
#define ELISACTL_PROBE_VM_H

#include <stddef.h>
#include <linux/kvm.h>
#include <linux/types.h>

struct probe_vm {
	int vm, vcpu;
	__u64 entry; /* where entry stubs begin, from W */
	__u8 *mem;
	struct kvm_run *run;
	size_t run_size;
	char error[160]; /* one sentence, after any failure */
};

/* 0 or -errno; to be closed in either case. */
int probe_vm_open(struct probe_vm *p);
void probe_vm_close(struct probe_vm *p);

/*
 * Execute VMCALL with what REGS has (RIP, RSP and RFLAGS do not matter), and
 * have REGS as they are after it.  0 or -errno.
 */
int probe_vm_hypercall(struct probe_vm *p, struct kvm_regs *regs);

/* Make calls by VMCALL, through windows that were attached for that. */
void probe_vm_interpose(struct probe_vm *p);

/*
 * Call through WINDOW, as libelisa-guest does; a call that is interrupted is
 * resumed.  REGS as above: arguments, then EAX = status and RDX = value.
 */
int probe_vm_call(struct probe_vm *p, __u64 window, struct kvm_regs *regs);

/* Guest-physical addresses, mapped at the same addresses, for code of one's own. */
#define PROBE_VM_DATA	   0x100000
#define PROBE_VM_DATA_SIZE 0x100000

/*
 * Code of one's own, up to a page of it, which ends with HLT, and runs with REGS.
 * It finds windows as libelisa-guest makes them, but for a return stub that is a
 * RET.  0 or -errno.
 */
int probe_vm_load(struct probe_vm *p, const __u8 *code, size_t size);
int probe_vm_run(struct probe_vm *p, struct kvm_regs *regs);

/* What lies at PROBE_VM_DATA. */
const __u64 *probe_vm_data(const struct probe_vm *p);

/* Ticks of its time stamp counter in a millisecond; 0 if KVM does not say. */
unsigned int probe_vm_khz(const struct probe_vm *p);

#endif /* ELISACTL_PROBE_VM_H */
