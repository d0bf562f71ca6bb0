/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * EPT tables of gate and sub contexts.
 *
 * Every guest-physical address of a context that is not in the special range
 * translates to the APT root page, so that a page walk starts at our tables
 * whatever the guest left in CR3.  The special range is one 1 GiB region at
 * the top of the physical-address width; its 512 chunks of 2 MiB are laid out
 * in <elisa/layout.h>.
 */
#ifndef ELISA_EPT_H
#define ELISA_EPT_H

#include "portable.h"

#define ELISA_EPT_ENTRIES 512

/* EPT entry bits, SDM vol. 3, tables "Format of an EPT ... Entry". */
#define ELISA_EPT_R	BIT_ULL(0)
#define ELISA_EPT_W	BIT_ULL(1)
#define ELISA_EPT_X	BIT_ULL(2)
#define ELISA_EPT_MT_WB (6ULL << 3)
#define ELISA_EPT_IPAT	BIT_ULL(6)
/* With mode-based execute control bit 10 is user-mode execute. */
#define ELISA_EPT_UX   BIT_ULL(10)
#define ELISA_EPT_EXEC (ELISA_EPT_X | ELISA_EPT_UX)
#define ELISA_EPT_RWX  (ELISA_EPT_R | ELISA_EPT_W | ELISA_EPT_EXEC)
#define ELISA_EPT_ADDR 0x000ffffffffff000ULL

/* EPTP: write-back, 4-level walk, accessed/dirty flags off. */
#define ELISA_EPTP_FLAGS     0x1eULL
#define ELISA_EPTP_WALK_MASK 0x38ULL
#define ELISA_EPTP_WALK_4    0x18ULL

/**
 * struct elisa_table - one 4 KiB page table page
 * @va: its 512 entries
 * @pa: its host-physical address
 */
struct elisa_table {
	u64 *va;
	u64 pa;
};

/**
 * struct elisa_ept_alias - what maps all of guest-physical space to one page
 * @pdpt: every entry leads to @pd
 * @pd: every entry leads to @pt
 * @pt: every entry maps the APT root page, read-only
 */
struct elisa_ept_alias {
	struct elisa_table pdpt, pd, pt;
};

/**
 * struct elisa_ept - the upper levels of one context
 * @pml4: root; all entries lead to the alias but the special range's
 * @pdpt: all entries lead to the alias but the special range's
 * @pd: one entry a chunk, not present until elisa_ept_set_chunk()
 */
struct elisa_ept {
	struct elisa_table pml4, pdpt, pd;
};

u64 elisa_special_base(unsigned int phys_bits);
u64 elisa_special_gpa(u64 base, unsigned int chunk, unsigned int page);
bool elisa_gpa_is_special(u64 base, u64 gpa);

u64 elisa_eptp(u64 root_pa);
void elisa_ept_build_alias(const struct elisa_ept_alias *alias,
			   u64 apt_root_pa);
void elisa_ept_build(const struct elisa_ept *ept,
		     const struct elisa_ept_alias *alias, u64 special_base);
void elisa_ept_set_chunk(const struct elisa_ept *ept, unsigned int chunk,
			 u64 pt_pa, u64 rights);
void elisa_ept_set_page(u64 *pt, unsigned int page, u64 pa, u64 rights);

#endif /* ELISA_EPT_H */
