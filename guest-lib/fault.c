// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
#include <stdio.h>

#include <elisa/guest.h>

static const char *vector_name(unsigned int vector)
{
	static const char *const names[] = {
		[0] = "#DE",  [1] = "#DB",  [2] = "NMI",  [3] = "#BP",
		[4] = "#OF",  [5] = "#BR",  [6] = "#UD",  [7] = "#NM",
		[8] = "#DF",  [10] = "#TS", [11] = "#NP", [12] = "#SS",
		[13] = "#GP", [14] = "#PF", [16] = "#MF", [17] = "#AC",
		[18] = "#MC", [19] = "#XM", [20] = "#VE", [21] = "#CP",
	};
	const char *name = NULL;

	if (vector < sizeof(names) / sizeof(names[0]))
		name = names[vector];
	return name ? name : "interrupt";
}

int elisa_fault_describe(uint64_t details, char *text, size_t size)
{
	unsigned int code = ELISA_FAULT_CODE(details);

	switch (ELISA_FAULT_KIND(details)) {
	case ELISA_FAULT_KIND_VECTOR:
		return snprintf(text, size, "exception %u (%s)", code,
				vector_name(code));
	case ELISA_FAULT_KIND_EXIT:
		return snprintf(text, size, "VM exit, reason %u", code);
	case ELISA_FAULT_KIND_MEMORY:
		return snprintf(text, size, "access to an unmapped address");
	default:
		return snprintf(text, size, "unknown fault %#llx",
				(unsigned long long)details);
	}
}
