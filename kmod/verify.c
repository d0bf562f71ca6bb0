// SPDX-License-Identifier: GPL-2.0-only
/*
 * Image verification.  x86 code can be entered at any byte, so every byte
 * offset is looked at, not only instruction boundaries.  Pure computation;
 * compiles in user space too.
 */
#include "verify.h"

static enum elisa_verdict check_at(const u8 *p, size_t left)
{
	u8 mod, reg;

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
 * Return: ELISA_CODE_OK or what was found.
 */
enum elisa_verdict elisa_verify_code(const u8 *code, size_t len, size_t *offset)
{
	enum elisa_verdict verdict;
	size_t i;

	for (i = 0; i < len; i++) {
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
	default:
		return "none";
	}
}
