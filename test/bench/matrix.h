/* SPDX-License-Identifier: GPL-2.0-only */
/* All operations of one build, a line "row KEY=VALUE..." for each. */
#ifndef BENCH_MATRIX_H
#define BENCH_MATRIX_H

#include "build.h"

/**
 * matrix_run() - measure and print
 * @b: the store
 * @vmcall: one VMCALL before each call, and "vmcall" as the build's name
 * @ops: operations of each kind
 * @few: nop, and one size of values, only
 *
 * Return: 0, or -errno after a message.
 */
int matrix_run(const struct build *b, int vmcall, uint64_t ops, int few);

#endif /* BENCH_MATRIX_H */
