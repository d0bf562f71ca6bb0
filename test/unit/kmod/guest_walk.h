/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A software guest page walk through EPT, written from the SDM and not from
 * kmod/apt.c.
 */
#ifndef ELISA_TEST_GUEST_WALK_H
#define ELISA_TEST_GUEST_WALK_H

#include "ept_walk.h"

enum walk_end {
	WALK_OK,
	WALK_VIOLATION,	  /* EPT violation, by the walk or at its end */
	WALK_MISCONFIG,	  /* EPT misconfiguration */
	WALK_NOT_PRESENT, /* #PF: not-present entry */
	WALK_RESERVED,	  /* #PF: reserved bit */
	WALK_BAD_BITS,	  /* A or D clear, G, XD or a key set */
};

/**
 * struct walk - where a walk ended
 * @end: see above
 * @gpa: what it translated last: the page with WALK_OK, else where it failed
 * @first_pa: host-physical address of the table that CR3 led to
 * @depth: tables read
 * @user: user-mode access is allowed
 * @write: so is writing
 * @ept: of @gpa
 */
struct walk {
	enum walk_end end;
	u64 gpa;
	u64 first_pa;
	unsigned int depth;
	bool user, write;
	struct ept_result ept;
};

struct walk guest_walk(const struct ept_cpu *cpu, u64 eptp, bool la57, u64 cr3,
		       u64 va);

#endif /* ELISA_TEST_GUEST_WALK_H */
