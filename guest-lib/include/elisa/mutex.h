/* SPDX-License-Identifier: LGPL-2.1-or-later OR MIT */
/*
 * Locks in the shared data that survive the death of their owners.  Part of
 * <elisa/sub.h>, which is what code of an image includes.
 *
 * An owner is a call.  It can end in the middle of a critical section: its VM
 * is killed, it faults, its guest ABORTs it or never resumes it, it is revoked.
 * A lock holds the identity of its owner, which the host lets everybody compare
 * with those of the calls that are alive (see <elisa/layout.h>):
 *
 *	int err = elisa_mutex_lock(&shared->lock);
 *
 *	if (err == -EOWNERDEAD) {
 *		repair(shared);
 *		elisa_mutex_consistent(&shared->lock);
 *	} else if (err) {
 *		return err;
 *	}
 *	...
 *	elisa_mutex_unlock(&shared->lock);
 *
 * A section should be short: the call can be interrupted in it, for any time.
 * A waiter spins for a while and then asks the host to let the owner run.  One
 * that is suspended for longer than the host's policy allows, while somebody
 * waits, is aborted; its own VM hears -ENOLINK, the waiter -EOWNERDEAD.
 *
 * What is stored in the section of a call that dies stays as it is, up to a
 * store that was the last.  Write data so that it can be repaired from any
 * point: a sequence number or a copy before the change, for example.
 *
 * The locks are fair to nobody and not recursive: a call that locks a mutex
 * twice gets -EOWNERDEAD, as after an earlier call in the same place that has
 * returned without unlocking.  Other calls wait for one that has returned so
 * until its place is used again for something else: always unlock.
 *
 * The words lie in memory that the export's manager can write, too.  Whatever
 * stands in one can make a caller wait or believe in a death, never more.
 */
#ifndef _ELISA_MUTEX_H
#define _ELISA_MUTEX_H

#ifndef _ELISA_SUB_H
#error "include <elisa/sub.h>"
#endif

#include <linux/errno.h>

/* How often a waiter looks, with a PAUSE each time, before it asks the host. */
#ifndef ELISA_MUTEX_SPINS
#define ELISA_MUTEX_SPINS 256
#endif

/**
 * struct elisa_mutex - a robust lock in the shared data
 * @word: 0: free; identity of the owner, with ELISA_OWNER_DIED while the data
 *	is not declared consistent after a death; or _ELISA_MUTEX_LOST
 *
 * Zeroed memory is a free lock.  It may lie at any address that is a multiple
 * of 8.
 */
struct elisa_mutex {
	uint64_t word;
};

#define _ELISA_MUTEX_LOST (~0ULL)

/* Can a call other than this one (@self) be the owner that @word names? */
static inline bool _elisa_mutex_owner_lives(uint64_t word, uint64_t self)
{
	const uint64_t owner = word & ~(uint64_t)ELISA_OWNER_DIED;

	return owner != self &&
	       elisa_owner_at(owner & (ELISA_OWNER_SLOTS - 1)) == owner;
}

/* Take it if it is free or its owner is dead, else -EBUSY; @seen: its word. */
static inline int _elisa_mutex_try(struct elisa_mutex *mutex, uint64_t self,
				   uint64_t *seen)
{
	uint64_t word = __atomic_load_n(&mutex->word, __ATOMIC_ACQUIRE);
	uint64_t want = self;
	int taken = 0;

	*seen = word;
	if (__builtin_expect(!!word, 0)) {
		if (word == _ELISA_MUTEX_LOST)
			return -ENOTRECOVERABLE;
		if (_elisa_mutex_owner_lives(word, self))
			return -EBUSY;
		want |= ELISA_OWNER_DIED;
		taken = -EOWNERDEAD;
	}
	/*
	 * An identity is never used twice, so a dead owner's word can change
	 * by somebody's taking the lock only.
	 */
	if (__atomic_compare_exchange_n(&mutex->word, &word, want, false,
					__ATOMIC_ACQUIRE, __ATOMIC_RELAXED)) {
		elisa_section_begin();
		return taken;
	}
	*seen = word;
	return -EBUSY;
}

/**
 * elisa_mutex_trylock() - take a lock if it can be had at once
 * @mutex: the lock
 *
 * Return: as elisa_mutex_lock(), or -EBUSY.
 */
static inline int elisa_mutex_trylock(struct elisa_mutex *mutex)
{
	uint64_t seen;

	if (!elisa_can_write())
		return -EROFS;
	return _elisa_mutex_try(mutex, elisa_self(), &seen);
}

/**
 * elisa_mutex_lock() - take a lock, waiting as long as its owner lives
 * @mutex: the lock
 *
 * Return: 0; -EOWNERDEAD the lock is taken, and its previous owner has died:
 * what it protects may be inconsistent, see elisa_mutex_consistent();
 * -ENOTRECOVERABLE it never was made consistent; -EROFS the caller's VM may
 * only read the shared data.  Not taken with the last two.
 */
static inline int elisa_mutex_lock(struct elisa_mutex *mutex)
{
	const uint64_t self = elisa_self();
	unsigned int spins = ELISA_MUTEX_SPINS;
	bool waited = false;
	uint64_t seen;
	int err;

	if (!elisa_can_write())
		return -EROFS;
	while ((err = _elisa_mutex_try(mutex, self, &seen)) == -EBUSY) {
		elisa_pause();
		/* Free, or taken by somebody while we looked: look again. */
		if (!seen || --spins)
			continue;
		elisa_wait_for(seen, waited);
		waited = true;
		spins = ELISA_MUTEX_SPINS;
	}
	return err;
}

/**
 * elisa_mutex_consistent() - what the lock protects is in order again
 * @mutex: a lock that this call has taken with -EOWNERDEAD
 *
 * Return: 0, or -EINVAL if it is no such lock.
 */
static inline int elisa_mutex_consistent(struct elisa_mutex *mutex)
{
	const uint64_t self = elisa_self();

	if (__atomic_load_n(&mutex->word, __ATOMIC_RELAXED) !=
	    (self | ELISA_OWNER_DIED))
		return -EINVAL;
	/* Its word is its owner's alone.  If we die now, all is in order. */
	__atomic_store_n(&mutex->word, self, __ATOMIC_RELEASE);
	return 0;
}

/**
 * elisa_mutex_unlock() - release a lock
 * @mutex: a lock that this call has taken
 *
 * Taken with -EOWNERDEAD and not declared consistent since, it is lost: from
 * now on everybody gets -ENOTRECOVERABLE, until the memory is zeroed.
 *
 * Return: 0, or -EPERM if this call does not own it.
 */
static inline int elisa_mutex_unlock(struct elisa_mutex *mutex)
{
	const uint64_t word = __atomic_load_n(&mutex->word, __ATOMIC_RELAXED);
	const uint64_t self = elisa_self();
	uint64_t left = 0;

	if (__builtin_expect(word != self, 0)) {
		if (word != (self | ELISA_OWNER_DIED))
			return -EPERM;
		left = _ELISA_MUTEX_LOST;
	}
	__atomic_store_n(&mutex->word, left, __ATOMIC_RELEASE);
	elisa_section_end();
	return 0;
}

#endif /* _ELISA_MUTEX_H */
