// SPDX-License-Identifier: MIT
/*
 * The kv example's store under threads and on garbage; the rest is the example's
 * own test, kv_test.  The image is KV_IMAGE in $IMAGES, with sanitizers.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <elisa/sub_test.h>

#include "kv.h"

#define RW	  (ELISA_RIGHT_READ | ELISA_RIGHT_WRITE)
#define SIZE	  (1u << 20)
#define XBUF_SIZE 65536
#define VALUE_AT  4096
#define THREADS	  4
#define OPS	  15000

static struct elisa_test_export *open_store(size_t size)
{
	struct elisa_test_export *exp;
	char path[256];

	snprintf(path, sizeof(path), "%s/" KV_IMAGE, getenv("IMAGES"));
	assert_int_equal(elisa_test_export_open(&exp, path, size), 0);
	return exp;
}

static uint64_t next(uint64_t *rng)
{
	*rng ^= *rng >> 12;
	*rng ^= *rng << 25;
	*rng ^= *rng >> 27;
	return *rng * 0x2545f4914f6cdd1d >> 16;
}

static int64_t call(struct elisa_test_vm *vm, const char *entry, uint64_t a0,
		    uint64_t a1, uint64_t a2)
{
	uint64_t ret;

	do
		assert_int_equal(elisa_test_call(vm, entry, &ret, a0, a1, a2),
				 0);
	while ((int64_t)ret == -EAGAIN);
	return (int64_t)ret;
}

struct worker {
	pthread_t thread;
	struct elisa_test_vm *vm;
	unsigned int number, torn, hits, deaths;
	bool mortal, read_only;
};

static pthread_barrier_t start;

/* A value is @len times the same byte; which one says how long it is. */
static bool value_is_whole(const unsigned char *p, int64_t len)
{
	int64_t i;

	if (len < 1 || len != 1 + p[0] * 3)
		return false;
	for (i = 1; i < len; i++)
		if (p[i] != p[0])
			return false;
	return true;
}

static void *work(void *arg)
{
	struct worker *w = arg;
	unsigned char *xbuf = elisa_test_xbuf(w->vm);
	uint64_t rng = 77 + w->number;
	unsigned int i;

	pthread_barrier_wait(&start);
	for (i = 0; i < OPS; i++) {
		const unsigned int what = w->read_only ? 0 : next(&rng) % 8;
		const uint64_t key = KV_AT(0, 1);
		const unsigned int byte = next(&rng) % 256;
		uint64_t ret;
		int64_t len;

		xbuf[0] = 'a' + next(&rng) % 6;
		if (what < 4) {
			len = call(w->vm, "kv_get", key, KV_AT(VALUE_AT, 4096),
				   0);
			if (len == -ENOENT)
				continue;
			w->hits++;
			w->torn += !value_is_whole(xbuf + VALUE_AT, len);
			continue;
		}
		if (w->mortal && next(&rng) % 4 == 0)
			elisa_test_die_after(w->vm, 1 + next(&rng) % 40);
		if (what == 4) {
			w->deaths += elisa_test_call(w->vm, "kv_delete", &ret,
						     key) == -ENOLINK;
		} else {
			len = 1 + byte * 3;
			memset(xbuf + VALUE_AT, (int)byte, (size_t)len);
			w->deaths += elisa_test_call(w->vm, "kv_put", &ret, key,
						     KV_AT(VALUE_AT, len),
						     KV_SET) == -ENOLINK;
		}
	}
	elisa_test_die_after(w->vm, 0);
	/* A counter of all: no increment gets lost, unless a call dies. */
	memcpy(xbuf + 512, "counter", 7);
	for (i = 0; !w->read_only && i < 1000; i++)
		if (call(w->vm, "kv_add", KV_AT(512, 7), 1, 0) < 0)
			w->torn++;
	return NULL;
}

static void race(bool mortal)
{
	struct elisa_test_export *exp = open_store(SIZE);
	struct worker w[THREADS] = { 0 };
	unsigned int i, hits = 0, deaths = 0;
	struct elisa_test_vm *vm;
	struct kv_stats stats;
	uint64_t cursor;
	char *xbuf;

	assert_int_equal(elisa_test_attach(&vm, exp, RW, XBUF_SIZE), 0);
	xbuf = elisa_test_xbuf(vm);
	memcpy(xbuf, "counter0", 8);
	assert_int_equal(call(vm, "kv_put", KV_AT(0, 7), KV_AT(7, 1), KV_SET),
			 0);
	pthread_barrier_init(&start, NULL, THREADS);
	for (i = 0; i < THREADS; i++) {
		w[i].number = i;
		w[i].mortal = mortal && i != 1;
		w[i].read_only = !i;
		assert_int_equal(elisa_test_attach(&w[i].vm, exp,
						   i ? RW : ELISA_RIGHT_READ,
						   XBUF_SIZE),
				 0);
		assert_int_equal(pthread_create(&w[i].thread, NULL, work,
						&w[i]),
				 0);
	}
	for (i = 0; i < THREADS; i++) {
		pthread_join(w[i].thread, NULL);
		assert_int_equal(w[i].torn, 0);
		hits += w[i].hits;
		deaths += w[i].deaths;
		elisa_test_detach(w[i].vm);
	}
	pthread_barrier_destroy(&start);
	print_message("%u gets checked, %u deaths\n", hits, deaths);
	assert_in_range(hits, OPS / 4, UINT_MAX);
	assert_int_equal(deaths > 100, mortal);
	assert_int_equal(call(vm, "kv_get", KV_AT(0, 7), KV_AT(VALUE_AT, 16),
			      0),
			 4);
	assert_memory_equal(xbuf + VALUE_AT, "3000", 4);

	/* What is left is all that there is. */
	for (cursor = 0;
	     (cursor = (uint64_t)call(vm, "kv_sweep", cursor, 1, 0));)
		;
	assert_int_equal(call(vm, "kv_stats", VALUE_AT, 0, 0), 0);
	memcpy(&stats, xbuf + VALUE_AT, sizeof(stats));
	assert_int_equal(stats.items, 0);
	assert_int_equal(stats.bytes, 0);
	elisa_test_detach(vm);
	elisa_test_export_close(exp);
}

static void threads(void **state)
{
	(void)state;
	race(false);
}

static void threads_that_die(void **state)
{
	(void)state;
	race(true);
}

#ifndef __SANITIZE_THREAD__ /* races are what it is about */
/* The exchange buffer changes while the store reads it. */
struct hostile {
	unsigned char *xbuf;
	bool stop;
};

static void *rewrite(void *arg)
{
	struct hostile *h = arg;
	uint64_t rng = 5;

	while (!__atomic_load_n(&h->stop, __ATOMIC_RELAXED)) {
		const uint64_t word = next(&rng);
		const unsigned int at = next(&rng) % 40;

		__atomic_store_n(&h->xbuf[at], (unsigned char)word,
				 __ATOMIC_RELAXED);
	}
	return NULL;
}

/* Whatever comes of it, the store stays in order, and in its bounds. */
static void hostile_buffer(void **state)
{
	struct elisa_test_export *exp = open_store(SIZE);
	struct elisa_test_vm *vm, *other;
	struct hostile h = { 0 };
	struct kv_get get = { .key_len = 8, .value = 100, .room = 64 };
	struct kv_scan scan = { 0 };
	uint64_t keys = 0;
	pthread_t thread;
	unsigned int i;
	char *xbuf;

	(void)state;
	assert_int_equal(elisa_test_attach(&vm, exp, RW, 4096), 0);
	assert_int_equal(elisa_test_attach(&other, exp, RW, XBUF_SIZE), 0);
	h.xbuf = elisa_test_xbuf(vm);
	memcpy(h.xbuf, &get, sizeof(get));
	assert_int_equal(pthread_create(&thread, NULL, rewrite, &h), 0);
	for (i = 0; i < 20000; i++) {
		uint64_t ret;

		assert_int_equal(elisa_test_call(vm, "kv_put", &ret,
						 KV_AT(0, 2), KV_AT(2, 30)),
				 0);
		assert_int_equal(elisa_test_call(vm, "kv_mget", &ret, 0, 1), 0);
		assert_int_equal(ret, 1);
		assert_int_equal(elisa_test_call(vm, "elisa_batch", &ret, 0, 1),
				 0);
	}
	__atomic_store_n(&h.stop, true, __ATOMIC_RELAXED);
	pthread_join(thread, NULL);
	xbuf = elisa_test_xbuf(other);
	do {
		const char *p = xbuf + sizeof(scan);

		assert_int_equal(call(other, "kv_scan", scan.next,
				      KV_AT(0, XBUF_SIZE), 0),
				 0);
		memcpy(&scan, xbuf, sizeof(scan));
		for (i = 0; i < scan.count; i++, keys++) {
			struct kv_scan_key key;

			memcpy(&key, p, sizeof(key));
			assert_in_range(key.key_len, 1, KV_KEY_MAX);
			p += 8 + (key.key_len + 7) / 8 * 8;
		}
	} while (scan.next);
	assert_int_equal(keys, call(other, "kv_count", 0, 0, 0));
	elisa_test_detach(vm);
	elisa_test_detach(other);
	elisa_test_export_close(exp);
}
#endif

/* What is in the region may be anything: no loop, no access outside. */
static void garbage(void **state)
{
	static const char *const entries[] = {
		"kv_get",  "kv_put",   "kv_delete", "kv_touch", "kv_add",
		"kv_scan", "kv_sweep", "kv_stats",  "kv_count", "kv_mget",
	};
	struct elisa_test_export *exp = open_store(KV_SIZE_MIN);
	unsigned char *data = elisa_test_data(exp), *was;
	struct elisa_test_vm *vm;
	unsigned int round, i;
	uint64_t rng = 3, ret, spoilt = 0;

	(void)state;
	assert_int_equal(elisa_test_attach(&vm, exp, RW, XBUF_SIZE), 0);
	for (i = 0; i < 300; i++)
		call(vm, "kv_put_u64", i, i, 0);
	was = malloc(KV_SIZE_MIN);
	assert_non_null(was);
	memcpy(was, data, KV_SIZE_MIN);
	for (round = 0; round < 300; round++) {
		/* A little of it, all over the place, or in what matters. */
		const unsigned int n = 1 + next(&rng) % 400;

		memcpy(data, was, KV_SIZE_MIN);
		for (i = 0; i < n; i++) {
			const uint64_t at = next(&rng) % (KV_SIZE_MIN / 8);
			uint64_t word = next(&rng);

			if (round % 3)
				word %= KV_SIZE_MIN + 64;
			if (round % 3 == 2)
				word &= ~(uint64_t)63;
			memcpy(data + 8 * at, &word, 8);
		}
		for (i = 0; i < 400; i++) {
			const char *entry =
				entries[next(&rng) %
					(sizeof(entries) / sizeof(entries[0]))];
			uint64_t *key = elisa_test_xbuf(vm);

			*key = next(&rng) % 400;
			assert_int_equal(elisa_test_call(vm, entry, &ret,
							 KV_AT(0, 8),
							 KV_AT(64, 100), 0, 0),
					 0);
			spoilt += (int64_t)ret == -EIO;
			assert_int_equal(elisa_test_call(vm, "kv_get_u64", &ret,
							 *key),
					 0);
			spoilt += (int64_t)ret == -EIO;
		}
	}
	print_message("%" PRIu64 " times -EIO\n", spoilt);
	assert_in_range(spoilt, 1000, UINT64_MAX);
	free(was);
	elisa_test_detach(vm);
	elisa_test_export_close(exp);
}

/* A length that no put wrote would lead out of the region. */
static void wild_length(void **state)
{
	const uint32_t wild = XBUF_SIZE - VALUE_AT;
	struct elisa_test_export *exp = open_store(KV_SIZE_MIN);
	unsigned char *item = NULL, *data = elisa_test_data(exp);
	struct elisa_test_vm *vm;
	char *xbuf;

	(void)state;
	assert_int_equal(elisa_test_attach(&vm, exp, RW, XBUF_SIZE), 0);
	xbuf = elisa_test_xbuf(vm);
	memcpy(xbuf, "wild key", 8);
	assert_int_equal(call(vm, "kv_put", KV_AT(0, 8), KV_AT(0, 64), 0), 0);
	item = memmem(data, KV_SIZE_MIN, "wild key", 8);
	assert_non_null(item);
	/* It is in front of the lengths of key and owner, and two bytes. */
	memcpy(item - 8, &wild, sizeof(wild));
	assert_int_equal(call(vm, "kv_get", KV_AT(0, 8), KV_AT(VALUE_AT, wild),
			      0),
			 -EIO);
	assert_int_equal(call(vm, "kv_scan", 0, KV_AT(VALUE_AT, wild), 0),
			 -EIO);
	elisa_test_detach(vm);
	elisa_test_export_close(exp);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(threads),
		cmocka_unit_test(threads_that_die),
#ifndef __SANITIZE_THREAD__
		cmocka_unit_test(hostile_buffer),
#endif
		cmocka_unit_test(garbage),
		cmocka_unit_test(wild_length),
	};

	return cmocka_run_group_tests_name("kv", tests, NULL, NULL);
}
