/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a caller may find changed after a call or at an AEX: nothing but the
 * registers of the protocol.
 */
#ifndef ORACLE_H
#define ORACLE_H

#include <linux/kvm.h>

#include "elisa.h"

/* In all registers of sub; no byte of it is zero. */
#define ORACLE_SECRET 0x5ec2e7c9fa6e1234ULL

/* XSAVE area: x87, SSE, AVX */
struct vectors {
	u8 byte[1024] ALIGNED(64);
};

#define VECTORS_FCW   0
#define VECTORS_FSW   2
#define VECTORS_MXCSR 24
#define VECTORS_XMM   160
#define VECTORS_AVX   576
#define VECTORS_END   832

void vectors_get(struct vectors *v);
void vectors_put(const struct vectors *v);
/* As FNINIT and a cleared MXCSR leave it, all registers zero? */
bool vectors_are_initial(const struct vectors *v);
bool is_secret(const void *p);
bool holds_secret(const void *p, size_t size);

/* Control state of this vCPU. */
#define STATE_MSRS 9

struct state {
	struct kvm_sregs sregs;
	struct kvm_debugregs debug;
	u64 msr[STATE_MSRS];
};

void state_get(struct state *s);
void state_put(const struct state *s);
/* Same but for CR2?  The name of the first difference, or NULL. */
const char *state_differs(const struct state *a, const struct state *b);

/*
 * After an AEX, or a call that failed: @t was taken at a stub, where the module
 * put the vCPU.  Reads the vector registers, so nothing may come before.  What
 * is wrong, or NULL.
 */
const char *stub_is_wrong(const struct att *att, const struct trap *t, u64 rsp);

#endif /* ORACLE_H */
