// SPDX-License-Identifier: GPL-2.0-only
/* A VM that is not enrolled, or on a host without the module. */
#include "elisa.h"

static void bare(void)
{
	const struct regs in = { .rcx = ELISA_IDX_GATE };
	struct hc hc = {};
	struct outcome out;

	check(hypercall(ELISA_HC_VERSION, &hc) == -1000,
	      "VMCALL is KVM's: %lld", hypercall(ELISA_HC_VERSION, &hc));
	vmfunc(&in, 0, &out);
	check(out.how == HOW_TRAP && out.trap.regs.vector == 6,
	      "VMFUNC is #UD at CPL 0");
	vmfunc(&in, 3, &out);
	check(out.how == HOW_TRAP && out.trap.regs.vector == 6,
	      "VMFUNC is #UD at CPL 3");
}

ATTACK("bare", bare);
