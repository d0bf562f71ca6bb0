/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the soak's driver on the host and its guests have agreed upon: a box of
 * each vCPU in the file that the VM shares (ATTACK_SHARED(0)), and the cells in
 * the shared data of each export.
 *
 * The driver fills in a request and increments @asked; the vCPU does it, fills
 * in the results and sets @answered = @asked.
 */
#ifndef SOAK_ABI_H
#define SOAK_ABI_H

#define SOAK_CPUS     2
#define SOAK_ATTS     6 /* attachments that a guest keeps */
#define SOAK_HANDLES  3 /* suspended calls that it keeps */
#define SOAK_BOX_SIZE 4096

/* Entry points, by the order of soak_entry_names. */
#define SOAK_PUT     0 /* xchg cell[a0], a1; returns what was there */
#define SOAK_GET     1 /* cell[a0] */
#define SOAK_MIX     2 /* soak_mix(a0, a1) */
#define SOAK_ADD     3 /* cell[a0] += a1; soak_mix(a2, a3) */
#define SOAK_WORK    4 /* begun, soak_mix(a1, a2), done: cells of VM a0 */
#define SOAK_FAULT   5 /* a0 = kind */
#define SOAK_XPUT    6 /* as PUT, in the exchange buffer */
#define SOAK_ENTRIES 7

#define SOAK_FAULTS 4

/* Cells of the shared data. */
#define SOAK_CELLS 48
#define SOAK_OWN   0  /* 4 of each VM: it alone writes them */
#define SOAK_SUM   16 /* by VM: SOAK_ADD */
#define SOAK_BEGUN 24 /* by VM: SOAK_WORK */
#define SOAK_DONE  32

#ifndef __ASSEMBLER__
#include <linux/types.h>

#define SOAK_ENTRY_NAMES                                            \
	{                                                           \
		"put", "get", "mix", "add", "work", "fault", "xput" \
	}

enum soak_request {
	SOAK_QUIT,
	SOAK_EXPORT, /* name */
	SOAK_UNEXPORT,
	SOAK_EXPORT_ALL, /* until refused: value[0] = how many; all gone */
	SOAK_PEEK,	 /* own export: value[] = cells */
	/* a0 = attachment, a1 = CPL, a2 = pages of exchange buffer; name */
	SOAK_ATTACH,
	SOAK_DETACH,	 /* a0 */
	SOAK_ATTACH_ALL, /* a1 = CPL; name; as SOAK_EXPORT_ALL */
	/* a0 = attachment, a1 = entry, a2.. = arguments; value[0], [1]: AEXs */
	SOAK_CALL,
	SOAK_READ, /* a0: value[] = cells, by SOAK_GET */
	/*
	 * a0 = attachment, a1 = calls, a2 = SOAK_ADD's cell or ~0 (SOAK_MIX),
	 * a3 = rounds, a4 = seed.  Ends at the first that fails.  progress =
	 * calls that ended well, value[0] = AEXs, [1] = wrong values,
	 * [2] = what the VMM saw of sub.
	 */
	SOAK_LOOP,
	/*
	 * SOAK_WORK on a0 until it is suspended, as handle a1; a2 = VM,
	 * a3 = seed, a4 = rounds.  value[0] = 1: it is; else value[1] is the
	 * call's value.
	 */
	SOAK_SUSPEND,
	SOAK_RESUME,  /* a1 = handle: value[0] */
	SOAK_ABORT,   /* a1 = handle */
	SOAK_MEMSLOT, /* a0 = how often a memory slot comes and goes */
	SOAK_JUNK,    /* a0 = seed: hypercalls that must be refused */
};

/* Flags of SOAK_CALL (a5) and SOAK_LOOP (a5). */
#define SOAK_STORM 1 /* of interrupts */
#define SOAK_POKER 2 /* the VMM interrupts and looks at registers */

/* ret of requests that a trap ended, in place of -errno */
#define SOAK_TRAPPED (-1000000)

struct soak_box {
	__u64 asked, answered;
	__u64 request;
	__u64 arg[6];
	char name[32];
	__u64 progress;
	__s64 ret;
	__u64 value[64];
};

static inline __u64 soak_mix(__u64 x, __u64 rounds)
{
	for (; rounds; rounds--) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
	}
	return x;
}
#endif
#endif /* SOAK_ABI_H */
