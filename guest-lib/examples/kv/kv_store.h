/* SPDX-License-Identifier: MIT */
/*
 * The store itself: a concurrent hash table of fixed size in a region of
 * shared memory, 64-bit keys, values of up to 64 bytes.
 *
 * Nothing here knows ELISA; the same code runs in a sub context, in a process
 * that maps the region directly, and behind a hypercall.
 *
 * The region is an array of buckets of 7 cache lines, the first of which is
 * the header.  A region of zeros is an empty store.  A key can be in one
 * bucket only; when that is full, put fails with -ENOSPC, so give the region
 * several times the memory that the data needs.  Keys are never removed.
 *
 * Writers lock a bucket by making its sequence number odd; readers write
 * nothing (they may have the region mapped read-only) and try again when the
 * number has changed meanwhile.
 *
 * Region and code belong together: whoever can write the region can store any
 * value under any key.  But whatever it holds, no function here loops for ever
 * or leaves the region: waits are limited (-EAGAIN), lengths are checked.
 */
#ifndef KV_STORE_H
#define KV_STORE_H

#include <linux/errno.h>
#include <stdbool.h>
#include <stdint.h>

#include "kv.h"

#define KV_SLOTS 6 /* keys in a bucket */
#define KV_WORDS (KV_VALUE_MAX / 8)
#define KV_TRIES 4096 /* looks at a locked bucket before -EAGAIN */

struct kv_bucket {
	uint32_t seq; /* odd: a writer is at work */
	uint32_t unused;
	uint8_t len[8]; /* of slot i: 0 it is free, else length + 1 */
	uint64_t key[KV_SLOTS];
	uint64_t value[KV_SLOTS][KV_WORDS];
};

struct kv_header {
	uint64_t count; /* keys in the store */
	uint64_t unused[55];
};

_Static_assert(sizeof(struct kv_bucket) == 448, "7 cache lines");
_Static_assert(sizeof(struct kv_header) == 448, "as large as a bucket");

#define KV_BUCKETS_OFFSET sizeof(struct kv_header)

/* The bucket of @key, or NULL if the region is too small to have any. */
static inline struct kv_bucket *kv_bucket(void *region, uint64_t size,
					  uint64_t key)
{
	uint64_t n = size / sizeof(struct kv_bucket);
	uint64_t hash = (key * 0x9e3779b97f4a7c15ULL) >> 32;

	if (n < 2)
		return NULL;
	n--;
	/* Up to 2^32 buckets; the hash has 32 bits, so the product fits. */
	return (struct kv_bucket *)((char *)region + KV_BUCKETS_OFFSET) +
	       ((hash * n) >> 32);
}

static inline uint64_t kv_load(const uint64_t *p)
{
	return __atomic_load_n(p, __ATOMIC_RELAXED);
}

static inline void kv_save(uint64_t *p, uint64_t value)
{
	__atomic_store_n(p, value, __ATOMIC_RELAXED);
}

static inline uint8_t kv_len(const struct kv_bucket *b, unsigned int slot)
{
	return __atomic_load_n(&b->len[slot], __ATOMIC_RELAXED);
}

/* The slot that holds @key, or KV_SLOTS. */
static inline unsigned int kv_find(const struct kv_bucket *b, uint64_t key)
{
	unsigned int i;

	for (i = 0; i < KV_SLOTS; i++)
		if (kv_load(&b->key[i]) == key && kv_len(b, i))
			break;
	return i;
}

static inline void kv_pause(void)
{
	__builtin_ia32_pause();
}

/* Waits until no writer is in the bucket.  False if it takes too long. */
static inline bool kv_read_begin(const struct kv_bucket *b, uint32_t *seq,
				 unsigned int *tries)
{
	for (; *tries; --*tries) {
		*seq = __atomic_load_n(&b->seq, __ATOMIC_ACQUIRE);
		if (!(*seq & 1)) {
			--*tries;
			return true;
		}
		kv_pause();
	}
	return false;
}

/* True if a writer was in the bucket since kv_read_begin(). */
static inline bool kv_read_retry(const struct kv_bucket *b, uint32_t seq)
{
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	return __atomic_load_n(&b->seq, __ATOMIC_RELAXED) != seq;
}

static inline bool kv_lock(struct kv_bucket *b)
{
	unsigned int tries = KV_TRIES;
	uint32_t seq;

	while (kv_read_begin(b, &seq, &tries))
		if (__atomic_compare_exchange_n(&b->seq, &seq, seq + 1, false,
						__ATOMIC_ACQUIRE,
						__ATOMIC_RELAXED)) {
			/* Readers that see the stores also see seq + 1. */
			__atomic_thread_fence(__ATOMIC_RELEASE);
			return true;
		}
	return false;
}

static inline void kv_unlock(struct kv_bucket *b)
{
	__atomic_store_n(&b->seq, b->seq + 1, __ATOMIC_RELEASE);
}

/* The last, partial word of a value; @len is 1..7. */
static inline uint64_t kv_tail(const unsigned char *p, uint64_t len)
{
	uint64_t word = 0;

	while (len)
		word = word << 8 | p[--len];
	return word;
}

static inline int64_t kv_write(void *region, uint64_t size, uint64_t key,
			       const uint64_t *words, uint64_t len)
{
	struct kv_bucket *b = kv_bucket(region, size, key);
	struct kv_header *h = region;
	unsigned int slot, i;
	int64_t rc = 0;

	if (!b)
		return -ENOSPC;
	if (!kv_lock(b))
		return -EAGAIN;
	slot = kv_find(b, key);
	if (slot == KV_SLOTS) {
		for (slot = 0; slot < KV_SLOTS && kv_len(b, slot); slot++)
			;
		if (slot == KV_SLOTS) {
			rc = -ENOSPC;
			goto unlock;
		}
		kv_save(&b->key[slot], key);
		__atomic_fetch_add(&h->count, 1, __ATOMIC_RELAXED);
	}
	for (i = 0; i < (len + 7) / 8; i++)
		kv_save(&b->value[slot][i], words[i]);
	__atomic_store_n(&b->len[slot], (uint8_t)(len + 1), __ATOMIC_RELAXED);
unlock:
	kv_unlock(b);
	return rc;
}

/*
 * Stores @len bytes at @value under @key.  The bytes may change meanwhile; each
 * is read once.
 */
static inline int64_t kv_store_put(void *region, uint64_t size, uint64_t key,
				   const void *value, uint64_t len)
{
	const unsigned char *p = value;
	uint64_t words[KV_WORDS];
	unsigned int i;

	if (len > KV_VALUE_MAX)
		return -EINVAL;
	for (i = 0; i < len / 8; i++)
		__builtin_memcpy(&words[i], p + 8 * i, 8);
	if (len % 8)
		words[i] = kv_tail(p + 8 * i, len % 8);
	return kv_write(region, size, key, words, len);
}

/*
 * Copies the value of @key to @value, which has @room bytes; returns its length.
 * What is at @value after an error is undefined.
 */
static inline int64_t kv_store_get(void *region, uint64_t size, uint64_t key,
				   void *value, uint64_t room)
{
	const struct kv_bucket *b = kv_bucket(region, size, key);
	unsigned int tries = KV_TRIES;
	unsigned char *p = value;
	uint32_t seq;

	if (!b)
		return -ENOENT;
	while (kv_read_begin(b, &seq, &tries)) {
		unsigned int slot = kv_find(b, key), i;
		int64_t rc = -ENOENT;
		uint64_t len, word;

		if (slot == KV_SLOTS)
			goto check;
		len = kv_len(b, slot) - 1u;
		rc = -EIO;
		if (len > KV_VALUE_MAX)
			goto check;
		rc = -EMSGSIZE;
		if (len > room)
			goto check;
		rc = (int64_t)len;
		for (i = 0; i < len / 8; i++) {
			word = kv_load(&b->value[slot][i]);
			__builtin_memcpy(p + 8 * i, &word, 8);
		}
		if (len % 8) {
			word = kv_load(&b->value[slot][i]);
			for (i *= 8; i < len; i++, word >>= 8)
				p[i] = (unsigned char)word;
		}
check:
		if (!kv_read_retry(b, seq))
			return rc;
	}
	return -EAGAIN;
}

static inline int64_t kv_store_put_u64(void *region, uint64_t size,
				       uint64_t key, uint64_t value)
{
	if (value > KV_U64_MAX)
		return -EINVAL;
	return kv_write(region, size, key, &value, sizeof(value));
}

/* Returns the value that kv_store_put_u64() stored, or -errno. */
static inline int64_t kv_store_get_u64(void *region, uint64_t size,
				       uint64_t key)
{
	const struct kv_bucket *b = kv_bucket(region, size, key);
	unsigned int tries = KV_TRIES;
	uint32_t seq;

	if (!b)
		return -ENOENT;
	while (kv_read_begin(b, &seq, &tries)) {
		unsigned int slot = kv_find(b, key);
		int64_t rc = -ENOENT;

		if (slot < KV_SLOTS) {
			rc = -EMSGSIZE;
			if (kv_len(b, slot) == sizeof(uint64_t) + 1) {
				uint64_t word = kv_load(&b->value[slot][0]);

				rc = -ERANGE;
				if (word <= KV_U64_MAX)
					rc = (int64_t)word;
			}
		}
		if (!kv_read_retry(b, seq))
			return rc;
	}
	return -EAGAIN;
}

static inline uint64_t kv_store_count(void *region, uint64_t size)
{
	struct kv_header *h = region;

	return size < sizeof(*h) ? 0 : kv_load(&h->count);
}

#endif /* KV_STORE_H */
