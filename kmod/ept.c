// SPDX-License-Identifier: GPL-2.0-only
/*
 * EPT tables of gate and sub contexts.  Pure computation on pages that the
 * caller owns; compiles in user space too.
 */
#include "ept.h"

/**
 * elisa_special_base() - where the special guest-physical range begins
 * @phys_bits: the CPU's physical-address width (MAXPHYADDR), 36..52
 *
 * A 4-level EPT translates 48 bits, so the range lies below 2^48 even where
 * the CPU has more.
 */
u64 elisa_special_base(unsigned int phys_bits)
{
	if (phys_bits > 48)
		phys_bits = 48;
	return (1ULL << phys_bits) - (1ULL << 30);
}

/** elisa_special_gpa() - guest-physical address of a page of a chunk */
u64 elisa_special_gpa(u64 base, unsigned int chunk, unsigned int page)
{
	return base + ((u64)chunk << 21) + ((u64)page << 12);
}

/** elisa_gpa_is_special() - does @gpa lie in the special range? */
bool elisa_gpa_is_special(u64 base, u64 gpa)
{
	return gpa >= base && gpa - base < (1ULL << 30);
}

/** elisa_eptp() - the EPTP for a root table (SDM "Extended-Page-Table Pointer") */
u64 elisa_eptp(u64 root_pa)
{
	return root_pa | ELISA_EPTP_FLAGS;
}

static void fill(u64 *table, u64 entry)
{
	unsigned int i;

	for (i = 0; i < ELISA_EPT_ENTRIES; i++)
		table[i] = entry;
}

/**
 * elisa_ept_build_alias() - make every walk through @alias end at one page
 * @alias: three pages owned by the caller
 * @apt_root_pa: host-physical address of the APT root page
 *
 * Leaves are read-only: our EPTPs keep accessed/dirty flags off, so page
 * walks are reads (SDM "Accessed and Dirty Flags for EPT").
 */
void elisa_ept_build_alias(const struct elisa_ept_alias *alias, u64 apt_root_pa)
{
	fill(alias->pt.va,
	     apt_root_pa | ELISA_EPT_R | ELISA_EPT_MT_WB | ELISA_EPT_IPAT);
	fill(alias->pd.va, alias->pt.pa | ELISA_EPT_R);
	fill(alias->pdpt.va, alias->pd.pa | ELISA_EPT_R);
}

/**
 * elisa_ept_build() - build the upper levels of a context
 * @ept: three pages owned by the caller
 * @alias: where everything outside the special range leads
 * @special_base: from elisa_special_base()
 *
 * No chunk is present afterwards.
 */
void elisa_ept_build(const struct elisa_ept *ept,
		     const struct elisa_ept_alias *alias, u64 special_base)
{
	fill(ept->pml4.va, alias->pdpt.pa | ELISA_EPT_R);
	fill(ept->pdpt.va, alias->pd.pa | ELISA_EPT_R);
	fill(ept->pd.va, 0);
	ept->pml4.va[(special_base >> 39) & 511] = ept->pdpt.pa | ELISA_EPT_RWX;
	ept->pdpt.va[(special_base >> 30) & 511] = ept->pd.pa | ELISA_EPT_RWX;
}

/**
 * elisa_ept_set_chunk() - hang a page table below a chunk
 * @ept: the context
 * @chunk: 0..511
 * @pt_pa: host-physical address of the table
 * @rights: upper bound of the rights of all its pages, ELISA_EPT_*; a shared
 *	table is made read-only for one context by leaving out ELISA_EPT_W here
 */
void elisa_ept_set_chunk(const struct elisa_ept *ept, unsigned int chunk,
			 u64 pt_pa, u64 rights)
{
	ept->pd.va[chunk] = pt_pa | rights;
}

/**
 * elisa_ept_set_page() - map one special page
 * @pt: the chunk's page table
 * @page: 0..511
 * @pa: host-physical address, page-aligned
 * @rights: ELISA_EPT_*; 0 makes the page not present
 */
void elisa_ept_set_page(u64 *pt, unsigned int page, u64 pa, u64 rights)
{
	pt[page] = rights ? pa | rights | ELISA_EPT_MT_WB | ELISA_EPT_IPAT : 0;
}
