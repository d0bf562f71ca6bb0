/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * Guest-virtual layout of an ELISA window and of a sub context.
 *
 * These addresses are ABI between the module, which builds the anywhere page
 * tables (APT) that translate them, the guest library, which places its stubs
 * in a window, and sub images, which are linked and relocated for them.
 *
 * A window is four pages at W (docs/ARCHITECTURE.md has a picture):
 *
 *	W+0x0000  default: entry stub, its last instruction VMFUNC(gate) ends
 *	          exactly at W+0x1000
 *	W+0x1000  gate: gate code;  sub: landing code;  default: unmapped
 *	W+0x2000  default: return stub
 *	W+0x3000  default: AEP stub
 *
 * All windows of a VM lie in one 2 MiB region at ELISA_WINDOW_BASE, far above
 * 4 GiB so that 32-bit and compatibility-mode code cannot reach a gate.  The
 * further 2 MiB chunks above the windows exist in sub contexts only.
 */
#ifndef _UAPI_ELISA_LAYOUT_H
#define _UAPI_ELISA_LAYOUT_H

#ifdef __ASSEMBLER__
#define _ELISA_ULL(x) x
#else
#define _ELISA_ULL(x) x##ULL
#endif

#define ELISA_PAGE_SIZE	 0x1000
#define ELISA_CHUNK_SIZE 0x200000

#define ELISA_WINDOW_BASE  _ELISA_ULL(0x3e0000000000)
#define ELISA_WINDOW_SIZE  0x4000
#define ELISA_WINDOWS	   128 /* windows a VM can have */
#define ELISA_WINDOW(slot) (ELISA_WINDOW_BASE + _ELISA_ULL(0x4000) * (slot))

/* Offsets in a window. */
#define ELISA_W_ENTRY  0x0000
#define ELISA_W_GATE   0x1000
#define ELISA_W_RETURN 0x2000
#define ELISA_W_AEP    0x3000

/*
 * The entry stub ends with these 10 bytes: mov $ELISA_IDX_GATE,%ecx (5),
 * xor %eax,%eax (2), VMFUNC (3).  A call that was interrupted in the gate
 * before it reached sub is restarted at their first byte.
 */
#define ELISA_W_RESTART 0x0ff6

/* EPTP list indices, the operand of VMFUNC leaf 0 in ECX. */
#define ELISA_IDX_DEFAULT 0
#define ELISA_IDX_SUB	  1
#define ELISA_IDX_GATE	  2

/*
 * Chunks.  A special page has the guest-physical address
 * special_base + chunk * 2 MiB + page * 4 KiB; in sub contexts chunks from
 * ELISA_CHUNK_INSTANCE on are also mapped linearly at
 * ELISA_WINDOW_BASE + chunk * 2 MiB.  A chunk belongs to one kind of context
 * and is not present in the other (see SECURITY.md, "CR3").
 */
#define ELISA_CHUNK_GATE      0 /* gate code pages, APT of gate */
#define ELISA_CHUNK_GATE_DATA 1 /* EPTP list, gate-private page */
#define ELISA_CHUNK_SUB	      2 /* landing, APT of sub */
/* Info, self, control, stack and liveness pages; full trust: list. */
#define ELISA_CHUNK_INSTANCE 3
#define ELISA_CHUNK_IMAGE    4	 /* entry table page, image */
#define ELISA_CHUNK_XBUF     5	 /* the caller's exchange buffer */
#define ELISA_CHUNK_DATA     6	 /* first chunk of the shared region */
#define ELISA_DATA_CHUNKS    128 /* at most 256 MiB shared region */

#define ELISA_CHUNK_VA(chunk) \
	(ELISA_WINDOW_BASE + _ELISA_ULL(0x200000) * (chunk))

/* Sub context addresses. */
#define ELISA_SUB_INFO	   ELISA_CHUNK_VA(ELISA_CHUNK_INSTANCE)
#define ELISA_SELF_PAGE	   4
#define ELISA_SUB_SELF	   (ELISA_SUB_INFO + ELISA_SELF_PAGE * ELISA_PAGE_SIZE)
#define ELISA_CONTROL_PAGE 5
#define ELISA_SUB_CONTROL \
	(ELISA_SUB_INFO + ELISA_CONTROL_PAGE * ELISA_PAGE_SIZE)
#define ELISA_STACK_FIRST_PAGE 8
#define ELISA_STACK_PAGES      4
#define ELISA_SUB_STACK_TOP \
	(ELISA_SUB_INFO +   \
	 (ELISA_STACK_FIRST_PAGE + ELISA_STACK_PAGES) * ELISA_PAGE_SIZE)
#define ELISA_LIVENESS_FIRST_PAGE 16
#define ELISA_LIVENESS_PAGES	  4
#define ELISA_SUB_LIVENESS \
	(ELISA_SUB_INFO + ELISA_LIVENESS_FIRST_PAGE * ELISA_PAGE_SIZE)
#define ELISA_SUB_ENTRIES ELISA_CHUNK_VA(ELISA_CHUNK_IMAGE)
#define ELISA_SUB_IMAGE	  (ELISA_SUB_ENTRIES + ELISA_PAGE_SIZE)
#define ELISA_SUB_XBUF	  ELISA_CHUNK_VA(ELISA_CHUNK_XBUF)
#define ELISA_SUB_DATA	  ELISA_CHUNK_VA(ELISA_CHUNK_DATA)

/* Limits that follow from the layout. */
#define ELISA_IMAGE_PAGES_MAX 511
#define ELISA_XBUF_PAGES_MAX  512
#define ELISA_DATA_PAGES_MAX  (ELISA_DATA_CHUNKS * 512)
#define ELISA_ENTRIES_MAX     256
#define ELISA_OWNER_SLOTS     2048 /* instances that an export can have */

/*
 * The identity of an instance, as it stands in a lock that it owns: the slot in
 * bits 10:0, a generation above bit 11, which is never used twice.  It is never
 * 0.  The array of ELISA_OWNER_SLOTS __u64 at ELISA_SUB_LIVENESS, read-only,
 * holds at each slot the identity in force, or 0: an owner that does not stand
 * there is dead.  Bit 11 is the locks' own.
 */
#define ELISA_OWNER_DIED	     0x800
#define ELISA_OWNER_GENERATION_SHIFT 12

#ifndef __ASSEMBLER__
#include <linux/types.h>

/**
 * struct elisa_sub_info - read-only page at ELISA_SUB_INFO in a sub context
 * @abi: ELISA_ABI_VERSION of the module
 * @rights: ELISA_RIGHT_* as ATTACH returned them
 * @vm: the calling VM's number, as `elisactl vm list` shows it; set by the
 *	module, a caller cannot choose it
 * @attachment: number of the attachment, unique while the module is loaded
 * @data_size: bytes of shared region at ELISA_SUB_DATA
 * @xbuf_size: bytes of exchange buffer at ELISA_SUB_XBUF, 0 without one
 */
struct elisa_sub_info {
	__u32 abi;
	__u32 rights;
	__u64 vm;
	__u64 attachment;
	__u64 data_size;
	__u64 xbuf_size;
};

/**
 * struct elisa_sub_self - read-only page at ELISA_SUB_SELF in a sub context
 * @id: identity of the instance; constant during a call, and another one after
 *	a call that has ended otherwise than by its return
 */
struct elisa_sub_self {
	__u64 id;
};

/**
 * struct elisa_sub_control - page at ELISA_SUB_CONTROL, read and written by the
 *	code of its instance, and by the host
 * @depth: not 0: the code is in a critical section, which is short
 * @wanted: set by the host when it has put off what it wants the CPU for until
 *	the section ends; the code then clears it and executes WAIT.  The host
 *	clears it when it has had the CPU before that
 *
 * Both are 0 when a call has ended otherwise than by its return.
 */
struct elisa_sub_control {
	__u32 depth;
	__u32 wanted;
};

#endif /* __ASSEMBLER__ */
#endif /* _UAPI_ELISA_LAYOUT_H */
