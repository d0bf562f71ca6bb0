// SPDX-License-Identifier: GPL-2.0-only
#include "doctor.h"
#include "doctor_find.h"

const char *doctor_state_name(enum doctor_state state)
{
	static const char *const name[] = {
		[DOCTOR_OK] = "ok",
		[DOCTOR_TODO] = "to do",
		[DOCTOR_UNKNOWN] = "unknown",
		[DOCTOR_NO] = "NO",
	};

	return name[state];
}

void doctor_check(const struct doctor_host *host, doctor_fn fn, void *arg)
{
	struct finder f = { .fn = fn, .arg = arg };

	doctor_cpu(host, &f);
	doctor_kernel(host, &f);
	doctor_module(host, &f);
}
