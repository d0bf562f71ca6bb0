/* SPDX-License-Identifier: GPL-2.0-only */
/* Between a fuzz target and what runs it: libFuzzer, or driver.c. */
#ifndef ELISA_TEST_FUZZ_USER_H
#define ELISA_TEST_FUZZ_USER_H

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What must never be; also in builds without assertions. */
#define must(condition) ((condition) ? (void)0 : __builtin_trap())

#endif /* ELISA_TEST_FUZZ_USER_H */
