/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a VM may do: grants given at enrolment, and names.
 */
#ifndef ELISA_POLICY_H
#define ELISA_POLICY_H

#include "portable.h"

#include <elisa/hypercall.h>

struct elisa_grant {
	u8 kind;		       /* enum elisa_grant_kind */
	u32 rights;		       /* ELISA_RIGHT_*, for attach */
	char pattern[ELISA_NAME_SIZE]; /* '*' and '?' match */
};

bool elisa_glob(const char *pattern, const char *name);
bool elisa_name_valid(const char *name, const char *extra);
bool elisa_name_unpack(char name[ELISA_NAME_SIZE], u64 a, u64 b, u64 c, u64 d);
u32 elisa_policy_rights(const struct elisa_grant *grants, unsigned int n,
			u8 kind, const char *name);

#endif /* ELISA_POLICY_H */
