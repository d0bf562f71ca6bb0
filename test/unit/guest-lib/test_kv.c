// SPDX-License-Identifier: MIT
/* The kv example's store, in ordinary memory. */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "kv_store.h"

#define SIZE ((uint64_t)448 * 129)

static void *region_alloc(uint64_t size)
{
	void *p = aligned_alloc(64, size);

	memset(p, 0, size);
	return p;
}

static void put_and_get(void **state)
{
	unsigned char in[KV_VALUE_MAX], out[KV_VALUE_MAX + 1];
	void *r = region_alloc(SIZE);
	uint64_t len, i;

	(void)state;
	for (i = 0; i < sizeof(in); i++)
		in[i] = (unsigned char)(i * 37 + 1);
	assert_int_equal(kv_store_get(r, SIZE, 5, out, 64), -ENOENT);
	assert_int_equal(kv_store_count(r, SIZE), 0);
	for (len = 0; len <= KV_VALUE_MAX; len++) {
		unsigned char *exact = malloc(len ? len : 1);

		memcpy(exact, in, len);
		assert_int_equal(kv_store_put(r, SIZE, 5, exact, len), 0);
		memset(out, 0xee, sizeof(out));
		assert_int_equal(kv_store_get(r, SIZE, 5, out, 64), len);
		assert_memory_equal(out, in, len);
		assert_int_equal(out[len], 0xee);
		/* Room for exactly the value, on the heap: ASan looks. */
		memset(exact, 0, len);
		assert_int_equal(kv_store_get(r, SIZE, 5, exact, len), len);
		assert_memory_equal(exact, in, len);
		if (len)
			assert_int_equal(kv_store_get(r, SIZE, 5, out, len - 1),
					 -EMSGSIZE);
		free(exact);
	}
	assert_int_equal(kv_store_put(r, SIZE, 5, in, 65), -EINVAL);
	assert_int_equal(kv_store_put(r, SIZE, 5, in, UINT64_MAX), -EINVAL);
	assert_int_equal(kv_store_count(r, SIZE), 1);
	free(r);
}

static void numbers(void **state)
{
	void *r = region_alloc(SIZE);

	(void)state;
	assert_int_equal(kv_store_get_u64(r, SIZE, 0), -ENOENT);
	assert_int_equal(kv_store_put_u64(r, SIZE, 0, 7), 0);
	assert_int_equal(kv_store_get_u64(r, SIZE, 0), 7);
	assert_int_equal(kv_store_put_u64(r, SIZE, UINT64_MAX, KV_U64_MAX), 0);
	assert_true((uint64_t)kv_store_get_u64(r, SIZE, UINT64_MAX) ==
		    KV_U64_MAX);
	assert_int_equal(kv_store_put_u64(r, SIZE, 0, KV_U64_MAX + 1), -EINVAL);
	assert_int_equal(kv_store_put(r, SIZE, 0, "abc", 3), 0);
	assert_int_equal(kv_store_get_u64(r, SIZE, 0), -EMSGSIZE);
	assert_int_equal(kv_store_put(r, SIZE, 0,
				      "\xff\xff\xff\xff\xff\xff\xff\xff", 8),
			 0);
	assert_int_equal(kv_store_get_u64(r, SIZE, 0), -ERANGE);
	free(r);
}

/* Against a plain array, until and beyond full buckets. */
static void many_keys(void **state)
{
	enum { KEYS = 2000 };
	uint64_t model[KEYS] = { 0 }, count = 0;
	void *r = region_alloc(SIZE);
	unsigned int i, full = 0;

	(void)state;
	for (i = 0; i < 5 * KEYS; i++) {
		uint64_t key = (i * 7919ULL) % KEYS, value = i + 1;
		int64_t rc = kv_store_put_u64(r, SIZE, key * 0x10001, value);

		if (rc == -ENOSPC) {
			assert_int_equal(model[key], 0);
			full++;
			continue;
		}
		assert_int_equal(rc, 0);
		count += !model[key];
		model[key] = value;
	}
	for (i = 0; i < KEYS; i++) {
		int64_t rc = kv_store_get_u64(r, SIZE, i * 0x10001ULL);

		assert_true(rc == (model[i] ? (int64_t)model[i] : -ENOENT));
	}
	assert_int_equal(kv_store_count(r, SIZE), count);
	/* 128 buckets of 6: more than half of them used, some keys without. */
	assert_in_range(count, 128 * 6 / 2, 128 * 6);
	assert_true(full > 0);
	free(r);
}

static void small_regions(void **state)
{
	uint64_t size;
	char byte;

	(void)state;
	for (size = 0; size < 2 * 448; size += 7) {
		void *r = malloc(size ? size : 1);

		memset(r, 0, size);
		assert_int_equal(kv_store_put_u64(r, size, 1, 1), -ENOSPC);
		assert_int_equal(kv_store_get_u64(r, size, 1), -ENOENT);
		assert_int_equal(kv_store_get(r, size, 1, &byte, 1), -ENOENT);
		assert_int_equal(kv_store_count(r, size), 0);
		free(r);
	}
}

/* What readers rely on: each write leaves another, even number. */
static void sequence_advances(void **state)
{
	void *r = region_alloc(SIZE);
	struct kv_bucket *b = kv_bucket(r, SIZE, 3);
	uint32_t seq;
	unsigned int tries = 1;

	(void)state;
	assert_int_equal(kv_store_put_u64(r, SIZE, 3, 1), 0);
	assert_int_equal(b->seq, 2);
	assert_true(kv_read_begin(b, &seq, &tries));
	assert_false(kv_read_retry(b, seq));
	assert_int_equal(kv_store_put_u64(r, SIZE, 3, 2), 0);
	assert_int_equal(b->seq, 4);
	assert_true(kv_read_retry(b, seq));
	free(r);
}

/* A writer that never comes back delays nobody for ever. */
static void stuck_writer(void **state)
{
	void *r = region_alloc(SIZE);
	struct kv_bucket *b;

	(void)state;
	assert_int_equal(kv_store_put_u64(r, SIZE, 1, 1), 0);
	b = kv_bucket(r, SIZE, 1);
	b->seq |= 1;
	assert_int_equal(kv_store_put_u64(r, SIZE, 1, 2), -EAGAIN);
	assert_int_equal(kv_store_get_u64(r, SIZE, 1), -EAGAIN);
	assert_int_equal(kv_store_get(r, SIZE, 1, b, 0), -EAGAIN);
	free(r);
}

/* Whatever is in the region: no loop, no access outside, no wild length. */
static void garbage(void **state)
{
	unsigned char *r = malloc(SIZE), value[KV_VALUE_MAX];
	unsigned int round, i;
	uint64_t seed = 1;

	(void)state;
	for (round = 0; round < 200; round++) {
		for (i = 0; i < SIZE; i++) {
			seed = seed * 6364136223846793005ULL +
			       1442695040888963407ULL;
			r[i] = (unsigned char)(seed >> 56);
		}
		/* Most buckets readable, with keys that are looked for. */
		for (i = 1; i < 129; i++) {
			struct kv_bucket *b = (struct kv_bucket *)r + i;

			if (i % 4)
				b->seq &= ~1u;
			b->key[i % KV_SLOTS] = i;
		}
		for (i = 0; i < 300; i++) {
			int64_t rc =
				kv_store_get(r, SIZE, i, value, sizeof(value));

			assert_true(rc <= KV_VALUE_MAX);
			kv_store_get_u64(r, SIZE, i);
			rc = kv_store_put(r, SIZE, i, value, i % 65);
			assert_true(rc <= 0);
		}
	}
	free(r);
}

/* A length in the region that no put wrote is reported. */
static void wild_length(void **state)
{
	void *r = region_alloc(SIZE);
	unsigned char value[KV_VALUE_MAX];
	struct kv_bucket *b;

	(void)state;
	assert_int_equal(kv_store_put_u64(r, SIZE, 1, 1), 0);
	b = kv_bucket(r, SIZE, 1);
	b->len[0] = 66;
	assert_int_equal(kv_store_get(r, SIZE, 1, value, 64), -EIO);
	b->len[0] = 255;
	assert_int_equal(kv_store_get(r, SIZE, 1, value, UINT64_MAX), -EIO);
	free(r);
}

#define THREADS	    4
#define SHARED_KEYS 8
#define OPS	    150000
#define INCREMENTS  300000

static pthread_barrier_t start;

struct worker {
	pthread_t thread;
	void *region;
	unsigned int number;
	unsigned int torn, failed, hits;
};

/* A value is eight equal words with a length that belongs to the word. */
static void *work(void *arg)
{
	struct worker *w = arg;
	uint64_t seed = w->number + 1;
	uint64_t words[KV_WORDS];
	unsigned int i, j;
	int64_t rc;

	pthread_barrier_wait(&start);
	for (i = 0; i < OPS; i++) {
		uint64_t key, len;

		seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
		key = (seed >> 33) % SHARED_KEYS;
		if (i % 2) {
			for (j = 0; j < KV_WORDS; j++)
				words[j] = seed >> 8;
			len = 8 + words[0] % 57;
			do
				rc = kv_store_put(w->region, SIZE, key, words,
						  len);
			while (rc == -EAGAIN);
			w->failed += rc != 0;
			continue;
		}
		do
			rc = kv_store_get(w->region, SIZE, key, words,
					  sizeof(words));
		while (rc == -EAGAIN);
		if (rc == -ENOENT)
			continue;
		w->hits++;
		if (rc < 8 || (uint64_t)rc != 8 + words[0] % 57) {
			w->torn++;
			continue;
		}
		for (j = 1; j < (unsigned int)rc / 8; j++)
			w->torn += words[j] != words[0];
		if (rc % 8)
			w->torn += memcmp(&words[j], words, rc % 8) != 0;
	}
	/* A counter of its own, to see lost updates in shared buckets. */
	for (i = 0; i < 2000; i++) {
		uint64_t key = 1000 + w->number;

		do
			rc = kv_store_get_u64(w->region, SIZE, key);
		while (rc == -EAGAIN);
		rc = rc < 0 ? 1 : rc + 1;
		while (kv_store_put_u64(w->region, SIZE, key, rc) == -EAGAIN)
			;
	}
	return NULL;
}

static void threads(void **state)
{
	struct worker w[THREADS] = { 0 };
	void *r = region_alloc(SIZE);
	unsigned int i, hits = 0;

	(void)state;
	pthread_barrier_init(&start, NULL, THREADS);
	for (i = 0; i < THREADS; i++) {
		w[i].region = r;
		w[i].number = i;
		assert_int_equal(pthread_create(&w[i].thread, NULL, work,
						&w[i]),
				 0);
	}
	for (i = 0; i < THREADS; i++) {
		pthread_join(w[i].thread, NULL);
		assert_int_equal(w[i].torn, 0);
		assert_int_equal(w[i].failed, 0);
		assert_int_equal(kv_store_get_u64(r, SIZE, 1000 + i), 2000);
		hits += w[i].hits;
	}
	assert_int_equal(kv_store_count(r, SIZE), SHARED_KEYS + THREADS);
	print_message("%u operations, %u gets checked\n", THREADS * OPS, hits);
	free(r);
}

/* The lock alone: increments that are not atomic, none of which gets lost. */
static void *increment(void *arg)
{
	struct worker *w = arg;
	struct kv_bucket *b = w->region;
	unsigned int i;

	pthread_barrier_wait(&start);
	for (i = 0; i < INCREMENTS; i++) {
		while (!kv_lock(b))
			;
		*(volatile uint64_t *)&b->value[0][0] += 1;
		kv_unlock(b);
	}
	return NULL;
}

static void lock_excludes(void **state)
{
	struct worker w[THREADS] = { 0 };
	struct kv_bucket *b = region_alloc(sizeof(*b));
	unsigned int i;

	(void)state;
	pthread_barrier_init(&start, NULL, THREADS);
	for (i = 0; i < THREADS; i++) {
		w[i].region = b;
		pthread_create(&w[i].thread, NULL, increment, &w[i]);
	}
	for (i = 0; i < THREADS; i++)
		pthread_join(w[i].thread, NULL);
	assert_int_equal(b->value[0][0], THREADS * INCREMENTS);
	assert_int_equal(b->seq, 2 * THREADS * INCREMENTS);
	free(b);
}

/*
 * Threads insert the same keys: each must end up in one slot.  An insertion
 * that loses the race for a slot would show as a wrong count.
 */
static void *insert(void *arg)
{
	struct worker *w = arg;
	unsigned int i;

	for (i = 0; i < 200; i++)
		while (kv_store_put_u64(w->region, SIZE, i, i) == -EAGAIN)
			;
	return NULL;
}

static void insert_race(void **state)
{
	unsigned int i, round;

	(void)state;
	for (round = 0; round < 100; round++) {
		struct worker w[THREADS] = { 0 };
		void *r = region_alloc(SIZE);

		for (i = 0; i < THREADS; i++) {
			w[i].region = r;
			pthread_create(&w[i].thread, NULL, insert, &w[i]);
		}
		for (i = 0; i < THREADS; i++)
			pthread_join(w[i].thread, NULL);
		assert_int_equal(kv_store_count(r, SIZE), 200);
		free(r);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(put_and_get),
		cmocka_unit_test(numbers),
		cmocka_unit_test(many_keys),
		cmocka_unit_test(small_regions),
		cmocka_unit_test(sequence_advances),
		cmocka_unit_test(stuck_writer),
		cmocka_unit_test(garbage),
		cmocka_unit_test(wild_length),
		cmocka_unit_test(threads),
		cmocka_unit_test(lock_excludes),
		cmocka_unit_test(insert_race),
	};

	return cmocka_run_group_tests_name("kv", tests, NULL, NULL);
}
