/* SPDX-License-Identifier: LGPL-2.1-or-later OR MIT */
/*
 * Runtime of sub images: code that runs inside a sub context, on behalf of
 * VMs that call it through libelisa-guest.
 *
 *	#include <elisa/sub.h>
 *
 *	ELISA_ENTRY(add, uint64_t index, uint64_t value)
 *	{
 *		uint64_t *cell = elisa_data_at(index, 1, sizeof(*cell));
 *
 *		if (!cell)
 *			return 0;
 *		return __atomic_add_fetch(cell, value, __ATOMIC_RELAXED);
 *	}
 *
 * Build (sub.mk and elisa-guest.pc have the flags as variables):
 *
 *	gcc $(ELISA_SUB_CFLAGS) -c add.c
 *	gcc $(ELISA_SUB_LDFLAGS) -T sub.lds -o add.sub add.o
 *
 *  -ffreestanding -nostdlib	there is no C library and no kernel to call
 *  -fPIC -shared -Bsymbolic -fvisibility=hidden -fno-plt --no-undefined
 *				the loader relocates, but resolves no symbols
 *  -mgeneral-regs-only		vector registers belong to the caller: code that
 *				does not touch them neither reads nor destroys
 *				what is in them.  Leave it out where you need
 *				them, knowing that both then happen
 *  -fno-stack-protector	the canary lives in thread-local storage
 *  -fcf-protection=none	no ENDBR needed, a few bytes less
 *  -fno-asynchronous-unwind-tables, -z noexecstack, --build-id=none,
 *  -z max-page-size=4096	nothing in the image that nobody uses
 *
 * $(ELISA_SUB_HARDEN), or "pkg-config --variable=sub_harden elisa-guest", are
 * flags (gcc 12 or later) for code that handles secrets: its callers share
 * caches and branch predictors with it.
 *
 * What an entry point finds:
 *
 *  - up to six arguments in registers, chosen by the caller: do not trust them;
 *  - a stack of 16 KiB, private to the call, with leftovers of earlier calls;
 *  - the export's shared data at elisa_data(), which other calls use at the
 *    same time, on other CPUs and from other VMs;
 *  - the caller's exchange buffer at elisa_xbuf(): the caller's other threads
 *    can change it at any moment, so read each value once, into a local
 *    variable, then check it, then use it; <elisa/xptr.h> has what does that;
 *  - elisa_info(): who calls and with which rights, told by the host;
 *  - .data and .bss of the image: shared by all calls, like elisa_data().
 *
 * A call can be interrupted anywhere, for any time, and continue on another
 * CPU.  It can also never continue, when its VM is killed.  Anything that
 * faults (an unmapped address, an undefined instruction, a software interrupt,
 * a system call) ends the call; its caller gets -EFAULT.
 *
 * Images may not contain the instructions VMFUNC, WRPKRU, XRSTOR*, WRFSBASE,
 * WRGSBASE or those of AMX at any byte offset of their executable pages.
 */
#ifndef _ELISA_SUB_H
#define _ELISA_SUB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <elisa/assert.h>
#include <elisa/context.h>
#include <elisa/entry.h>
#include <elisa/string.h>

#if defined(ELISA_SUB_TEST) || defined(ELISA_SUB_CONTEXT)
#include <elisa/test_image.h>
#else
#define _ELISA_ENTRY_SECTION(fn) ".elisa_entries." #fn
#endif

/**
 * ELISA_ENTRY() - define an entry point
 * @fn: its name, a C identifier of at most 31 characters; the name that
 *	elisa_lookup() finds
 * @...: its parameters, at most six of type uint64_t, or void
 *
 * The function returns uint64_t.
 */
#define ELISA_ENTRY(fn, ...)             \
	static uint64_t fn(__VA_ARGS__); \
	ELISA_ENTRY_FOR(fn);             \
	static uint64_t fn(__VA_ARGS__)

/**
 * ELISA_ENTRY_FOR() - make a function that is declared already an entry point
 * @fn: its name, as for ELISA_ENTRY()
 */
#define ELISA_ENTRY_FOR(fn)                                               \
	_Static_assert(sizeof(#fn) <= ELISA_NAME_SIZE,                    \
		       "the name of an entry has at most 31 characters"); \
	static const struct elisa_entry_record _elisa_entry_##fn          \
		__attribute__((used, aligned(8),                          \
			       section(_ELISA_ENTRY_SECTION(fn)))) = {    \
			.name = #fn,                                      \
			.address = (uint64_t)&fn,                         \
		}

/**
 * elisa_range_ok() - check a range that somebody else chose
 * @offset: first byte
 * @len: number of bytes
 * @size: bytes of the object that the range must lie in
 *
 * Return: true if [@offset, @offset + @len) lies in [0, @size); no values
 * make the sum wrap.
 */
static inline bool elisa_range_ok(uint64_t offset, uint64_t len, uint64_t size)
{
	return len <= size && offset <= size - len;
}

/**
 * elisa_xbuf_range() - a checked pointer to a part of the exchange buffer
 * @offset: its first byte
 * @len: its bytes, may be 0
 *
 * Return: the pointer, or NULL if the buffer does not have that range.
 */
static inline void *elisa_xbuf_range(uint64_t offset, uint64_t len)
{
	if (!elisa_range_ok(offset, len, elisa_xbuf_size()))
		return NULL;
	return (char *)elisa_xbuf() + offset;
}

/**
 * elisa_data_at() - a checked pointer into an array in the shared data
 * @index: number of the first element
 * @count: number of elements
 * @size: bytes of one element, 1..4096
 *
 * Return: the pointer, or NULL if the array does not have these elements.
 */
static inline void *elisa_data_at(uint64_t index, uint64_t count, size_t size)
{
	if (!elisa_range_ok(index, count, elisa_data_size() / size))
		return NULL;
	return (char *)elisa_data() + index * size;
}

/** elisa_pause() - tell the CPU that this is a waiting loop */
static inline void elisa_pause(void)
{
	__builtin_ia32_pause();
}

/**
 * struct elisa_spinlock - a plain spinlock in the shared data
 * @held: 0 if it is free
 *
 * Zeroed memory is a free lock.  It is not robust: when the VM of the holder
 * is killed, or the holder faults, it stays held for ever.  And a holder can
 * be interrupted for long.  So do not wait without a limit: use
 * elisa_spin_lock_tries() and let the caller try again; or struct elisa_mutex,
 * which recovers from dead owners.
 */
struct elisa_spinlock {
	uint32_t held;
};

/** elisa_spin_trylock() - take a lock if it is free; true if taken */
static inline bool elisa_spin_trylock(struct elisa_spinlock *lock)
{
	return !__atomic_exchange_n(&lock->held, 1, __ATOMIC_ACQUIRE);
}

/**
 * elisa_spin_lock_tries() - take a lock, waiting for a limited time
 * @lock: the lock
 * @tries: how often to look, with a PAUSE between two looks; at least 1
 *
 * Return: true if the lock was taken.
 */
static inline bool elisa_spin_lock_tries(struct elisa_spinlock *lock,
					 unsigned int tries)
{
	while (!elisa_spin_trylock(lock)) {
		do {
			if (!--tries)
				return false;
			elisa_pause();
		} while (__atomic_load_n(&lock->held, __ATOMIC_RELAXED));
	}
	return true;
}

/** elisa_spin_unlock() - release a lock */
static inline void elisa_spin_unlock(struct elisa_spinlock *lock)
{
	__atomic_store_n(&lock->held, 0, __ATOMIC_RELEASE);
}

/** elisa_can_write() - may this call write the shared data? */
static inline bool elisa_can_write(void)
{
	return elisa_info()->rights & ELISA_RIGHT_WRITE;
}

/**
 * elisa_section_begin() - a short critical section begins
 *
 * An interrupt of the host that comes in it may be put off until its end, if
 * the host's policy has a limit for that (section-us) and it is not above it.
 * struct elisa_mutex does this by itself.  Sections nest.
 */
static inline void elisa_section_begin(void)
{
	_elisa_control()->depth++;
}

/**
 * elisa_section_end() - it ends, and what was put off takes place
 *
 * To be called after the lock was released.
 */
static inline void elisa_section_end(void)
{
	volatile struct elisa_sub_control *control = _elisa_control();

	if (!--control->depth && __builtin_expect(control->wanted, 0)) {
		control->wanted = 0;
		/* For nobody: an exit, at which the host takes the CPU. */
		elisa_wait_for(0, false);
	}
}

#include <elisa/mutex.h>
#include <elisa/xptr.h>

#endif /* _ELISA_SUB_H */
