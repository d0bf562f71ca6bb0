/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Between a fuzz target and fuzz_driver.c.
 */
#ifndef ELISA_TEST_FUZZ_H
#define ELISA_TEST_FUZZ_H

#include "portable.h"

/* Bytes that the driver prefers, and their number. */
extern const u8 fuzz_bytes[];
extern const size_t fuzz_n_bytes;

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

#endif /* ELISA_TEST_FUZZ_H */
