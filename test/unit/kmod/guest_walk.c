// SPDX-License-Identifier: GPL-2.0-only
/*
 * SDM vol. 3, "4-Level Paging and 5-Level Paging".
 */
#include "guest_walk.h"
#include "memory.h"

#define ADDRESS 0x000ffffffffff000ULL

static void translate(struct walk *w, const struct ept_cpu *cpu, u64 eptp)
{
	w->ept = ept_walk(cpu, eptp, w->gpa);
	if (w->ept.end == EPT_VIOLATION)
		w->end = WALK_VIOLATION;
	else if (w->ept.end == EPT_MISCONFIG)
		w->end = WALK_MISCONFIG;
}

/* Is the entry usable; does it end the walk? */
static bool check_entry(struct walk *w, const struct ept_cpu *cpu, u64 entry,
			unsigned int level, bool *leaf)
{
	u64 low = (1ULL << (12 + 9 * (level - 1))) - 1;

	*leaf = level == 1 || (level <= 3 && entry & 0x80);
	if (!(entry & 1))
		w->end = WALK_NOT_PRESENT;
	else if ((level > 3 && entry & 0x80) ||
		 (entry & ADDRESS) >> cpu->phys_bits ||
		 (*leaf && level > 1 && entry & ADDRESS & low & ~0x1000ULL))
		w->end = WALK_RESERVED;
	else if (!(entry & 0x20) || (*leaf && (entry & 0x140) != 0x40) ||
		 entry >> 52)
		w->end = WALK_BAD_BITS;
	return w->end == WALK_OK;
}

/** guest_walk() - translate @va as the CPU would with this CR3 and EPTP */
struct walk guest_walk(const struct ept_cpu *cpu, u64 eptp, bool la57, u64 cr3,
		       u64 va)
{
	struct walk w = { .gpa = cr3 & ADDRESS, .user = true, .write = true };
	unsigned int level, shift;
	bool leaf = false;
	u64 entry;

	for (level = la57 ? 5 : 4; !leaf; level--) {
		translate(&w, cpu, eptp);
		/* Reading a table: with EPT's A/D flags off, never a write. */
		if (w.end == WALK_OK && !(w.ept.rights & EPT_R))
			w.end = WALK_VIOLATION;
		if (w.end != WALK_OK)
			return w;
		if (!w.depth++)
			w.first_pa = w.ept.pa;
		shift = 12 + 9 * (level - 1);
		entry = memory_at(w.ept.pa)[va >> shift & 511];
		if (!check_entry(&w, cpu, entry, level, &leaf))
			return w;
		w.user &= !!(entry & 4);
		w.write &= !!(entry & 2);
		w.gpa = entry & ADDRESS;
		if (leaf) {
			w.gpa &= ~((1ULL << shift) - 1);
			w.gpa |= va & ((1ULL << shift) - 1);
		}
	}
	translate(&w, cpu, eptp);
	return w;
}
