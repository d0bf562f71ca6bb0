/* SPDX-License-Identifier: LGPL-2.1-or-later OR MIT */
/*
 * What a call finds in its sub context, and its only way out of it but the
 * return.  Part of <elisa/sub.h>.
 *
 * All of it lies at fixed addresses, see <elisa/layout.h>.  In an image that is
 * built for tests (<elisa/sub_test.h>) it is an ordinary process's memory.  So it
 * is where ELISA_SUB_CONTEXT is defined: the name of a header that has the
 * functions below itself, for the same code outside of a sub context.
 */
#ifndef _ELISA_CONTEXT_H
#define _ELISA_CONTEXT_H

#include <stdbool.h>
#include <stdint.h>

#include <elisa/hypercall.h>
#include <elisa/layout.h>
#include <elisa/nospec.h>

#ifdef ELISA_SUB_TEST
#include <elisa/test_context.h>
#elif defined(ELISA_SUB_CONTEXT)
#include ELISA_SUB_CONTEXT
#else
/**
 * elisa_info() - facts about the call, from the host
 *
 * Return: a page that export code and callers can only read; constant during
 * a call, different in other attachments.
 */
static inline const struct elisa_sub_info *elisa_info(void)
{
	return (const struct elisa_sub_info *)ELISA_SUB_INFO;
}

/** elisa_data() - start of the shared data; elisa_data_size() bytes */
static inline void *elisa_data(void)
{
	return (void *)ELISA_SUB_DATA;
}

/** elisa_xbuf() - start of the caller's exchange buffer */
static inline void *elisa_xbuf(void)
{
	return (void *)ELISA_SUB_XBUF;
}

/** elisa_self() - identity of this call as the owner of locks */
static inline uint64_t elisa_self(void)
{
	return ((const struct elisa_sub_self *)ELISA_SUB_SELF)->id;
}

/** elisa_owner_at() - identity that is in force at a slot, or 0 */
static inline uint64_t elisa_owner_at(unsigned int slot)
{
	/* Pairs with the host's store: we see what a dead owner has stored. */
	return __atomic_load_n((const uint64_t *)ELISA_SUB_LIVENESS + slot,
			       __ATOMIC_ACQUIRE);
}

/**
 * elisa_wait_for() - let the owner of a lock run
 * @owner: its identity
 * @again: this call has waited for the same lock before
 *
 * It is an exit to the host, so spin for a while first.
 */
static inline void elisa_wait_for(uint64_t owner, bool again)
{
	uint64_t rax = ELISA_SUB_HC_WAIT;

	__asm__ volatile("vmcall"
			 : "+a"(rax)
			 : "D"(owner), "S"((uint64_t)again)
			 : "memory", "cc");
}

static inline volatile struct elisa_sub_control *_elisa_control(void)
{
	return (volatile struct elisa_sub_control *)ELISA_SUB_CONTROL;
}

static inline uint64_t _elisa_entry_table(uint64_t index)
{
	return ((const uint64_t *)ELISA_SUB_ENTRIES)[index];
}

/**
 * elisa_test_point() - here a call may die, in tests
 *
 * A call can end anywhere.  After each store to the shared data stands one of
 * these, so that elisa_test_die_after() can try all of them.  In images it is
 * nothing.
 */
static inline void elisa_test_point(void)
{
}
#endif

/**
 * elisa_entry_address() - address of an entry point of this image
 * @index: its number, as elisa_lookup() finds it; or anything else
 *
 * Return: the address, or 0 if there is no such entry point.
 */
static inline uint64_t elisa_entry_address(uint64_t index)
{
	if (index >= ELISA_ENTRIES_MAX)
		return 0;
	return _elisa_entry_table(elisa_nospec(index, ELISA_ENTRIES_MAX));
}

/** elisa_data_size() - bytes of shared data, a multiple of 4096, maybe 0 */
static inline uint64_t elisa_data_size(void)
{
	return elisa_info()->data_size;
}

/** elisa_xbuf_size() - bytes of exchange buffer, 0 if the caller has none */
static inline uint64_t elisa_xbuf_size(void)
{
	return elisa_info()->xbuf_size;
}

#endif /* _ELISA_CONTEXT_H */
