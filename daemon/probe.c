// SPDX-License-Identifier: GPL-2.0-only
#include <stdio.h>

#include <elisa/netlink.h>

#include "probe.h"
#include "probe_session.h"

#define VALUE_A 0x1234567800000001ULL
#define VALUE_B 0x0000000012345678ULL

int probe(char *text, size_t size)
{
	struct probe_session p;
	int ret;

	/* What the vCPU does: three things, each of which needs a hook. */
	ret = probe_begin(&p, "probe", text, size);
	if (!ret)
		ret = probe_enrol(&p, ELISA_TRUST_SEALED);
	if (!ret)
		ret = probe_attach(&p);
	if (!ret)
		ret = probe_call(&p, VALUE_A, VALUE_B);
	ret = probe_end(&p, ret);
	if (!ret)
		snprintf(text, size, "a VM was enrolled, called, and is gone");
	return ret;
}
