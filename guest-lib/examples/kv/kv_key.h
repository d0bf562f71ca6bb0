/* SPDX-License-Identifier: MIT */
/* Keys: copied out of the exchange buffer once, hashed, compared. */
#ifndef KV_KEY_H
#define KV_KEY_H

#include "kv_layout.h"

/* One word more, because the hash takes two at a time. */
#define KV_KEY_WORDS (KV_KEY_MAX / 8 + 2)

/**
 * struct kv_key - a key, the call's own copy
 * @len: 1..KV_KEY_MAX
 * @words: of it, the last one padded with zeros
 * @hash: as the store's seed has it
 * @word: the bytes
 */
struct kv_key {
	uint64_t len;
	uint64_t words;
	uint64_t hash;
	uint64_t word[KV_KEY_WORDS];
};

/* Eight bytes at any address, which somebody else may change. */
typedef uint64_t kv_any_word __attribute__((may_alias, aligned(1)));

KV_INLINE uint64_t kv_get_word(const volatile unsigned char *p)
{
	return *(const volatile kv_any_word *)p;
}

static inline void kv_put_word(volatile unsigned char *p, uint64_t word)
{
	*(volatile kv_any_word *)p = word;
}

/* The last, partial word, each byte of which is read once; @len is 1..7. */
static inline uint64_t kv_tail(const volatile unsigned char *p, uint64_t len)
{
	uint64_t word = 0;

	while (len)
		word = word << 8 | p[--len];
	return word;
}

/* All bits of a product of 128. */
static inline uint64_t kv_mix(uint64_t a, uint64_t b)
{
	const unsigned __int128 product = (unsigned __int128)a * b;

	return (uint64_t)product ^ (uint64_t)(product >> 64);
}

/*
 * The hash of a key with its words and its length.  Who does not know the seed,
 * which is in the shared data, cannot know which keys collide.
 */
KV_INLINE void kv_hash(struct kv_key *key)
{
	const struct kv_header *h = &kv_region()->header;
	const uint64_t seed = kv_load(&h->seed[1]);
	uint64_t hash = kv_load(&h->seed[0]) + key->len;
	uint64_t i;

	key->word[key->words] = 0;
	for (i = 0; i < key->words; i += 2)
		hash = kv_mix(hash ^ key->word[i], seed ^ key->word[i + 1]);
	key->hash = hash;
}

static inline void kv_key_of_u64(struct kv_key *key, uint64_t number)
{
	key->len = sizeof(number);
	key->words = 1;
	key->word[0] = number;
	kv_hash(key);
}

/* The key at @at of the exchange buffer: 0, -EINVAL or -EFAULT. */
KV_INLINE int kv_key_take(struct kv_key *key, uint64_t at, uint64_t len)
{
	const uint64_t size = elisa_xbuf_size();
	const uint64_t full = len / 8;
	const volatile unsigned char *p;
	uint64_t i;

	if (__builtin_expect(len - 1 >= KV_KEY_MAX, 0))
		return -EINVAL;
	if (__builtin_expect(!elisa_range_ok(at, len, size), 0))
		return -EFAULT;
	p = (const volatile unsigned char *)elisa_xbuf() +
	    elisa_nospec(at, size);
	for (i = 0; i < full; i++, p += 8)
		key->word[i] = kv_get_word(p);
	if (len % 8) {
		/* What lies behind it is the caller's, too, if it is there. */
		if (__builtin_expect(at + 8 * full + 8 <= size, 1))
			key->word[i] = kv_get_word(p) &
				       ((1ULL << 8 * (len % 8)) - 1);
		else
			key->word[i] = kv_tail(p, len % 8);
		i++;
	}
	key->len = len;
	key->words = i;
	kv_hash(key);
	return 0;
}

/* Is it the key of an item with the same hash?  The item has these words. */
KV_INLINE bool kv_key_is(const struct kv_key *key, const struct kv_item *item)
{
	uint64_t i;

	for (i = 0; i < key->words; i++)
		if (kv_load(&item->word[i]) != key->word[i])
			return false;
	return true;
}

static inline uint64_t kv_key_len(const struct kv_item *item)
{
	return __atomic_load_n(&item->key_len, __ATOMIC_RELAXED);
}

static inline uint64_t kv_value_len(const struct kv_item *item)
{
	return __atomic_load_n(&item->value_len, __ATOMIC_RELAXED);
}

/*
 * Finds the item of a key, expired or not.
 *
 * Return: its offset, in *@link where that stands, and in *@value_len the bytes
 * of its value, which are in the region; 0, and the bucket, if there is none;
 * -EIO if the chain is damaged, or, to who does not own the stripe's lock,
 * perhaps because it has changed meanwhile.
 */
KV_INLINE int64_t kv_find(const struct kv_key *key, uint64_t **link,
			  uint64_t *value_len)
{
	uint64_t *from = kv_bucket(key->hash);
	uint64_t steps = kv_chain_max();
	uint64_t at;

	*link = from;
	while ((at = __atomic_load_n(from, __ATOMIC_ACQUIRE))) {
		struct kv_item *item = kv_item_at(at);

		if (!item || !steps--)
			return -EIO;
		if (kv_load(&item->hash) == key->hash &&
		    kv_key_len(item) == key->len) {
			const uint64_t len = kv_value_len(item);

			if (len > KV_VALUE_MAX ||
			    !kv_item_ends(at, key->len, len))
				return -EIO;
			if (kv_key_is(key, item)) {
				*link = from;
				*value_len = len;
				return (int64_t)at;
			}
		}
		from = &item->next;
	}
	return 0;
}

#endif /* KV_KEY_H */
