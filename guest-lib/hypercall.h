/* SPDX-License-Identifier: LGPL-2.1-or-later OR MIT */
/* Hypercalls of the ELISA module, on top of the transport. */
#ifndef ELISA_GUEST_HYPERCALL_H
#define ELISA_GUEST_HYPERCALL_H

#include "name.h"
#include "vmcall.h"

/*
 * Executes hypercall @nr (ELISA_HC_*) with @regs.  Returns RAX if it is 0 or
 * positive, else -errno; -ENOSYS when KVM itself answered, because the VM is
 * not enrolled (any more).
 */
int64_t elisa_hypercall(unsigned int nr, struct elisa_regs *regs);

/* Hypercalls that take a name in RSI RDX R10 R8, for @token. */
int64_t elisa_hypercall_entry(unsigned int nr, uint64_t token,
			      const struct elisa_packed_name *name,
			      uint64_t r9);

/* Hypercalls that take nothing but a token. */
int elisa_hypercall_token(unsigned int nr, uint64_t token);

#endif /* ELISA_GUEST_HYPERCALL_H */
