// SPDX-License-Identifier: GPL-2.0-only
/* The ready-made export. */
#include "elisa.h"

BLOB(nop);
BLOB(log);
BLOB(spin);
BLOB(hold);
BLOB(read);
BLOB(write);
BLOB(ud2);
BLOB(int3);
BLOB(int80);
BLOB(cpuid);
BLOB(hlt);
BLOB(syscall);
BLOB(vmcall);
BLOB(divide);
BLOB(out);
BLOB(sti);
BLOB(popf);
BLOB(icebp);

_Static_assert(offsetof(struct sub_shared, log) == 0x100, "sub.S");
_Static_assert(offsetof(struct sub_shared, secret) == 0x1000, "sub.S");

struct sub_shared *sub_export(struct export *e, const char *name)
{
	struct sub_shared *shared = pages(SUB_SHARED_PAGES);

	export_begin(e, name);
	export_data(e, shared, SUB_SHARED_PAGES);
	/* In the order of the enum. */
	export_blob(e, nop);
	export_blob(e, log);
	export_blob(e, spin);
	export_blob(e, hold);
	export_blob(e, read);
	export_blob(e, write);
	export_blob(e, ud2);
	export_blob(e, int3);
	export_blob(e, int80);
	export_blob(e, cpuid);
	export_blob(e, hlt);
	export_blob(e, syscall);
	export_blob(e, vmcall);
	export_blob(e, divide);
	export_blob(e, out);
	export_blob(e, sti);
	export_blob(e, popf);
	export_blob(e, icebp);
	if (export_seal(e) || e->n != SUB_COUNT) {
		check(false, "export %s: %lld", name, e->err);
		return NULL;
	}
	return shared;
}

u64 sub_nop_value(const u64 a[6])
{
	return a[0] + 2 * a[1] + 4 * a[2] + 8 * a[3] + 3 * a[4] + 9 * a[5];
}
