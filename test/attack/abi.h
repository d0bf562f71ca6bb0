/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the guest attack.elf and its VMM, attacker, have agreed upon.
 *
 * All vCPUs start at the ELF entry in 64-bit mode, CPL 0, interrupts off, with
 * an identity map of the first 8 GiB: RDI = number of the vCPU, RSI = address
 * of struct attack_info.
 *
 * A service is OUT of EAX to ATTACK_PORT, where EAX is the guest-physical
 * address of a struct svc.  It works at CPL 3 as well, as far as the guest's
 * I/O bitmap allows.
 */
#ifndef ATTACK_ABI_H
#define ATTACK_ABI_H

#include <linux/types.h>

#define ATTACK_PORT	0x500 /* OUT dword: address of a struct svc */
#define ATTACK_PORT_NOP 0x504 /* OUT: an exit to the VMM, no more */

#define ATTACK_LOAD	 0x100000 /* the ELF is linked here */
#define ATTACK_INFO	 0x8000
#define ATTACK_HIGH	 0x100000000ULL /* second memory slot: 4 GiB */
#define ATTACK_HIGH_SIZE 0x1000000ULL
#define ATTACK_SHARED(i) (0x140000000ULL + 0x10000000ULL * (i))

#define ATTACK_MAX_CPUS 8

struct attack_info {
	__u32 n_cpus;
	__u32 irqchip;	      /* bool */
	__u64 ram_size;	      /* from 0 */
	__u64 shared_size[4]; /* --shared files at ATTACK_SHARED(i) */
	char args[512];	      /* ARGs, separated by blanks */
};

enum svc_op {
	SVC_PRINT, /* a[0] = address, a[1] = length */
	SVC_EXIT,  /* a[0] = status: ends the VMM */
	/*
	 * a[0] = KVM_* ioctl on vCPU a[1], a[2] = address of its argument, or
	 * the argument itself when it is below 4096.  Executed by the vCPU's
	 * own thread, out of KVM_RUN: another vCPU is made to leave it.
	 * ret = result or -errno.
	 */
	SVC_VCPU_IOCTL,
	/* The same on the VM: a[0], a[2]. */
	SVC_VM_IOCTL,
	/*
	 * As SVC_VCPU_IOCTL, but returns at once: it is done when the vCPU has
	 * left KVM_RUN the next time for a reason in a[3] (SVC_WHEN_*, 0: any)
	 * with RIP in a[4]..a[5] (both 0: anywhere).  The argument is copied
	 * when the service is called, but for KVM_GET_*.  At most 16 are
	 * waiting for a vCPU.  Without a poker or a port access nothing makes
	 * the vCPU leave.  Request 0: the vCPU's thread sleeps for a[2] us.
	 */
	SVC_POST,
	SVC_POSTED, /* a[1] = vCPU: ret = how many are still waiting */
	/* a[1] = vCPU, a[2] = address of a struct poker, in and out */
	SVC_POKER_START,
	SVC_POKER_STOP,
	/*
	 * a[0] = slot (4..31), a[1] = guest-physical address, a[2] = size (0:
	 * delete), a[3] = KVM_MEM_* flags, a[4] = guest-physical address of
	 * memory that the slot shall show too, or ~0 for new memory.
	 */
	SVC_MEMSLOT,
	SVC_SLEEP, /* a[0] = microseconds of host time */
	/*
	 * a[0] = address of 32 bits: until they are not a[1] any more, which
	 * whoever changes them says by FUTEX_WAKE; for a[2] us (below a
	 * second), or until there is a signal.
	 */
	SVC_WAIT,
	SVC_KICK, /* a[1] = vCPU: a signal, nothing else */
	/*
	 * Read a file of the host, or write to it when a[4] is not 0: a[0] =
	 * address of its name, a[2] = address of a buffer, a[3] = its size.
	 * ret = bytes or -errno.
	 */
	SVC_FILE,
	/*
	 * a[0] = slot: ret = what is in its dirty log, or with --dirty-ring in
	 * all rings: bit n is page n of its first 63.  The log is empty then,
	 * with a[3] by KVM_CLEAR_DIRTY_LOG.
	 */
	SVC_DIRTY_LOG,
	SVC_NEW_VCPU, /* one more vCPU, which starts; ret = its number */
	/* a[0] = MADV_*, a[1] = guest-physical address, a[2] = size */
	SVC_MADVISE,
	/*
	 * a[0] = guest-physical address of a page of RAM, a[1] = microseconds:
	 * it is emptied, and who touches it next, KVM too, waits so long.
	 */
	SVC_STALL,
	SVC_STALLED, /* ret = somebody did, and has waited */
};

#define SVC_WHEN_INTR 1 /* a signal */
#define SVC_WHEN_PORT 2 /* ATTACK_PORT_NOP */
/* A failed entry, triple fault or internal error; goes on if anything waits. */
#define SVC_WHEN_FAIL 4
#define SVC_WHEN_HLT  32 /* HLT, without local APIC in the kernel */
/* With these: KVM_SET_REGS leaves RDI as it is then, or all but RDI. */
#define SVC_KEEP_RDI 8
#define SVC_ONLY_RDI 16

struct svc {
	__u64 op;
	__s64 ret;
	__u64 a[6];
};

#define POKER_SECRETS 4

/*
 * A thread of the VMM that sends signals to a vCPU's thread.  At each, out of
 * KVM_RUN, registers, MSRs, XSAVE area, APIC, debug and special registers are
 * read and searched for the secrets at every byte.  RIP and RSP must not lie in an ELISA
 * chunk but for the pages of a window that the guest executes (W+0, W+2, W+3).
 */
struct poker {
	__u64 period_us;
	__u64 secret[POKER_SECRETS]; /* 0: none */
	__u64 cr3;		     /* the only one that may be; 0: any */
	/* results */
	__u64 kicks; /* signals that ended a KVM_RUN */
	__u64 secrets_seen;
	__u64 in_window; /* RIP or RSP of gate or sub */
	__u64 at_aep;	 /* RIP in the AEP page */
	__u64 at_return; /* RIP is a return stub's address */
	/*
	 * RIP is a stub's address, and there is an interrupt shadow or an
	 * exception on its way; or, at an AEP, any flag but IF.
	 */
	__u64 stub_wrong;
	__u64 elsewhere;    /* RIP not in RAM or a stub, other CR3 */
	__u64 first_rip;    /* of the first finding */
	__u64 first_secret; /* its offset in poker.c's struct state, plus 1 */
};

#endif /* ATTACK_ABI_H */
