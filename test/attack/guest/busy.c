// SPDX-License-Identifier: GPL-2.0-only
#include "busy.h"

bool busy_export(u8 **shared, const char *name)
{
	struct export e;
	u8 *p = pages(BUSY_PAGES);
	unsigned int i;

	*(u64 *)(p + BUSY_SECRET) = ORACLE_SECRET;
	*(u32 *)(p + BUSY_MXCSR) = 0x6000; /* nothing masked, truncate */
	*(u16 *)(p + BUSY_FCW) = 0x0c40;   /* the same for x87 */
	*(u64 *)(p + BUSY_ST) = ORACLE_SECRET | 1ULL << 63;
	*(u16 *)(p + BUSY_ST + 8) = 0x4001;
	for (i = 0; i < 64; i += 2) {
		*(u64 *)(p + BUSY_YMM + i * 8) = ORACLE_SECRET;
		*(u64 *)(p + BUSY_YMM + i * 8 + 8) = i * 0x0101010101010101ULL;
	}
	export_begin(&e, name);
	export_data(&e, p, BUSY_PAGES);
	export_blob(&e, busy);
	export_blob(&e, pauses);
	*shared = p;
	return check(!export_seal(&e), "export: %lld", e.err);
}

const char *busy_is_wrong(const u8 *shared, u64 flags, int cpl)
{
	const u64 *reg = (const u64 *)(shared + BUSY_REGS);
	const u8 *before = shared + BUSY_BEFORE, *after = shared + BUSY_AFTER;
	unsigned int i;

	for (i = 0; i < BUSY_N_REGS; i++)
		if (reg[i] != ORACLE_SECRET)
			return "a general register";
	if (reg[BUSY_N_REGS] != flags)
		return "flags";
	if (!cpl && reg[BUSY_N_REGS + 1] != ORACLE_SECRET)
		return "CR2";
	/* Was it as it should be to begin with? */
	if (!holds_secret(before + VECTORS_XMM, 256) ||
	    !holds_secret(before + VECTORS_AVX, 256) ||
	    !(*(const u16 *)(before + VECTORS_FSW) & 0x80))
		return "the test";
	if (memcmp(before, after, 32))
		return "x87 or MXCSR";
	if (memcmp(before + 32, after + 32, 128))
		return "an x87 register";
	if (memcmp(before + VECTORS_XMM, after + VECTORS_XMM, 256))
		return "XMM";
	if (memcmp(before + VECTORS_AVX, after + VECTORS_AVX, 256))
		return "YMM";
	return NULL;
}
