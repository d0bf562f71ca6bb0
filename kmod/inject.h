/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Fault injection of debug builds (make module ELISA_DEBUG=y): each place where
 * the module asks for memory, a pin, a probe or the like, which may be refused,
 * asks elisa_inject() first.  Parameters of the module, in
 * /sys/module/elisa/parameters:
 *
 *	inject		write N: the Nth such place from now on fails, once; 0:
 *			none.  Also an argument of insmod.
 *			read: "LEFT POINTS FAILED": places to go until one
 *			fails, or 0; places passed since the last write; and
 *			what failed since: 0 nothing, 1 an operation, 2 only an
 *			event of netlink, which nobody waits for.
 *	linger		microseconds (0 to 100) that a vCPU which KVM's fast path
 *			lets enter anew waits before the entry hook looks
 *			whether it may: others can come in between
 *	figures		read: "attachments exports instances pinned armed pages"
 *			of all VMs together, and pages that the module holds
 */
#ifndef ELISA_INJECT_H
#define ELISA_INJECT_H

#include <linux/types.h>

#ifdef ELISA_DEBUG
bool elisa_inject(void);
bool elisa_inject_event(void);
void elisa_inject_linger(void);
#else
static inline bool elisa_inject(void)
{
	return false;
}

static inline bool elisa_inject_event(void)
{
	return false;
}

static inline void elisa_inject_linger(void)
{
}
#endif

/* @alloc, or NULL in its place. */
#define elisa_try_alloc(alloc) (elisa_inject() ? NULL : (alloc))

#endif /* ELISA_INJECT_H */
