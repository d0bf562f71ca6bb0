// SPDX-License-Identifier: GPL-2.0-only
/*
 * Image verification.  x86 code can be entered at any byte, so every byte
 * offset is looked at, not only instruction boundaries.  Pure computation;
 * compiles in user space too.
 */
#include "verify.h"

/*
 * AMX, all of VEX.128.0F38.W0 with these opcodes: tiles and their configuration
 * are the caller's, and neither the return stub nor an asynchronous exit
 * restores or scrubs them.
 */
static bool is_amx(const u8 *p, size_t left)
{
	if (left < 4 || p[0] != 0xc4 || (p[1] & 0x1f) != 2 || p[2] & 0x84)
		return false;
	return p[3] == 0x49 || p[3] == 0x4b || p[3] == 0x5c || p[3] == 0x5e ||
	       p[3] == 0x6c;
}

static enum elisa_verdict check_at(const u8 *p, size_t left)
{
	u8 mod, reg;

	if (is_amx(p, left))
		return ELISA_CODE_AMX;
	if (left < 3 || p[0] != 0x0f)
		return ELISA_CODE_OK;
	if (p[1] == 0x01) {
		if (p[2] == 0xd4)
			return ELISA_CODE_VMFUNC;
		if (p[2] == 0xef)
			return ELISA_CODE_WRPKRU;
		return ELISA_CODE_OK;
	}
	mod = p[2] >> 6;
	reg = (p[2] >> 3) & 7;
	/* 0F AE /5 mem XRSTOR; with a register operand it is LFENCE. */
	if (p[1] == 0xae && reg == 5 && mod != 3)
		return ELISA_CODE_XRSTOR;
	/* F3 0F AE /2, /3 reg; the prefix may stand further in front. */
	if (p[1] == 0xae && (reg == 2 || reg == 3) && mod == 3)
		return ELISA_CODE_WRFSGSBASE;
	/* 0F C7 /3 mem XRSTORS */
	if (p[1] == 0xc7 && reg == 3 && mod != 3)
		return ELISA_CODE_XRSTOR;
	return ELISA_CODE_OK;
}

/**
 * elisa_verify_code() - look for forbidden instructions
 * @code: executable bytes, contiguous in the sub context
 * @len: their number
 * @offset: set to the offset of the first finding
 *
 * Context: sleeps.  Return: ELISA_CODE_OK or what was found.
 */
enum elisa_verdict elisa_verify_code(const u8 *code, size_t len, size_t *offset)
{
	enum elisa_verdict verdict;
	size_t i;

	for (i = 0; i < len; i++) {
		/* 2 MiB take a while. */
		if (!(i % 0x10000))
			cond_resched();
		verdict = check_at(code + i, len - i);
		if (verdict != ELISA_CODE_OK) {
			*offset = i;
			return verdict;
		}
	}
	return ELISA_CODE_OK;
}

/** elisa_verdict_text() - name of the forbidden instruction */
const char *elisa_verdict_text(enum elisa_verdict verdict)
{
	switch (verdict) {
	case ELISA_CODE_VMFUNC:
		return "VMFUNC";
	case ELISA_CODE_WRPKRU:
		return "WRPKRU";
	case ELISA_CODE_XRSTOR:
		return "XRSTOR or XRSTORS";
	case ELISA_CODE_WRFSGSBASE:
		return "WRFSBASE or WRGSBASE";
	case ELISA_CODE_AMX:
		return "an AMX instruction";
	default:
		return "none";
	}
}
