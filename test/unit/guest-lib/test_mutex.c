// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/*
 * The robust locks of <elisa/mutex.h>, with threads for calls and a table for
 * the host's liveness pages.  Built twice: with ASan and with TSan.
 *
 * A call dies by leaving its function in the middle (longjmp), after which its
 * identity is renewed, as the module does it.
 */
#define _ELISA_SUB_H /* what it has for mutex.h follows */
#include <elisa/layout.h>

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static uint64_t liveness[ELISA_OWNER_SLOTS];
static uint64_t generation;
static _Thread_local uint64_t self;
static _Thread_local bool read_only;
static _Thread_local unsigned int waits, first_waits;
static _Thread_local uint64_t waited_for;

static bool elisa_can_write(void)
{
	return !read_only;
}

static uint64_t elisa_self(void)
{
	return self;
}

static uint64_t elisa_owner_at(unsigned int slot)
{
	assert_true(slot < ELISA_OWNER_SLOTS);
	return __atomic_load_n(&liveness[slot], __ATOMIC_ACQUIRE);
}

static void elisa_pause(void)
{
	__builtin_ia32_pause();
}

static _Thread_local void (*on_wait)(void);

static void elisa_wait_for(uint64_t owner, bool again)
{
	waits++;
	first_waits += !again;
	waited_for = owner;
	if (on_wait)
		on_wait();
	else
		sched_yield();
}

/* Sections of this thread; a lock that is taken is one. */
static _Thread_local unsigned int depth;

static void elisa_section_begin(void)
{
	depth++;
}

static void elisa_section_end(void)
{
	depth--;
}

#include <elisa/mutex.h>

/* As elisa_liveness_renew(). */
static uint64_t renew(unsigned int slot)
{
	uint64_t g = __atomic_add_fetch(&generation, 1, __ATOMIC_RELAXED);
	uint64_t id = g << ELISA_OWNER_GENERATION_SHIFT | slot;

	__atomic_store_n(&liveness[slot], id, __ATOMIC_RELEASE);
	return id;
}

static struct elisa_mutex m;

/* Calls of this thread are in instances 0, 1, ... by turns. */
static uint64_t id[4];

static int setup(void **state)
{
	unsigned int i;

	(void)state;
	memset(liveness, 0, sizeof(liveness));
	for (i = 0; i < 4; i++)
		id[i] = renew(i);
	m.word = 0;
	self = id[0];
	read_only = false;
	depth = 0;
	waits = 0;
	first_waits = 0;
	on_wait = NULL;
	return 0;
}

static void plain(void **state)
{
	(void)state;
	assert_int_equal(elisa_mutex_lock(&m), 0);
	assert_true(m.word == id[0]);
	self = id[1];
	assert_int_equal(elisa_mutex_trylock(&m), -EBUSY);
	assert_int_equal(elisa_mutex_unlock(&m), -EPERM);
	assert_int_equal(elisa_mutex_consistent(&m), -EINVAL);
	self = id[0];
	assert_int_equal(elisa_mutex_consistent(&m), -EINVAL);
	assert_int_equal(elisa_mutex_unlock(&m), 0);
	assert_true(m.word == 0);
	assert_int_equal(elisa_mutex_unlock(&m), -EPERM);
	assert_int_equal(elisa_mutex_trylock(&m), 0);
	assert_int_equal(elisa_mutex_unlock(&m), 0);
	assert_int_equal(waits, 0);
}

/* As long as a lock is held, and no longer, the call is in a section. */
static void sections(void **state)
{
	(void)state;
	assert_int_equal(elisa_mutex_lock(&m), 0);
	assert_int_equal(depth, 1);
	self = id[1];
	assert_int_equal(elisa_mutex_trylock(&m), -EBUSY);
	assert_int_equal(elisa_mutex_unlock(&m), -EPERM);
	assert_int_equal(depth, 1);
	self = id[0];
	assert_int_equal(elisa_mutex_unlock(&m), 0);
	assert_int_equal(depth, 0);
	assert_int_equal(elisa_mutex_unlock(&m), -EPERM);
	assert_int_equal(depth, 0);
	read_only = true;
	assert_int_equal(elisa_mutex_lock(&m), -EROFS);
	assert_int_equal(depth, 0);
}

static void owner_dies(void **state)
{
	(void)state;
	assert_int_equal(elisa_mutex_lock(&m), 0);
	renew(0);
	self = id[1];
	assert_int_equal(elisa_mutex_lock(&m), -EOWNERDEAD);
	assert_true(m.word == (id[1] | ELISA_OWNER_DIED));
	/* Alive, though the word has the flag. */
	self = id[2];
	assert_int_equal(elisa_mutex_trylock(&m), -EBUSY);
	/* Dies before the repair: the next has to do it. */
	renew(1);
	assert_int_equal(elisa_mutex_trylock(&m), -EOWNERDEAD);
	assert_int_equal(elisa_mutex_consistent(&m), 0);
	assert_int_equal(elisa_mutex_unlock(&m), 0);
	assert_int_equal(elisa_mutex_lock(&m), 0);
	/* Dies after the repair of an earlier death, without one. */
	renew(2);
	self = id[3];
	assert_int_equal(elisa_mutex_lock(&m), -EOWNERDEAD);
}

static void slot_freed(void **state)
{
	(void)state;
	assert_int_equal(elisa_mutex_lock(&m), 0);
	liveness[0] = 0;
	self = id[1];
	assert_int_equal(elisa_mutex_lock(&m), -EOWNERDEAD);
}

static void own_lock(void **state)
{
	(void)state;
	assert_int_equal(elisa_mutex_lock(&m), 0);
	/* The call returns; the next one in the instance. */
	assert_int_equal(elisa_mutex_lock(&m), -EOWNERDEAD);
	assert_int_equal(elisa_mutex_lock(&m), -EOWNERDEAD);
	assert_int_equal(elisa_mutex_consistent(&m), 0);
	assert_int_equal(elisa_mutex_unlock(&m), 0);
}

static void not_repaired(void **state)
{
	(void)state;
	assert_int_equal(elisa_mutex_lock(&m), 0);
	renew(0);
	self = id[1];
	assert_int_equal(elisa_mutex_lock(&m), -EOWNERDEAD);
	assert_int_equal(elisa_mutex_unlock(&m), 0);
	assert_int_equal(elisa_mutex_lock(&m), -ENOTRECOVERABLE);
	assert_int_equal(elisa_mutex_trylock(&m), -ENOTRECOVERABLE);
	assert_int_equal(elisa_mutex_unlock(&m), -EPERM);
	self = id[2];
	assert_int_equal(elisa_mutex_lock(&m), -ENOTRECOVERABLE);
}

static void reads_only(void **state)
{
	(void)state;
	read_only = true;
	assert_int_equal(elisa_mutex_lock(&m), -EROFS);
	assert_int_equal(elisa_mutex_trylock(&m), -EROFS);
	assert_true(m.word == 0);
}

/* Whatever stands in the word, nothing outside the table is read. */
static void garbage(void **state)
{
	unsigned int i;

	(void)state;
	for (i = 0; i < 100000; i++) {
		m.word = (uint64_t)random() << 42 ^ (uint64_t)random() << 21 ^
			 (uint64_t)random();
		if (m.word == _ELISA_MUTEX_LOST || !m.word)
			continue;
		assert_int_equal(elisa_mutex_trylock(&m), -EOWNERDEAD);
	}
}

static void dies_while_we_wait(void)
{
	if (waits == 3)
		renew(0);
}

static void asks_the_host(void **state)
{
	(void)state;
	assert_int_equal(elisa_mutex_lock(&m), 0);
	self = id[1];
	on_wait = dies_while_we_wait;
	assert_int_equal(elisa_mutex_lock(&m), -EOWNERDEAD);
	assert_int_equal(waits, 3);
	assert_int_equal(first_waits, 1);
	assert_true(waited_for == id[0]);
}

/*
 * --- threads: each is a call after the other, of an instance of its own, and
 * dies in one of a few
 */

#define THREADS	 6
#define SECTIONS 20000

static struct {
	struct elisa_mutex mutex;
	uint64_t a, b; /* plain: TSan watches them */
	unsigned int deaths, repairs;
} data;

static void one_section(unsigned int slot, unsigned int *seed, jmp_buf *dies)
{
	int err = elisa_mutex_lock(&data.mutex);

	if (err == -EOWNERDEAD) {
		if (!(rand_r(seed) % 16)) {
			data.deaths++;
			longjmp(*dies, 1);
		}
		data.b = data.a;
		data.repairs++;
		assert_int_equal(elisa_mutex_consistent(&data.mutex), 0);
	} else {
		assert_int_equal(err, 0);
	}
	assert_true(data.a == data.b);
	data.a++;
	if (!(rand_r(seed) % 16)) {
		data.deaths++;
		longjmp(*dies, 1);
	}
	data.b++;
	assert_int_equal(elisa_mutex_unlock(&data.mutex), 0);
	(void)slot;
}

static void *thread(void *arg)
{
	const unsigned int slot = (unsigned int)(uintptr_t)arg;
	unsigned int seed = slot;
	volatile unsigned int i;
	jmp_buf dies;

	self = renew(slot);
	for (i = 0; i < SECTIONS; i++)
		if (!setjmp(dies))
			one_section(slot, &seed, &dies);
		else
			self = renew(slot);
	return NULL;
}

static void threads(void **state)
{
	pthread_t t[THREADS];
	uintptr_t i;

	(void)state;
	memset(&data, 0, sizeof(data));
	for (i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&t[i], NULL, thread,
						(void *)(i * 100)),
				 0);
	for (i = 0; i < THREADS; i++)
		pthread_join(t[i], NULL);
	self = id[3];
	if (elisa_mutex_lock(&data.mutex) == -EOWNERDEAD) {
		data.repairs++;
		data.b = data.a;
	}
	/* A death in a repair is repaired together with the one before. */
	assert_true(data.deaths > 100 && data.repairs <= data.deaths);
	assert_true(data.a == data.b);
	assert_true(data.a >= SECTIONS * THREADS - data.deaths &&
		    data.a <= SECTIONS * THREADS);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(plain, setup),
		cmocka_unit_test_setup(sections, setup),
		cmocka_unit_test_setup(owner_dies, setup),
		cmocka_unit_test_setup(slot_freed, setup),
		cmocka_unit_test_setup(own_lock, setup),
		cmocka_unit_test_setup(not_repaired, setup),
		cmocka_unit_test_setup(reads_only, setup),
		cmocka_unit_test_setup(garbage, setup),
		cmocka_unit_test_setup(asks_the_host, setup),
		cmocka_unit_test_setup(threads, setup),
	};

	return cmocka_run_group_tests_name("mutex", tests, NULL, NULL);
}
