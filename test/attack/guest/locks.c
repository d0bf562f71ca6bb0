// SPDX-License-Identifier: GPL-2.0-only
/* See locks.h. */
#include "locks.h"

void locks_attach(struct locks *l, const char *name, int cpl)
{
	static const char *const names[LOCKS_ENTRY_COUNT] = {
		"locks_add",	   "locks_add_spin", "locks_hold",
		"locks_no_repair", "locks_try",	     "locks_unlock",
		"locks_self",	   "locks_owner_at", "locks_get",
		"locks_set",	   "locks_vmcall",   "locks_peek",
		"locks_poke",	   "locks_hog",	     "locks_asked",
	};
	unsigned int i;
	u64 word[4];
	s64 index;

	attach(&l->att, name, cpl, NULL, 0);
	if (l->att.err) {
		check(false, "attach to %s: %lld", name, l->att.err);
		quit();
	}
	for (i = 0; i < LOCKS_ENTRY_COUNT; i++) {
		struct hc hc = { .rdi = l->att.token };

		name_pack(word, names[i]);
		hc.rsi = word[0];
		hc.rdx = word[1];
		hc.r10 = word[2];
		hc.r8 = word[3];
		index = hypercall(ELISA_HC_ENTRY, &hc);
		if (index < 0) {
			check(false, "entry %s: %lld", names[i], index);
			quit();
		}
		l->entry[i] = index;
	}
}

struct result locks_result(const struct locks *l, enum locks_entry entry,
			   const u64 args[6])
{
	return elisa_call(&l->att, l->entry[entry], args);
}

u64 locks_value(const struct locks *l, enum locks_entry entry,
		const u64 args[6])
{
	struct result r = locks_result(l, entry, args);

	expect(!r.status, "call of entry %u: status %lld, %llx", entry,
	       r.status, r.value);
	return r.value;
}

u64 locks_suspend(const struct locks *l)
{
	struct regs in = {
		.rdi = LOCKS_SPIN,
		.r11 = l->entry[LOCKS_ENTRY_hold],
		.rsp = random() & ~15ULL,
	};
	u64 holders = locks_call(l, get, LOCKS_HOLDERS);
	struct outcome out;
	u64 handle;

	locks_call(l, set, LOCKS_GO, 0);
	storm_start(1000000, 2000000);
	enter(l->att.window, 0, &in, l->att.cpl, &out);
	storm_stop();
	handle = out.how == HOW_AEP ? out.trap.regs.rdi : 0;
	expect(handle, "a call in its section is suspended: %s",
	       how_name[out.how]);
	expect(locks_call(l, get, LOCKS_HOLDERS) == holders + 1,
	       "and holds the lock");
	return handle;
}

bool locks_finish(const struct locks *l, u64 handle)
{
	struct outcome out;

	locks_call(l, set, LOCKS_GO, 1);
	steps_finish(handle, l->att.cpl, &out);
	return out.how == HOW_RETURN && !out.trap.regs.rax &&
	       !out.trap.regs.rdx;
}
