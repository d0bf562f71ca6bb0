// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/*
 * <elisa/alloc.h>, in the image native/heap.c: against a model, with deaths at
 * each store, with contents that others have spoilt, and with threads.
 *
 * Built twice: with ASan and with TSan.
 */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <elisa/sub_test.h>

#include "native/heap.h"

#define SIZE (64u << 10)
#define UNIT 64

static struct elisa_test_export *exp;
static struct elisa_test_vm *vm, *other, *reader;
static struct heap_slots *slots;
static uint64_t start;

static int64_t call(struct elisa_test_vm *by, const char *name, uint64_t a0,
		    uint64_t a1, uint64_t a2)
{
	uint64_t ret;
	int err = elisa_test_call(by, name, &ret, a0, a1, a2);

	if (err == -EFAULT)
		print_error("%s\n", elisa_test_fault_text(by));
	assert_int_equal(err, 0);
	return (int64_t)ret;
}

static int setup(void **state)
{
	const unsigned int rw = ELISA_RIGHT_READ | ELISA_RIGHT_WRITE;
	char path[4096];

	(void)state;
	snprintf(path, sizeof(path), "%s/" HEAP_IMAGE, getenv("IMAGES"));
	if (elisa_test_export_open(&exp, path, SIZE) ||
	    elisa_test_attach(&vm, exp, rw, 0) ||
	    elisa_test_attach(&other, exp, rw, 0) ||
	    elisa_test_attach(&reader, exp, ELISA_RIGHT_READ, 0))
		return -1;
	slots = elisa_test_data(exp);
	start = (uint64_t)call(vm, "header", 0, 0, 0) >> 32;
	return 0;
}

static int setup_heap(void **state)
{
	return setup(state) || call(vm, "init", start, SIZE, 0);
}

static int teardown(void **state)
{
	(void)state;
	elisa_test_detach(vm);
	elisa_test_detach(other);
	elisa_test_detach(reader);
	elisa_test_export_close(exp);
	return 0;
}

/* Units that the blocks have whose offsets stand in the slots. */
static uint64_t used_by_slots(void)
{
	uint64_t i, units = 0;

	for (i = 0; i < HEAP_SLOTS; i++) {
		int64_t size;

		if (!slots->slot[i])
			continue;
		size = call(vm, "size", slots->slot[i], 0, 0);
		assert_true(size > 0);
		units += (uint64_t)size / UNIT;
	}
	return units;
}

/* All is in order, and nothing is lost. */
static void check(void)
{
	assert_int_equal(call(other, "check", 0, 0, 0), used_by_slots());
}

static void initialization(void **state)
{
	uint64_t end, used;

	(void)state;
	assert_int_equal(call(vm, "alloc", 0, 1, 0), -EINVAL);
	assert_int_equal(call(vm, "release", 0, 0, 0), 0);
	assert_int_equal(call(vm, "size", 0, 0, 0), 0);
	assert_int_equal(call(vm, "init", 0, SIZE + 1, 0), -EINVAL);
	assert_int_equal(call(vm, "init", UINT64_MAX, SIZE, 0), -EINVAL);
	assert_int_equal(call(vm, "init", start, start + 128, 0), -EINVAL);
	assert_int_equal(call(vm, "init", start + 1, start, 0), -EINVAL);
	assert_int_equal(call(reader, "init", start, SIZE, 0), -EROFS);
	/* All sizes around the smallest ones. */
	for (end = start + 129; end < start + 600; end++) {
		int i;

		memset(elisa_test_data(exp), 0, SIZE);
		memset((char *)elisa_test_data(exp) + end, 0xee, 100);
		assert_int_equal(call(vm, "init", start, end, 0), 0);
		for (i = 0; !call(vm, "alloc", i, 1, 0); i++)
			call(vm, "fill", i, 64, 0x11);
		assert_true(i >= 1 && i <= (int)(end - start) / 65);
		used = used_by_slots();
		assert_int_equal(used, i);
		check();
		assert_int_equal(((uint8_t *)elisa_test_data(exp))[end], 0xee);
	}
	assert_int_equal(call(vm, "init", 1, 0, 0), 0);
	assert_int_equal(call(reader, "init", 1, 0, 0), 0);
}

static void blocks(void **state)
{
	uint64_t offset;

	(void)state;
	assert_int_equal(call(vm, "alloc", 0, 0, 0), -EINVAL);
	assert_int_equal(call(vm, "alloc", 0, SIZE, 0), -ENOMEM);
	assert_int_equal(call(vm, "alloc", 0, UINT64_MAX, 0), -ENOMEM);
	assert_int_equal(slots->slot[0], 0);
	assert_int_equal(call(vm, "alloc", 0, 1, 0), 0);
	assert_int_equal(call(vm, "alloc", 1, 65, 0), 0);
	assert_int_equal(call(other, "alloc", 2, 4096, 0), 0);
	assert_int_equal(call(reader, "size", slots->slot[0], 0, 0), 64);
	assert_int_equal(call(reader, "size", slots->slot[1], 0, 0), 128);
	assert_int_equal(call(reader, "size", slots->slot[2], 0, 0), 4096);
	assert_int_equal(call(reader, "has", slots->slot[1], 128, 0), 1);
	assert_int_equal(call(reader, "has", slots->slot[1], 129, 0), 0);
	assert_int_equal(call(reader, "alloc", 3, 1, 0), -EROFS);
	assert_int_equal(call(reader, "release", 1, 0, 0), -EROFS);
	/* No offset but those that were given out. */
	for (offset = 0; offset < SIZE + 2 * UNIT; offset++)
		assert_int_equal(call(reader, "has", offset, 0, 0),
				 offset == slots->slot[0] ||
					 offset == slots->slot[1] ||
					 offset == slots->slot[2]);
	assert_int_equal(call(reader, "has", UINT64_MAX, 0, 0), 0);
	check();
	/* Not twice, and not what never was one. */
	slots->slot[9] = slots->slot[2];
	assert_int_equal(call(vm, "release", 2, 0, 0), 0);
	assert_int_equal(slots->slot[2], 0);
	assert_int_equal(call(vm, "release", 9, 0, 0), -EINVAL);
	slots->slot[9] = slots->slot[1] + 64;
	assert_int_equal(call(vm, "release", 9, 0, 0), -EINVAL);
	slots->slot[9] = UINT64_MAX;
	assert_int_equal(call(vm, "release", 9, 0, 0), -EINVAL);
	slots->slot[9] = 0;
	assert_int_equal(call(vm, "release", 9, 0, 0), 0);
	/* Slot 0 is at offset 0 of the shared data. */
	assert_int_equal(call(other, "release", 0, 0, 0), 0);
	assert_int_equal(call(other, "release", 1, 0, 0), 0);
	assert_int_equal(call(vm, "check", 0, 0, 0), 0);
	assert_int_equal(call(vm, "rebuilt", 0, 0, 0), 0);
}

static void own_variables(void **state)
{
	int64_t offset;

	(void)state;
	offset = call(vm, "alloc_own", 100, 0, 0);
	assert_true(offset > 0);
	assert_int_equal(call(vm, "size", (uint64_t)offset, 0, 0), 128);
	assert_int_equal(call(vm, "check", 0, 0, 0), 2);
	assert_int_equal(call(vm, "release_own", (uint64_t)offset, 0, 0), 0);
	assert_int_equal(call(vm, "check", 0, 0, 0), 0);
}

/* The last unit is used, and the first: there is none behind the last. */
static void full(void **state)
{
	uint64_t offset, last = 0;
	unsigned int n = 0;

	(void)state;
	for (;; n++) {
		offset = (uint64_t)call(vm, "alloc_own", 64, 0, 0);
		if ((int64_t)offset == -ENOMEM)
			break;
		if (offset > last)
			last = offset;
	}
	assert_int_equal(call(vm, "check", 0, 0, 0), n);
	assert_int_equal(last, SIZE - 64);
	for (offset = last + 64; offset < last + SIZE; offset += 64)
		assert_int_equal(call(vm, "has", offset, 0, 0), 0);
}

static unsigned int seed = 1;

/* Mostly small. */
static uint64_t random_size(void)
{
	return 1 + (uint64_t)rand_r(&seed) % (64u << rand_r(&seed) % 8);
}

/* Random operations; what a block holds stays as long as it is there. */
static void model(void **state)
{
	uint64_t size[HEAP_SLOTS] = { 0 };
	unsigned int i, full = 0;

	(void)state;
	for (i = 0; i < 20000; i++) {
		unsigned int n = (unsigned int)rand_r(&seed) % HEAP_SLOTS;

		if (size[n]) {
			assert_int_equal(call(other, "filled", n, size[n], n),
					 1);
			assert_int_equal(call(vm, "release", n, 0, 0), 0);
			size[n] = 0;
		} else {
			size[n] = random_size();
			if (call(vm, "alloc", n, size[n], 0)) {
				size[n] = 0;
				full++;
			} else {
				call(vm, "fill", n, size[n], n);
			}
		}
		if (!(i % 16))
			check();
	}
	assert_true(full > 10);
	assert_int_equal(call(vm, "rebuilt", 0, 0, 0), 0);
}

/* A heap with holes of several sizes. */
static void prepare(void)
{
	uint64_t n;

	for (n = 0; n < 40; n++)
		assert_int_equal(call(vm, "alloc", n, 64 << n % 4, 0), 0);
	for (n = 0; n < 40; n += 3)
		assert_int_equal(call(vm, "release", n, 0, 0), 0);
	for (n = 0; n < 40; n++)
		if (n % 3)
			call(vm, "fill", n, 64, n);
}

/*
 * Dies at each store of a call in turn, and goes on in another VM.  Blocks of
 * prepare() from slot @rest on are still there.
 */
static void die_everywhere(const char *name, uint64_t slot, uint64_t size,
			   uint64_t rest)
{
	unsigned int points;
	uint64_t ret, n;
	int err;

	for (points = 1;; points++) {
		const uint64_t before = slots->slot[slot];

		elisa_test_die_after(vm, points);
		err = elisa_test_call(vm, name, &ret, slot, size);
		if (err != -ENOLINK)
			break;
		check();
		for (n = rest; n < 40; n++)
			if (n % 3)
				assert_int_equal(call(other, "filled", n, 64,
						      n),
						 1);
		/* All or nothing; back to where it was. */
		if (slots->slot[slot] == before)
			continue;
		if (before)
			assert_int_equal(call(other, "alloc", slot, 64, 0), 0);
		else
			assert_int_equal(call(other, "release", slot, 0, 0), 0);
		check();
	}
	assert_int_equal(err, 0);
	assert_int_equal(ret, 0);
	assert_true(points > 6);
	check();
}

static void deaths(void **state)
{
	uint64_t size, n;

	(void)state;
	prepare();
	for (size = 1; size <= 8192; size *= 2) {
		die_everywhere("alloc", 63, size, 0);
		die_everywhere("release", 63, 0, 0);
	}
	for (n = 0; n < 40; n++)
		if (n % 3)
			die_everywhere("release", n, 0, n + 1);
	assert_int_equal(call(vm, "check", 0, 0, 0), 0);
}

/* Also in the repair of an earlier death, again and again. */
static void deaths_in_repair(void **state)
{
	unsigned int points, first;
	uint64_t ret;

	(void)state;
	prepare();
	for (first = 1; first < 25; first++) {
		for (points = 1;; points++) {
			elisa_test_die_after(vm, first);
			if (elisa_test_call(vm, "alloc", &ret, 63, 64) !=
			    -ENOLINK)
				break;
			elisa_test_die_after(other, points);
			if (elisa_test_call(other, "check", &ret) != -ENOLINK)
				break;
			check();
			assert_int_equal(call(vm, "release", 63, 0, 0), 0);
		}
		check();
		assert_int_equal(call(vm, "release", 63, 0, 0), 0);
	}
}

static void deaths_in_initialization(void **state)
{
	unsigned int points;
	uint64_t ret;

	(void)state;
	for (points = 1;; points++) {
		elisa_test_die_after(vm, points);
		if (elisa_test_call(vm, "init", &ret, start, SIZE) != -ENOLINK)
			break;
		assert_int_equal(call(other, "init", start, SIZE, 0), 0);
		assert_int_equal(call(other, "alloc", 0, 100, 0), 0);
		check();
		memset(slots, 0, SIZE);
	}
	assert_true(points > 10);
}

/* Links in free blocks are spoilt by whoever uses a block after its release. */
static void spoilt_links(void **state)
{
	unsigned char *data = elisa_test_data(exp);
	unsigned int i;

	(void)state;
	for (i = 0; i < 2000; i++) {
		unsigned int n = (unsigned int)rand_r(&seed) % HEAP_SLOTS;
		uint64_t old = slots->slot[n];

		if (!old) {
			(void)call(vm, "alloc", n, random_size(), 0);
			continue;
		}
		assert_int_equal(call(vm, "release", n, 0, 0), 0);
		if (!(rand_r(&seed) % 4)) {
			uint64_t link =
				(uint64_t)rand_r(&seed) % (2 * SIZE / UNIT);

			memcpy(data + old + 8 * (i % 2), &link, 8);
			/* It is found at the latest when it is needed. */
			(void)call(other, "alloc", n, 1, 0);
			(void)call(other, "release", n, 0, 0);
		}
		assert_true(call(other, "alloc_own", SIZE, 0, 0) == -ENOMEM);
	}
	assert_true(call(vm, "rebuilt", 0, 0, 0) > 10);
	/* Nothing was handed out twice. */
	for (i = 0; i < HEAP_SLOTS; i++)
		assert_int_equal(call(vm, "release", i, 0, 0), 0);
}

/*
 * Of three free blocks in a list, 4 -> 2 -> 0, the middle one points at a wrong
 * one: forth (@back 0) or back (1).
 */
static void spoil_middle(unsigned int back)
{
	unsigned char *data = elisa_test_data(exp);
	uint64_t block[6], value;
	unsigned int i;

	for (i = 0; i < 6; i++)
		assert_int_equal(call(vm, "alloc", i, 64, 0), 0);
	for (i = 0; i < 6; i += 2) {
		block[i] = slots->slot[i];
		assert_int_equal(call(vm, "release", i, 0, 0), 0);
	}
	/* What points at the middle one should be 0's prev and 4's next. */
	memcpy(&value, data + block[back ? 4 : 0] + (back ? 0 : 8), 8);
	value += block[back ? 0 : 4] / UNIT - block[2] / UNIT;
	memcpy(data + block[2] + (back ? 8 : 0), &value, 8);
	/* Its buddy is released, so it is taken out of the list. */
	i = (unsigned int)call(vm, "rebuilt", 0, 0, 0);
	assert_int_equal(call(vm, "release", 3, 0, 0), 0);
	assert_int_equal(call(vm, "rebuilt", 0, 0, 0), i + 1);
	check();
	assert_int_equal(call(vm, "release", 1, 0, 0), 0);
	assert_int_equal(call(vm, "release", 5, 0, 0), 0);
	check();
}

static void crossed_links(void **state)
{
	(void)state;
	/* 64 units: blocks are given out from the first one on. */
	assert_int_equal(call(vm, "init", start, start + 64 + 64 * 65, 0), 0);
	spoil_middle(0);
	spoil_middle(1);
}

/* Whatever the header and the tags say: no crash, no end of the loop. */
static void garbage(void **state)
{
	const uint64_t header = (uint32_t)call(vm, "header", 0, 0, 0);
	const uint64_t tags = (uint64_t)call(vm, "offset_of_tags", 0, 0, 0);
	unsigned char *data = elisa_test_data(exp);
	unsigned char *copy = malloc(SIZE);
	unsigned int i, k, refused = 0;
	uint64_t ret;

	(void)state;
	prepare();
	memcpy(copy, data, SIZE);
	for (i = 0; i < 20000; i++) {
		memcpy(data, copy, SIZE);
		for (k = 0; k < 1 + i % 4; k++) {
			const bool in_tags = rand_r(&seed) % 2;
			const uint64_t at =
				in_tags ?
					tags + (uint64_t)rand_r(&seed) % 1000 :
					header + (uint64_t)rand_r(&seed) %
							 (start - header);

			/* The lock has its own test. */
			if (at >= header && at < header + 16)
				continue;
			data[at] = (unsigned char)rand_r(&seed);
		}
		/* With a repair, or without. */
		if (i % 2) {
			elisa_test_die_after(vm, 1);
			elisa_test_call(vm, "alloc", &ret, 63, 64);
		}
		refused += call(vm, "alloc", 63, random_size(), 0) == -EIO;
		(void)call(vm, "release", 63, 0, 0);
		(void)call(vm, "release", 1, 0, 0);
		(void)call(vm, "has", slots->slot[2], 1, 0);
	}
	assert_true(refused > 1000);
	free(copy);
}

/* A block that is being given away, but is none. */
static void no_block(void **state)
{
	static const uint64_t units[] = { SIZE / UNIT, SIZE, UINT64_MAX };
	uint64_t ret;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		call(vm, "spoil_block", units[i], 0, 0);
		/* Takes the lock, and dies. */
		elisa_test_die_after(vm, 1);
		assert_int_equal(elisa_test_call(vm, "alloc", &ret, 5, 1),
				 -ENOLINK);
		check();
	}
}

#define THREADS 4

static void *thread(void *arg)
{
	struct elisa_test_vm *by = arg;
	unsigned int my_seed = (unsigned int)(uintptr_t)arg, i;
	static unsigned int numbers;
	unsigned int number = __atomic_fetch_add(&numbers, 1, __ATOMIC_RELAXED);
	uint64_t n, ret;

	for (i = 0; i < 4000; i++) {
		const char *name;

		/* Each has slots of its own. */
		n = number % THREADS +
		    THREADS * ((uint64_t)rand_r(&my_seed) % 16);
		name = slots->slot[n] ? "release" : "alloc";
		if (slots->slot[n] && (call(by, "filled", n, 40, n) != 1))
			abort();
		if (!(rand_r(&my_seed) % 16)) {
			unsigned int steps = rand_r(&my_seed);

			elisa_test_die_after(by, 1 + steps % 12);
		}
		if (elisa_test_call(by, name, &ret, n,
				    40 + (uint64_t)rand_r(&my_seed) % 400) ==
		    -ENOLINK)
			ret = 0;
		if (ret && (int64_t)ret != -ENOMEM)
			abort();
		if (slots->slot[n])
			call(by, "fill", n, 40, n);
	}
	return NULL;
}

static void threads(void **state)
{
	struct elisa_test_vm *by[THREADS];
	pthread_t t[THREADS];
	unsigned int i;

	(void)state;
	for (i = 0; i < THREADS; i++) {
		assert_int_equal(elisa_test_attach(&by[i], exp,
						   ELISA_RIGHT_READ |
							   ELISA_RIGHT_WRITE,
						   0),
				 0);
		assert_int_equal(pthread_create(&t[i], NULL, thread, by[i]), 0);
	}
	for (i = 0; i < THREADS; i++) {
		pthread_join(t[i], NULL);
		elisa_test_detach(by[i]);
	}
	check();
	assert_true(call(vm, "rebuilt", 0, 0, 0) > 10);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(initialization, setup,
						teardown),
		cmocka_unit_test_setup_teardown(blocks, setup_heap, teardown),
		cmocka_unit_test_setup_teardown(full, setup_heap, teardown),
		cmocka_unit_test_setup_teardown(own_variables, setup_heap,
						teardown),
		cmocka_unit_test_setup_teardown(model, setup_heap, teardown),
		cmocka_unit_test_setup_teardown(deaths, setup_heap, teardown),
		cmocka_unit_test_setup_teardown(deaths_in_repair, setup_heap,
						teardown),
		cmocka_unit_test_setup_teardown(deaths_in_initialization, setup,
						teardown),
		cmocka_unit_test_setup_teardown(spoilt_links, setup_heap,
						teardown),
		cmocka_unit_test_setup_teardown(crossed_links, setup, teardown),
		cmocka_unit_test_setup_teardown(no_block, setup_heap, teardown),
		cmocka_unit_test_setup_teardown(garbage, setup_heap, teardown),
		cmocka_unit_test_setup_teardown(threads, setup_heap, teardown),
	};

	return cmocka_run_group_tests_name("heap", tests, NULL, NULL);
}
