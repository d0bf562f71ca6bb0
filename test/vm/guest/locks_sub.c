// SPDX-License-Identifier: GPL-2.0-only
/*
 * A sub image that uses the robust locks in all ways, good and bad.  For
 * test/attack/guest/attack_locks.c and attack_contention.c.
 */
#include <elisa/sub.h>

#include "locks.h"

struct shared {
	struct elisa_mutex mutex;
	struct elisa_spinlock spin;
	uint64_t go;	  /* ends LOCKS_HOLD */
	uint64_t holders; /* calls that have come into LOCKS_HOLD's loop */
	uint64_t a, b;	  /* equal outside a section */
	uint64_t wrong;	  /* sections that found them different */
	uint64_t died;	  /* owners whose death was seen */
};

static struct shared *shared(void)
{
	return elisa_data();
}

static void work(uint64_t rounds)
{
	while (rounds--)
		__asm__ volatile("");
}

/* What every section does; a call that dies in it leaves a and b different. */
static void section(struct shared *s, uint64_t rounds)
{
	if (s->a != s->b)
		s->wrong++;
	s->a++;
	work(rounds);
	s->b++;
}

static int lock_and_repair(struct shared *s)
{
	int err = elisa_mutex_lock(&s->mutex);

	if (err == -EOWNERDEAD) {
		s->died++;
		s->b = s->a;
		elisa_mutex_consistent(&s->mutex);
	}
	return err;
}

/* One section of @rounds; what elisa_mutex_lock() said. */
ELISA_ENTRY(locks_add, uint64_t rounds)
{
	struct shared *s = shared();
	int err = lock_and_repair(s);

	if (err && err != -EOWNERDEAD)
		return (uint64_t)(int64_t)err;
	section(s, rounds);
	elisa_mutex_unlock(&s->mutex);
	return (uint64_t)(int64_t)err;
}

/* The same with a lock whose waiters spin and do nothing else. */
ELISA_ENTRY(locks_add_spin, uint64_t rounds)
{
	struct shared *s = shared();

	while (!elisa_spin_lock_tries(&s->spin, 1U << 30))
		;
	elisa_section_begin();
	section(s, rounds);
	elisa_spin_unlock(&s->spin);
	elisa_section_end();
	return 0;
}

/* Take the lock and end in the section, as @how says. */
ELISA_ENTRY(locks_hold, uint64_t how)
{
	struct shared *s = shared();
	int err = lock_and_repair(s);

	if (err && err != -EOWNERDEAD)
		return (uint64_t)(int64_t)err;
	s->a++;
	switch (how) {
	case LOCKS_SPIN:
		__atomic_add_fetch(&s->holders, 1, __ATOMIC_RELAXED);
		while (!__atomic_load_n(&s->go, __ATOMIC_RELAXED))
			elisa_pause();
		break;
	case LOCKS_FAULT:
		__builtin_trap();
	case LOCKS_KEEP:
		return (uint64_t)(int64_t)err;
	}
	s->b++;
	elisa_mutex_unlock(&s->mutex);
	return (uint64_t)(int64_t)err;
}

/* Take it and leave it inconsistent, if that is what it is. */
ELISA_ENTRY(locks_no_repair, void)
{
	int err = elisa_mutex_lock(&shared()->mutex);

	if (!err || err == -EOWNERDEAD)
		elisa_mutex_unlock(&shared()->mutex);
	return (uint64_t)(int64_t)err;
}

ELISA_ENTRY(locks_try, void)
{
	int err = elisa_mutex_trylock(&shared()->mutex);

	if (!err || err == -EOWNERDEAD) {
		elisa_mutex_consistent(&shared()->mutex);
		elisa_mutex_unlock(&shared()->mutex);
	}
	return (uint64_t)(int64_t)err;
}

ELISA_ENTRY(locks_unlock, void)
{
	return (uint64_t)(int64_t)elisa_mutex_unlock(&shared()->mutex);
}

ELISA_ENTRY(locks_self, void)
{
	return elisa_self();
}

ELISA_ENTRY(locks_owner_at, uint64_t slot)
{
	return elisa_owner_at(slot % ELISA_OWNER_SLOTS);
}

/* A field of struct shared, by its number. */
ELISA_ENTRY(locks_get, uint64_t field)
{
	return ((uint64_t *)shared())[field % 512];
}

ELISA_ENTRY(locks_set, uint64_t field, uint64_t value)
{
	__atomic_store_n((uint64_t *)shared() + field % 512, value,
			 __ATOMIC_RELAXED);
	return 0;
}

/* VMCALL with these in RAX, RDI and RSI, so often; the last RAX. */
ELISA_ENTRY(locks_vmcall, uint64_t rax, uint64_t rdi, uint64_t rsi,
	    uint64_t times)
{
	uint64_t result = 0;

	while (times--) {
		result = rax;
		__asm__ volatile("vmcall"
				 : "+a"(result)
				 : "D"(rdi), "S"(rsi)
				 : "memory", "cc");
	}
	return result;
}

/*
 * Claim to be in a section, or not, for so many rounds; what the host has put
 * off does not take place.  Returned: the longest time from when it did so to
 * the next exit, in ticks, or 0; to a later one if it does so again at once.
 * Time that passes between two looks was spent elsewhere.
 */
ELISA_ENTRY(locks_hog, uint64_t depth, uint64_t rounds)
{
	volatile struct elisa_sub_control *control = _elisa_control();
	uint64_t now, last = __builtin_ia32_rdtsc(), begin = 0, longest = 0;

	/* What an earlier call here has not seen. */
	control->wanted = 0;
	for (; rounds; rounds--) {
		control->depth = (uint32_t)depth;
		now = __builtin_ia32_rdtsc();
		if (begin && now - last > 500) {
			if (last - begin >= longest)
				longest = last - begin + 1;
			/* Put off again, and no time for anybody else? */
			if (!control->wanted || now - last > 20000)
				begin = 0;
		}
		if (control->wanted) {
			control->wanted = 0;
			if (!begin)
				begin = now;
		}
		last = now;
	}
	control->depth = 0;
	return longest;
}

/*
 * As if the host had put something off; then until it has interrupted, so many
 * rounds at most.  Is `wanted` still set?  2: there was no interruption.
 */
ELISA_ENTRY(locks_asked, uint64_t rounds)
{
	volatile struct elisa_sub_control *control = _elisa_control();
	uint64_t now, last = __builtin_ia32_rdtsc(), wanted = 2;

	control->wanted = 1;
	for (; rounds; rounds--) {
		now = __builtin_ia32_rdtsc();
		if (now - last > 500) {
			wanted = control->wanted;
			break;
		}
		last = now;
	}
	control->wanted = 0;
	return wanted;
}

/* Any address. */
ELISA_ENTRY(locks_peek, const volatile uint64_t *from)
{
	return *from;
}

ELISA_ENTRY(locks_poke, volatile uint64_t *to, uint64_t value)
{
	*to = value;
	return 0;
}
