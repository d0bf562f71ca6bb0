/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A software EPT walk, written from the SDM and not from kmod/ept.c.
 */
#ifndef ELISA_TEST_EPT_WALK_H
#define ELISA_TEST_EPT_WALK_H

#include "portable.h"

/* Rights, at the bits of an EPT entry. */
#define EPT_R  0x001u
#define EPT_W  0x002u
#define EPT_X  0x004u
#define EPT_UX 0x400u

/**
 * struct ept_cpu - what the walk depends on
 * @phys_bits: MAXPHYADDR
 * @mbec: mode-based execute control is on
 * @exec_only: execute-only translations are supported
 */
struct ept_cpu {
	unsigned int phys_bits;
	bool mbec;
	bool exec_only;
};

enum ept_end {
	EPT_OK,
	EPT_VIOLATION, /* not present at some level */
	EPT_MISCONFIG,
};

/**
 * struct ept_result - where a walk ended
 * @end: see above; the rest is valid for EPT_OK only
 * @pa: host-physical address
 * @rights: EPT_*, of all levels together
 * @memory_type: of the leaf
 * @ipat: of the leaf
 */
struct ept_result {
	enum ept_end end;
	u64 pa;
	unsigned int rights;
	unsigned int memory_type;
	bool ipat;
};

struct ept_result ept_walk(const struct ept_cpu *cpu, u64 eptp, u64 gpa);

#endif /* ELISA_TEST_EPT_WALK_H */
