/* SPDX-License-Identifier: MIT */
/*
 * What the code of an image finds when it is a part of the program that calls
 * it: memory of this process, instead of a sub context.  The code is compiled
 * with -DELISA_SUB_CONTEXT='"direct_context.h"' and included by no program;
 * programs use direct.h.
 */
#ifndef DIRECT_CONTEXT_H
#define DIRECT_CONTEXT_H

#include <stdbool.h>
#include <stdint.h>

#include <elisa/layout.h>

/**
 * struct direct_context - the thread's connection to the shared data
 * @info: as in a sub context; the calling "VM" is number 0
 * @self: identity as an owner of locks
 * @control: critical sections; nobody looks
 * @liveness: identities that are in force, in the shared memory; NULL if the
 *	thread is not connected
 * @data: the shared data
 * @xbuf: the exchange buffer: private memory of the thread
 * @mapping: the shared memory as it was mapped; NULL if it is the caller's
 * @mapped: its bytes
 * @fd: of the file, its lock on a byte tells others that we live; or -1
 */
struct direct_context {
	struct elisa_sub_info info;
	struct elisa_sub_self self;
	struct elisa_sub_control control;
	uint64_t *liveness;
	void *data;
	void *xbuf;
	void *mapping;
	uint64_t mapped;
	int fd;
};

extern _Thread_local struct direct_context direct_context;
extern uint64_t direct_entries[ELISA_ENTRIES_MAX];

/* Lets the owner of a lock run; finds out whether it lives. */
void direct_wait(uint64_t owner);

static inline const struct elisa_sub_info *elisa_info(void)
{
	return &direct_context.info;
}

static inline void *elisa_data(void)
{
	return direct_context.data;
}

static inline void *elisa_xbuf(void)
{
	return direct_context.xbuf;
}

static inline uint64_t elisa_self(void)
{
	return direct_context.self.id;
}

static inline uint64_t elisa_owner_at(unsigned int slot)
{
	return __atomic_load_n(&direct_context.liveness[slot],
			       __ATOMIC_ACQUIRE);
}

static inline void elisa_wait_for(uint64_t owner, bool again)
{
	(void)again;
	direct_wait(owner);
}

static inline volatile struct elisa_sub_control *_elisa_control(void)
{
	return &direct_context.control;
}

static inline uint64_t _elisa_entry_table(uint64_t index)
{
	return direct_entries[index];
}

static inline void elisa_test_point(void)
{
}

#endif /* DIRECT_CONTEXT_H */
