// SPDX-License-Identifier: GPL-2.0-only
/*
 * SDM vol. 3, "EPT Translation Mechanism", "EPT-Induced VM Exits".
 */
#include "ept_walk.h"
#include "memory.h"
#include "test.h"

#define PAGE_SIZE_BIT 0x80u
#define ALL_RIGHTS    (EPT_R | EPT_W | EPT_X | EPT_UX)

static unsigned int rights_of(const struct ept_cpu *cpu, u64 entry)
{
	unsigned int rights = entry & (EPT_R | EPT_W | EPT_X);

	/* Without the control bit 10 is ignored and bit 2 covers both. */
	if (cpu->mbec)
		return rights | (entry & EPT_UX);
	return rights & EPT_X ? rights | EPT_UX : rights;
}

static u64 address_of(u64 entry)
{
	return entry & 0x000ffffffffff000ULL;
}

static bool misconfigured(const struct ept_cpu *cpu, u64 entry,
			  unsigned int level)
{
	unsigned int rights = rights_of(cpu, entry);
	unsigned int type = entry >> 3 & 7;

	if (rights & EPT_W && !(rights & EPT_R))
		return true;
	if (!(rights & EPT_R) && !cpu->exec_only)
		return true;
	if (address_of(entry) >> cpu->phys_bits)
		return true;
	if (level > 1) /* a table: bits 6:3 reserved */
		return entry & 0x78;
	return type == 2 || type == 3 || type == 7;
}

static void check_eptp(const struct ept_cpu *cpu, u64 eptp)
{
	assert_int_equal(eptp & 7, 6);	    /* write-back */
	assert_int_equal(eptp >> 3 & 7, 3); /* 4 levels */
	assert_int_equal(eptp & 0xfc0, 0);  /* no A/D, no SSS */
	assert_int_equal(eptp >> cpu->phys_bits, 0);
}

/** ept_walk() - translate @gpa; fails the test for an invalid EPTP */
struct ept_result ept_walk(const struct ept_cpu *cpu, u64 eptp, u64 gpa)
{
	struct ept_result result = { EPT_VIOLATION, 0, ALL_RIGHTS, 0, false };
	u64 table = address_of(eptp), entry;
	unsigned int level;

	check_eptp(cpu, eptp);
	/* A 4-level walk translates 48 bits. */
	if (gpa >> 48)
		return result;
	for (level = 4; level; level--) {
		entry = memory_at(table)[gpa >> (12 + 9 * (level - 1)) & 511];
		if (!rights_of(cpu, entry))
			return result;
		/* Nothing of ours is a large page. */
		if (level > 1)
			assert_int_equal(entry & PAGE_SIZE_BIT, 0);
		if (misconfigured(cpu, entry, level)) {
			result.end = EPT_MISCONFIG;
			return result;
		}
		result.rights &= rights_of(cpu, entry);
		result.memory_type = entry >> 3 & 7;
		result.ipat = entry & 0x40;
		table = address_of(entry);
	}
	result.end = EPT_OK;
	result.pa = table | (gpa & 4095);
	return result;
}
