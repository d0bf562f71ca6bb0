/* SPDX-License-Identifier: MIT */
/*
 * Gets.  They write nothing, so that callers may do them who can only read, and
 * wait for nobody, dead or alive.
 *
 * An item is released, or changed, only after the sequence number of its stripe
 * has changed.  So what a reader has seen is right if the number is the same
 * afterwards; otherwise it may be anything, and the reader tries again.
 */
#ifndef KV_READ_H
#define KV_READ_H

#include "kv_key.h"

#define KV_TRIES 4096u

/* What a get tells besides the value. */
struct kv_found {
	uint64_t cas;
	uint32_t flags;
};

/* To the exchange buffer, or other memory of the call. */
KV_INLINE void kv_copy_out(volatile unsigned char *to, const uint64_t *from,
			   uint64_t len)
{
	uint64_t word;

	for (; len >= 64; len -= 64, to += 64, from += 8) {
		kv_put_word(to, kv_load(from));
		kv_put_word(to + 8, kv_load(from + 1));
		kv_put_word(to + 16, kv_load(from + 2));
		kv_put_word(to + 24, kv_load(from + 3));
		kv_put_word(to + 32, kv_load(from + 4));
		kv_put_word(to + 40, kv_load(from + 5));
		kv_put_word(to + 48, kv_load(from + 6));
		kv_put_word(to + 56, kv_load(from + 7));
	}
	for (; len >= 8; len -= 8, to += 8, from++)
		kv_put_word(to, kv_load(from));
	if (!len)
		return;
	for (word = kv_load(from); len; len--, word >>= 8)
		*to++ = (unsigned char)word;
}

/* One attempt; *@copied: bytes that were written to @to. */
KV_INLINE int64_t kv_read_once(const struct kv_key *key,
			       volatile unsigned char *to, uint64_t room,
			       struct kv_found *found, uint64_t *copied)
{
	const struct kv_item *item;
	uint64_t *link, len;
	int64_t at;

	at = kv_find(key, &link, &len);
	if (at <= 0)
		return at ? at : -ENOENT;
	item = (const struct kv_item *)((char *)elisa_data() + at);
	if (kv_expired(item))
		return -ENOENT;
	if (len > room)
		return -EMSGSIZE;
	found->cas = kv_load(&item->cas);
	found->flags = __atomic_load_n(&item->flags, __ATOMIC_RELAXED);
	kv_copy_out(to, &item->word[key->words], len);
	if (len > *copied)
		*copied = len;
	return (int64_t)len;
}

/* Zeros what attempts have left behind that did not count. */
static inline void kv_clear(volatile unsigned char *p, uint64_t len)
{
	while (len)
		p[--len] = 0;
}

/**
 * kv_read() - copy the value of a key
 * @key: the key
 * @to: where to
 * @room: bytes there
 * @found: filled in if there is one
 *
 * Return: its length; -ENOENT, -EMSGSIZE, -EAGAIN, -EIO.
 */
KV_INLINE int64_t kv_read(const struct kv_key *key, volatile unsigned char *to,
			  uint64_t room, struct kv_found *found)
{
	const struct kv_stripe *stripe = kv_stripe(key->hash);
	unsigned int tries = KV_TRIES;
	uint64_t copied = 0, keep;
	int64_t rc;

	for (;;) {
		const uint64_t seq =
			__atomic_load_n(&stripe->seq, __ATOMIC_ACQUIRE);

		rc = kv_read_once(key, to, room, found, &copied);
		__atomic_thread_fence(__ATOMIC_ACQUIRE);
		if (__builtin_expect(kv_load(&stripe->seq) == seq, 1))
			break;
		if (!--tries) {
			rc = -EAGAIN;
			break;
		}
		elisa_pause();
	}
	keep = rc > 0 ? (uint64_t)rc : 0;
	if (__builtin_expect(copied > keep, 0))
		kv_clear(to + keep, copied - keep);
	return rc;
}

#endif /* KV_READ_H */
