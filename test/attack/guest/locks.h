/* SPDX-License-Identifier: GPL-2.0-only */
/* Calls of test/vm/guest/locks_sub.c. */
#ifndef ATTACK_LOCKS_H
#define ATTACK_LOCKS_H

#include "steps.h"
#include "../../vm/guest/locks.h"

#define EROFS		30
#define EPERM		1
#define EOWNERDEAD	130
#define ENOTRECOVERABLE 131

enum locks_entry {
	LOCKS_ENTRY_add,
	LOCKS_ENTRY_add_spin,
	LOCKS_ENTRY_hold,
	LOCKS_ENTRY_no_repair,
	LOCKS_ENTRY_try,
	LOCKS_ENTRY_unlock,
	LOCKS_ENTRY_self,
	LOCKS_ENTRY_owner_at,
	LOCKS_ENTRY_get,
	LOCKS_ENTRY_set,
	LOCKS_ENTRY_vmcall,
	LOCKS_ENTRY_peek,
	LOCKS_ENTRY_poke,
	LOCKS_ENTRY_hog,
	LOCKS_ENTRY_asked,
	LOCKS_ENTRY_COUNT,
};

struct locks {
	struct att att;
	u64 entry[LOCKS_ENTRY_COUNT];
};

/* Attach to export @name at @cpl and look its entries up; else quit. */
void locks_attach(struct locks *l, const char *name, int cpl);

struct result locks_result(const struct locks *l, enum locks_entry entry,
			   const u64 args[6]);
/* RDX of a call that must return. */
u64 locks_value(const struct locks *l, enum locks_entry entry,
		const u64 args[6]);
#define locks_call(l, name, ...) \
	locks_value(l, LOCKS_ENTRY_##name, ARGS(__VA_ARGS__))

/* Take the lock and stop in the section: handle of the suspended call, or 0. */
u64 locks_suspend(const struct locks *l);
/* Let that call go on to its end; true if it returned 0. */
bool locks_finish(const struct locks *l, u64 handle);

#endif /* ATTACK_LOCKS_H */
