// SPDX-License-Identifier: GPL-2.0-only
/*
 * The image verifier against a disassembler, from every offset.
 */
#include <stdlib.h>

#include "fuzz.h"
#include "verify.h"
#include "x86.h"

const u8 fuzz_bytes[] = {
	0x0f, 0x0f, 0x0f, 0x01, 0xd4, 0xef, 0xae, 0xae, 0xc7, 0x28, 0x2d,
	0x6c, 0xd0, 0xd8, 0xe8, 0x18, 0x5c, 0xf3, 0xf2, 0x66, 0x48, 0x67,
	0x90, 0xc4, 0xe2, 0xc2, 0x78, 0x7b, 0x79, 0x49, 0x4b, 0x5e,
};

const size_t fuzz_n_bytes = sizeof(fuzz_bytes);

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	enum elisa_verdict verdict;
	size_t offset = size, i;

	verdict = elisa_verify_code(data, size, &offset);
	if (!elisa_verdict_text(verdict))
		abort();
	if (verdict != ELISA_CODE_OK && (size < 3 || offset > size - 3))
		abort();
	for (i = 0; verdict == ELISA_CODE_OK && i < size; i++)
		if (x86_is_forbidden_in_sub(data + i, size - i))
			abort();
	return 0;
}
