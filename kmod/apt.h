/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * APT, anywhere page table: the guest page tables used inside gate and sub.
 *
 * Every entry at every level is present.  An unused one leads to a hole, a
 * guest-physical address that no context maps, so that touching an unmapped
 * address is an EPT violation at once; a not-present entry would raise #PF,
 * whose delivery needs the IDT, which is unmapped too, and end in a triple
 * fault.  Accessed and Dirty are preset because APT pages are read-only.
 */
#ifndef ELISA_APT_H
#define ELISA_APT_H

#include "ept.h"

/* Page numbers of the lower tables in their chunk. */
#define ELISA_APT_SUB_LANDING 0
#define ELISA_APT_SUB_L3      1
#define ELISA_APT_SUB_L2      2
#define ELISA_APT_SUB_L1      3
#define ELISA_APT_SUB_L4      4
#define ELISA_APT_GATE_L3     128 /* 0..127 are gate code pages */
#define ELISA_APT_GATE_L2     129
#define ELISA_APT_GATE_L1     130
#define ELISA_APT_GATE_L4     131
#define ELISA_APT_GATE_LOW_L3 132
#define ELISA_APT_GATE_LOW_L2 133

/* The chunk that no context maps. */
#define ELISA_CHUNK_HOLE 511

/**
 * struct elisa_apt - the pages of an APT
 * @root: reached from any CR3: PML4, or PML5 with 5-level paging
 * @l4: with 5-level paging only
 * @l3: page-directory-pointer table of the window region
 * @l2: page directory of the window region
 * @l1: page table of the windows
 * @low_l3: gate only, for the fixed low addresses of the EPTP list
 * @low_l2: likewise
 */
struct elisa_apt {
	struct elisa_table root, l4, l3, l2, l1, low_l3, low_l2;
};

void elisa_apt_build_gate(const struct elisa_apt *apt, u64 special_base,
			  bool la57);
void elisa_apt_gate_window(const struct elisa_apt *apt, u64 special_base,
			   unsigned int slot, bool user, bool present);
void elisa_apt_build_sub(const struct elisa_apt *apt, u64 special_base,
			 bool la57, unsigned int slot, bool user,
			 unsigned int data_chunks);

#endif /* ELISA_APT_H */
