/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the files that need no kernel take from it.  ept.c, apt.c, gate_code.c,
 * instance_state.c, policy.c, verify.c and waiting.c also compile in user space,
 * for unit tests and fuzzers.
 */
#ifndef ELISA_PORTABLE_H
#define ELISA_PORTABLE_H

#ifdef __KERNEL__
#include <linux/bits.h>
#include <linux/errno.h>
#include <linux/sched.h>
#include <linux/string.h>
#include <linux/types.h>
#else
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int32_t s32;

#define BIT_ULL(n) (1ULL << (n))

static inline void cond_resched(void)
{
}
#endif

#endif /* ELISA_PORTABLE_H */
