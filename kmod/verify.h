/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Refusing sub code that holds an instruction which would let it leave the
 * sub context other than through the landing page, or change caller state
 * that no exit restores.
 */
#ifndef ELISA_VERIFY_H
#define ELISA_VERIFY_H

#include "portable.h"

/**
 * enum elisa_verdict - what was found
 */
enum elisa_verdict {
	ELISA_CODE_OK,
	ELISA_CODE_VMFUNC,
	ELISA_CODE_WRPKRU,
	ELISA_CODE_XRSTOR,
	ELISA_CODE_WRFSGSBASE,
	ELISA_CODE_AMX,
};

enum elisa_verdict elisa_verify_code(const u8 *code, size_t len,
				     size_t *offset);
const char *elisa_verdict_text(enum elisa_verdict verdict);

#endif /* ELISA_VERIFY_H */
