/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ACPI tables.
 */
#ifndef TESTVMM_ACPI_H
#define TESTVMM_ACPI_H

#include <stdint.h>

struct vm;

/* Write the tables for @vm to guest memory; returns the RSDP's address. */
uint64_t acpi_build(struct vm *vm);

#endif /* TESTVMM_ACPI_H */
