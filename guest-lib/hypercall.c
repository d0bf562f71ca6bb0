// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
#include <errno.h>

#include <elisa/hypercall.h>

#include "hypercall.h"

/* How KVM answers a hypercall that it does not know, at CPL 3 and CPL 0. */
#define KVM_EPERM  1
#define KVM_ENOSYS 1000

#define MAX_ERRNO 4095

int64_t elisa_hypercall(unsigned int nr, struct elisa_regs *regs)
{
	int64_t rax = elisa_vmcall(ELISA_HC(nr), regs);

	if (rax == -KVM_EPERM || rax == -KVM_ENOSYS || rax < -MAX_ERRNO)
		return -ENOSYS;
	return rax;
}

int64_t elisa_hypercall_entry(unsigned int nr, uint64_t token,
			      const struct elisa_packed_name *name, uint64_t r9)
{
	struct elisa_regs regs = {
		.rdi = token,
		.rsi = name->word[0],
		.rdx = name->word[1],
		.r10 = name->word[2],
		.r8 = name->word[3],
		.r9 = r9,
	};

	return elisa_hypercall(nr, &regs);
}

int elisa_hypercall_token(unsigned int nr, uint64_t token)
{
	struct elisa_regs regs = { .rdi = token };
	int64_t rc = elisa_hypercall(nr, &regs);

	return rc < 0 ? (int)rc : 0;
}
