/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Host-physical memory for table walkers: 4 KiB pages whose physical addresses
 * are made up, so that they can be as large as the CPU allows.
 */
#ifndef ELISA_TEST_MEMORY_H
#define ELISA_TEST_MEMORY_H

#include "ept.h"

void memory_reset(u64 base);
void memory_alloc(struct elisa_table *table);
const u64 *memory_at(u64 pa);

#endif /* ELISA_TEST_MEMORY_H */
