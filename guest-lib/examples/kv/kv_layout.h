/* SPDX-License-Identifier: MIT */
/*
 * What lies where in the shared region, and how it is accessed.
 *
 *	struct kv_header	the manager's part, the heap, who owns something
 *	struct kv_stripe [64]	locks, and what the owner of each is about to do
 *	uint64_t [32][64]	what each VM owns, of each stripe
 *	uint64_t [n]		buckets: first item of a chain, or 0
 *	heap			items, each in a block of its own
 *
 * A key's hash chooses its bucket, and the low bits of that its stripe, so that
 * a bucket belongs to one stripe.  n is a power of two that follows from the
 * size of the region.  A region of zeros is a store to be initialized.
 *
 * Offsets name items, because the region is at different addresses.  Everything
 * that is found in the region is checked before it leads to an access.
 */
#ifndef KV_LAYOUT_H
#define KV_LAYOUT_H

#include <elisa/alloc.h>

#include "kv.h"

#define KV_STRIPES	64u
#define KV_OWNERS	32u
#define KV_BUCKET_BYTES 512u /* of region for each bucket */
#define KV_BLOCK	64u  /* blocks are aligned so, and at least as large */

/*
 * An item.  All of it is constant while readers can find it, but for @expires,
 * @next, and @cas and value where kv_write.h changes them in place.  The key's
 * words follow, its last one padded with zeros, then those of the value.
 */
struct kv_item {
	uint64_t next; /* offset of the next one in the chain, or 0 */
	uint64_t hash;
	uint64_t cas;
	uint32_t flags;
	uint32_t expires; /* 0, or when, by the clock */
	uint32_t value_len;
	uint8_t key_len;
	uint8_t owner;
	uint16_t unused;
	uint64_t word[];
};

_Static_assert(sizeof(struct kv_item) == 40, "5 words");

/*
 * @seq changes with each change of an item that readers can find: after the
 * change, and before what is not found any more is released.  The rest is the
 * record of the owner of @lock, see kv_write.h.
 */
struct kv_stripe {
	struct elisa_mutex lock;
	uint64_t seq;
	uint64_t bucket;
	uint64_t fresh;	 /* item that is not in the chain yet */
	uint64_t doomed; /* item that is about to leave it */
	uint64_t saved;	 /* enum kv_saved, and what it says */
	uint64_t old_a;
	uint64_t old_b;
};

_Static_assert(sizeof(struct kv_stripe) == 64, "a cache line");

struct kv_header {
	struct kv_setup setup;
	struct elisa_mutex lock; /* of what follows, while it is initialized */
	uint64_t ready;
	uint64_t seed[2];
	uint64_t repairs;
	struct elisa_heap heap;
	uint64_t owner[KV_OWNERS]; /* number of a VM + 1, or 0 */
};

/* Keys owned in bits 63:32, blocks of KV_BLOCK bytes in bits 31:0. */
typedef uint64_t kv_account;

#define KV_ACCOUNT(keys, blocks) ((uint64_t)(keys) << 32 | (blocks))

struct kv_region {
	struct kv_header header;
	uint8_t unused[4096 - sizeof(struct kv_header)];
	struct kv_stripe stripe[KV_STRIPES];
	kv_account account[KV_OWNERS][KV_STRIPES];
	uint64_t bucket[];
};

_Static_assert(sizeof(struct kv_region) < KV_SIZE_MIN / 2, "room for the heap");

/* On the way of a get, each instruction counts. */
#define KV_INLINE static inline __attribute__((always_inline))

KV_INLINE struct kv_region *kv_region(void)
{
	return elisa_data();
}

static inline uint64_t kv_load(const uint64_t *p)
{
	return __atomic_load_n(p, __ATOMIC_RELAXED);
}

/* Stores become visible, and last when a call dies, in the order of the code. */
static inline void kv_save(uint64_t *p, uint64_t value)
{
	__atomic_store_n(p, value, __ATOMIC_RELEASE);
	elisa_test_point();
}

/* Of a region that is at least KV_SIZE_MIN bytes large. */
static inline uint64_t kv_buckets(void)
{
	const uint64_t n = elisa_data_size() / KV_BUCKET_BYTES;

	return 1ULL << (63 - __builtin_clzll(n));
}

static inline uint64_t *kv_bucket(uint64_t hash)
{
	return &kv_region()->bucket[hash & (kv_buckets() - 1)];
}

static inline struct kv_stripe *kv_stripe(uint64_t hash)
{
	return &kv_region()->stripe[hash % KV_STRIPES];
}

/* Is there a store that can be used? */
KV_INLINE bool kv_ready(void)
{
	return __builtin_expect(elisa_data_size() >= KV_SIZE_MIN, 1) &&
	       __builtin_expect(__atomic_load_n(&kv_region()->header.ready,
						__ATOMIC_ACQUIRE),
				1);
}

/* The item at an offset; NULL if no item can be there. */
KV_INLINE struct kv_item *kv_item_at(uint64_t at)
{
	if (__builtin_expect(at % KV_BLOCK || at > elisa_data_size() - KV_BLOCK,
			     0))
		return NULL;
	return (struct kv_item *)((char *)elisa_data() + at);
}

KV_INLINE uint64_t kv_words(uint64_t bytes)
{
	return (bytes + 7) / 8;
}

/* Does the region end before an item, of lengths that are as they may be? */
KV_INLINE bool kv_item_ends(uint64_t at, uint64_t key_len, uint64_t value_len)
{
	return at + sizeof(struct kv_item) +
		       8 * (kv_words(key_len) + kv_words(value_len)) <=
	       elisa_data_size();
}

/* How long a walk along a chain may be: nobody loops for ever. */
static inline uint64_t kv_chain_max(void)
{
	return elisa_data_size() / KV_BLOCK;
}

KV_INLINE bool kv_expired(const struct kv_item *item)
{
	const uint32_t expires =
		__atomic_load_n(&item->expires, __ATOMIC_RELAXED);

	return __builtin_expect(expires, 0) &&
	       expires <= kv_load(&kv_region()->header.setup.clock);
}

#endif /* KV_LAYOUT_H */
