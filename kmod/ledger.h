/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * INVEPT ledger of debug builds (make module ELISA_DEBUG=y).
 *
 * CPUs keep translations of an EPT after it was changed, and after its context
 * was left for good, until INVEPT (SDM vol. 3, "Caching Translation
 * Information").  A forgotten one shows on no emulator that flushes at each
 * switch, and rarely on silicon.  The ledger finds it by keeping books:
 *
 * Clock: a number that grows at each event below.
 *
 * INVEPT: one *covers* an event if it began later, and each CPU that was online
 * when it began has executed it.  A CPU that comes online later needs none:
 * KVM invalidates everything when that CPU enters VMX operation
 * (hardware_enable), before it can run any vCPU; and while the INVEPT is under
 * way none goes offline.  One that is offline, or outside VMX operation, cannot
 * use what it has cached before it enters VMX operation again.
 *
 * Context: the sub context of an instance, in use while it is bound to a vCPU,
 * and the gate context of a vCPU, in use while that is armed (or, when its VM
 * was destroyed, until then).  In use, any CPU may cache any of it.
 *
 * Page: whatever the module allocates or pins.  The EPT of a context is walked
 * when it is complete, and again when it is taken apart, so the books have what
 * the tables say: for each page how many times it is mapped or used as a table,
 * and when the last context that mapped it was in use last.
 *
 * Broken, and a warning that names the page and what it was, if
 *
 * - a page is mapped that the module does not hold;
 * - a page is freed or unpinned while a context maps it (as long as a guest's
 *   page is pinned more than once, its other pins may be the reason);
 * - a page is freed or unpinned, and no INVEPT covers the last use of a context
 *   that mapped it.  That includes roots, so it also holds for EPTPs;
 * - a page in a context was replaced by another, as instances with full trust
 *   do with EPTP lists, and the context is bound before an INVEPT covers that;
 * - a window is opened before an INVEPT covers its being closed: its translation
 *   in the gate may have been for the other privilege level;
 * - anything is left when the module is unloaded.
 *
 * What was not present before needs no INVEPT: such translations are not
 * cached.  The APT's unused entries are present, but lead to an address that no
 * EPT maps, and what ends in an EPT violation is not cached either.
 *
 * Context: what hooks call (use, unuse, gone) is one atomic operation, all else
 * may sleep.  Memory: some 40 bytes a page that the module holds.
 */
#ifndef ELISA_LEDGER_H
#define ELISA_LEDGER_H

#include <linux/types.h>

#include <elisa/layout.h>

#include "ept.h"

#ifdef ELISA_DEBUG

/**
 * struct elisa_ledger_context - of an instance or a vCPU
 * @until: when it was in use last, 0 never, U64_MAX it is
 * @changed: when a page in it was replaced
 * @linked: its pages are in the books
 */
struct elisa_ledger_context {
	u64 until, changed;
	bool linked;
};

/**
 * struct elisa_ledger_vm - of a VM
 * @closed: by window, when it was closed last
 * @gone: when it was destroyed
 */
struct elisa_ledger_vm {
	u64 closed[ELISA_WINDOWS];
	u64 gone;
};

void elisa_ledger_hold(u64 pa);
void elisa_ledger_drop(u64 pa);
void elisa_ledger_link(struct elisa_ledger_context *ctx,
		       const struct elisa_ept *ept);
void elisa_ledger_unlink(struct elisa_ledger_context *ctx,
			 const struct elisa_ept *ept,
			 const struct elisa_ledger_vm *vm);
void elisa_ledger_map(u64 pa, const char *what);
void elisa_ledger_replace(struct elisa_ledger_context *ctx, u64 old, u64 new,
			  const char *what);
void elisa_ledger_use(struct elisa_ledger_context *ctx);
void elisa_ledger_unuse(struct elisa_ledger_context *ctx);
void elisa_ledger_gone(struct elisa_ledger_vm *vm);
void elisa_ledger_window_open(const struct elisa_ledger_vm *vm,
			      unsigned int slot);
void elisa_ledger_window_close(struct elisa_ledger_vm *vm, unsigned int slot);
u64 elisa_ledger_invept_begin(void);
void elisa_ledger_invept_here(u64 began);
void elisa_ledger_invept_end(u64 began);
unsigned int elisa_ledger_pages(void);
void elisa_ledger_exit(void);

#else

struct elisa_ledger_context {
};

struct elisa_ledger_vm {
};

static inline void elisa_ledger_hold(u64 pa)
{
}

static inline void elisa_ledger_drop(u64 pa)
{
}

static inline void elisa_ledger_link(struct elisa_ledger_context *ctx,
				     const struct elisa_ept *ept)
{
}

static inline void elisa_ledger_unlink(struct elisa_ledger_context *ctx,
				       const struct elisa_ept *ept,
				       const struct elisa_ledger_vm *vm)
{
}

static inline void elisa_ledger_map(u64 pa, const char *what)
{
}

static inline void elisa_ledger_replace(struct elisa_ledger_context *ctx,
					u64 old, u64 new, const char *what)
{
}

static inline void elisa_ledger_use(struct elisa_ledger_context *ctx)
{
}

static inline void elisa_ledger_unuse(struct elisa_ledger_context *ctx)
{
}

static inline void elisa_ledger_gone(struct elisa_ledger_vm *vm)
{
}

static inline void elisa_ledger_window_open(const struct elisa_ledger_vm *vm,
					    unsigned int slot)
{
}

static inline void elisa_ledger_window_close(struct elisa_ledger_vm *vm,
					     unsigned int slot)
{
}

static inline u64 elisa_ledger_invept_begin(void)
{
	return 0;
}

static inline void elisa_ledger_invept_here(u64 began)
{
}

static inline void elisa_ledger_invept_end(u64 began)
{
}

static inline void elisa_ledger_exit(void)
{
}

#endif

#endif /* ELISA_LEDGER_H */
