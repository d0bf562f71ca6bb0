/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Does this host have what ELISA needs?  Only looks: it loads nothing, changes
 * nothing, and works without the module, which checks the same when it is
 * loaded but stops at the first thing that is missing.
 */
#ifndef ELISACTL_DOCTOR_H
#define ELISACTL_DOCTOR_H

#include <stdbool.h>
#include <linux/types.h>

#include "compiler.h"

enum doctor_state {
	DOCTOR_OK,
	DOCTOR_TODO, /* not yet, and it can be done */
	DOCTOR_UNKNOWN,
	DOCTOR_NO, /* ELISA will not work like this */
};

struct doctor_row {
	const char *what;
	enum doctor_state state;
	char found[128];
	char todo[192]; /* empty: nothing */
};

/* The host, which in tests is a folder of files. */
struct doctor_host {
	const char *root;	/* "" for the real one */
	const char *release;	/* of the kernel, as uname -r prints it */
	const char *hypervisor; /* CPUID 0x40000000, "" on bare metal */
	bool (*read_msr)(__u32 msr, __u64 *value); /* false: cannot */
};

typedef void (*doctor_fn)(const struct doctor_row *row, void *arg);

/* Call FN for each thing that was looked at. */
void doctor_check(const struct doctor_host *host, doctor_fn fn, void *arg);

const char *doctor_state_name(enum doctor_state state);

/* What CPUID says of the hypervisor that this runs on; "" if none. */
#define HYPERVISOR_SIZE 13
void doctor_hypervisor(char name[HYPERVISOR_SIZE]);

/* An MSR of the first CPU. */
bool doctor_read_msr(__u32 msr, __u64 *value);

#endif /* ELISACTL_DOCTOR_H */
