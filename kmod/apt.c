// SPDX-License-Identifier: GPL-2.0-only
/*
 * Anywhere page tables.  Pure computation on pages that the caller owns;
 * compiles in user space too.
 */
#include "apt.h"
#include "gate_code.h"

#include <elisa/layout.h>

/* Guest page-table entry bits, SDM vol. 3 "4-Level Paging". */
#define P  BIT_ULL(0)
#define RW BIT_ULL(1)
#define US BIT_ULL(2)
#define A  BIT_ULL(5)
#define D  BIT_ULL(6)
#define PS BIT_ULL(7)

#define TABLE (P | RW | US | A | D)
#define LEAF  (P | RW | A | D)

static void fill_holes(u64 *table, u64 special_base)
{
	u64 hole = elisa_special_gpa(special_base, ELISA_CHUNK_HOLE, 0);
	unsigned int i;

	for (i = 0; i < 512; i++)
		table[i] = hole | TABLE;
}

/* Point the entry for @va at level @shift to the table page of a chunk. */
static void link_table(u64 *table, unsigned int shift, u64 va, u64 special_base,
		       unsigned int chunk, unsigned int page)
{
	table[(va >> shift) & 511] =
		elisa_special_gpa(special_base, chunk, page) | TABLE;
}

/**
 * elisa_apt_build_gate() - build the APT of a VM's gate contexts
 * @apt: pages owned by the caller; l4 is used only with @la57
 * @special_base: from elisa_special_base()
 * @la57: the guest uses 5-level paging
 *
 * No window is mapped afterwards.  The EPTP list and the gate-private page
 * are mapped at their fixed low addresses (gate_code.h) for user mode.
 */
void elisa_apt_build_gate(const struct elisa_apt *apt, u64 special_base,
			  bool la57)
{
	u64 *top = apt->root.va;
	const unsigned int c = ELISA_CHUNK_GATE;
	const u64 w = ELISA_WINDOW_BASE, low = ELISA_GATE_LIST_VA;

	fill_holes(apt->root.va, special_base);
	fill_holes(apt->l3.va, special_base);
	fill_holes(apt->l2.va, special_base);
	fill_holes(apt->l1.va, special_base);
	fill_holes(apt->low_l3.va, special_base);
	fill_holes(apt->low_l2.va, special_base);
	if (la57) {
		/* Both addresses lie in PML5 entry 0: one L4 serves both. */
		fill_holes(apt->l4.va, special_base);
		link_table(top, 48, w, special_base, c, ELISA_APT_GATE_L4);
		top = apt->l4.va;
	}
	link_table(top, 39, w, special_base, c, ELISA_APT_GATE_L3);
	link_table(apt->l3.va, 30, w, special_base, c, ELISA_APT_GATE_L2);
	link_table(apt->l2.va, 21, w, special_base, c, ELISA_APT_GATE_L1);

	link_table(top, 39, low, special_base, c, ELISA_APT_GATE_LOW_L3);
	link_table(apt->low_l3.va, 30, low, special_base, c,
		   ELISA_APT_GATE_LOW_L2);
	apt->low_l2.va[(low >> 21) & 511] =
		elisa_special_gpa(special_base, ELISA_CHUNK_GATE_DATA, 0) |
		LEAF | US | PS;
}

/**
 * elisa_apt_gate_window() - map or unmap the gate page of one window
 * @apt: built by elisa_apt_build_gate()
 * @special_base: from elisa_special_base()
 * @slot: window number, 0..ELISA_WINDOWS-1
 * @user: mapped for user mode (attached at CPL 3), else supervisor
 * @present: false leaves a hole
 */
void elisa_apt_gate_window(const struct elisa_apt *apt, u64 special_base,
			   unsigned int slot, bool user, bool present)
{
	u64 gpa = present ?
			  elisa_special_gpa(special_base, ELISA_CHUNK_GATE,
					    slot) :
			  elisa_special_gpa(special_base, ELISA_CHUNK_HOLE, 0);

	apt->l1.va[slot * 4 + 1] = gpa | LEAF | (user ? US : 0);
}

/**
 * elisa_apt_build_sub() - build the APT of an attachment's sub contexts
 * @apt: pages owned by the caller; l4 is used only with @la57, low_* never
 * @special_base: from elisa_special_base()
 * @la57: the guest uses 5-level paging
 * @slot: the attachment's window
 * @user: mapped for user mode (attached at CPL 3), else supervisor
 * @data_chunks: 2 MiB chunks of shared region, 0..ELISA_DATA_CHUNKS
 *
 * Maps the landing page at W+1 and the chunks from the instance's on.
 */
void elisa_apt_build_sub(const struct elisa_apt *apt, u64 special_base,
			 bool la57, unsigned int slot, bool user,
			 unsigned int data_chunks)
{
	const u64 w = ELISA_WINDOW_BASE, us = user ? US : 0;
	const unsigned int c = ELISA_CHUNK_SUB;
	u64 *top = apt->root.va;
	unsigned int i;

	fill_holes(apt->root.va, special_base);
	fill_holes(apt->l3.va, special_base);
	fill_holes(apt->l2.va, special_base);
	fill_holes(apt->l1.va, special_base);
	if (la57) {
		fill_holes(apt->l4.va, special_base);
		link_table(top, 48, w, special_base, c, ELISA_APT_SUB_L4);
		top = apt->l4.va;
	}
	link_table(top, 39, w, special_base, c, ELISA_APT_SUB_L3);
	link_table(apt->l3.va, 30, w, special_base, c, ELISA_APT_SUB_L2);
	link_table(apt->l2.va, 21, w, special_base, c, ELISA_APT_SUB_L1);
	apt->l1.va[slot * 4 + 1] =
		elisa_special_gpa(special_base, c, ELISA_APT_SUB_LANDING) |
		LEAF | us;

	for (i = ELISA_CHUNK_INSTANCE; i < ELISA_CHUNK_DATA + data_chunks; i++)
		apt->l2.va[i] = elisa_special_gpa(special_base, i, 0) | LEAF |
				us | PS;
}
