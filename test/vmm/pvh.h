/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Loading an ELF kernel by the PVH boot protocol.
 */
#ifndef TESTVMM_PVH_H
#define TESTVMM_PVH_H

#include <stdint.h>

struct vm;

/* Load @kernel and @initrd (may be NULL); the entry point goes to *@entry. */
int pvh_load(struct vm *vm, const char *kernel, const char *initrd,
	     const char *cmdline, uint32_t *entry);

#endif /* TESTVMM_PVH_H */
