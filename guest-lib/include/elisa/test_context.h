/* SPDX-License-Identifier: LGPL-2.1-or-later OR MIT */
/*
 * The counterpart of <elisa/context.h> in images that are built for tests, with
 * ELISA_SUB_TEST defined; included from there.  The functions that are only
 * declared come from the test program, see <elisa/sub_test.h>.
 */
#ifndef _ELISA_TEST_CONTEXT_H
#define _ELISA_TEST_CONTEXT_H

#include <stdbool.h>
#include <stdint.h>

#include <elisa/layout.h>

/**
 * struct elisa_test_context - what the fixed addresses of a sub context hold
 * @info: facts about the caller
 * @self: the call's identity
 * @control: critical sections
 * @liveness: ELISA_OWNER_SLOTS identities that are in force
 * @entries: ELISA_ENTRIES_MAX addresses of entry points, 0 where there is none
 * @data: the shared data; at another address for callers that may only read
 * @xbuf: the exchange buffer
 */
struct elisa_test_context {
	struct elisa_sub_info info;
	struct elisa_sub_self self;
	struct elisa_sub_control control;
	const uint64_t *liveness;
	const uint64_t *entries;
	void *data;
	void *xbuf;
};

/** elisa_test_context() - that of the calling thread, which is in a call */
struct elisa_test_context *elisa_test_context(void);

/** elisa_test_wait() - WAIT of the host */
void elisa_test_wait(void);

/** elisa_test_point() - see <elisa/context.h> */
void elisa_test_point(void);

/** elisa_test_fault() - end the call with -EFAULT */
void elisa_test_fault(const char *what, const char *file, int line)
	__attribute__((noreturn));

static inline const struct elisa_sub_info *elisa_info(void)
{
	return &elisa_test_context()->info;
}

static inline void *elisa_data(void)
{
	return elisa_test_context()->data;
}

static inline void *elisa_xbuf(void)
{
	return elisa_test_context()->xbuf;
}

static inline uint64_t elisa_self(void)
{
	return elisa_test_context()->self.id;
}

static inline uint64_t elisa_owner_at(unsigned int slot)
{
	return __atomic_load_n(&elisa_test_context()->liveness[slot],
			       __ATOMIC_ACQUIRE);
}

static inline void elisa_wait_for(uint64_t owner, bool again)
{
	(void)owner;
	(void)again;
	elisa_test_wait();
}

static inline volatile struct elisa_sub_control *_elisa_control(void)
{
	return &elisa_test_context()->control;
}

static inline uint64_t _elisa_entry_table(uint64_t index)
{
	return elisa_test_context()->entries[index];
}

#endif /* _ELISA_TEST_CONTEXT_H */
