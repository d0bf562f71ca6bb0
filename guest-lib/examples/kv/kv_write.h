/* SPDX-License-Identifier: MIT */
/*
 * Puts, deletes and other changes, under the lock of a stripe.
 *
 * Death.  A call can end after any store.  A change takes place by one store,
 * that of the link to an item, before which the new item is complete and after
 * which the old one is released.  The stripe's record says what is being done,
 * so that the next owner of the lock (kv_repair()) finishes what has taken place
 * and undoes what has not:
 *
 *	bucket		of all that follows
 *	fresh		the new item: the heap stores its offset here, so it
 *			belongs to the record until it is in the chain
 *	saved, old_a, old_b
 *			accounts before the change, while they are ahead of it
 *	doomed		the old item, which belongs to the record as soon as it
 *			is not in the chain
 *
 * A value of up to 8 bytes is changed in place, by one store; the record names the
 * item because its cas has to change as well.
 */
#ifndef KV_WRITE_H
#define KV_WRITE_H

#include "kv_read.h"

/* kv_stripe.saved: one of these in its low byte. */
enum kv_saved {
	KV_NOTHING,
	KV_ACCOUNTS, /* of owners in bytes 1 and 2, in old_a and old_b */
	KV_CHANGING, /* the item at old_a, in place */
};

static inline void kv_save32(uint32_t *p, uint32_t value)
{
	__atomic_store_n(p, value, __ATOMIC_RELEASE);
	elisa_test_point();
}

static inline struct elisa_heap *kv_heap(void)
{
	return &kv_region()->header.heap;
}

/*
 * The store is made by the first call that may write; its first bytes may be
 * the manager's.  Again and again, if calls die in it.
 */
static inline int kv_make(void)
{
	struct kv_region *r = kv_region();
	struct kv_header *h = &r->header;
	const uint64_t buckets = kv_buckets();
	int err;

	err = elisa_mutex_lock(&h->lock);
	if (err == -EOWNERDEAD)
		elisa_mutex_consistent(&h->lock);
	else if (err)
		return -EIO;
	err = 0;
	if (h->ready)
		goto unlock;
	/* The clock of a CPU is better than nothing. */
	kv_save(&h->seed[0],
		kv_mix(kv_load(&h->setup.seed[0]) ^ 0x9e3779b97f4a7c15ULL,
		       __builtin_ia32_rdtsc() | 1));
	kv_save(&h->seed[1],
		kv_mix(kv_load(&h->setup.seed[1]) ^ 0xd6e8feb86659fd93ULL,
		       h->seed[0] | 1));
	err = elisa_heap_init(&h->heap,
			      sizeof(*r) + buckets * sizeof(r->bucket[0]),
			      elisa_data_size());
	if (!err)
		kv_save(&h->ready, 1);
unlock:
	elisa_mutex_unlock(&h->lock);
	return err ? -EIO : 0;
}

/* 0, or the error for a caller that wants to write. */
static inline int kv_may_write(void)
{
	if (!elisa_can_write())
		return -EACCES;
	if (elisa_data_size() < KV_SIZE_MIN)
		return -ENOSPC;
	return kv_ready() ? 0 : kv_make();
}

/* --- accounts */

/* What a block counts in an account. */
static inline kv_account kv_cost(uint64_t at)
{
	return KV_ACCOUNT(1, elisa_heap_size(kv_heap(), at) / KV_BLOCK);
}

static inline kv_account *kv_account_of(const struct kv_stripe *s,
					unsigned int owner)
{
	struct kv_region *r = kv_region();

	return &r->account[owner % KV_OWNERS][s - r->stripe];
}

/* All that an owner has.  It can be wrong while others change it. */
static inline kv_account kv_total(unsigned int owner)
{
	const kv_account *account = kv_region()->account[owner];
	kv_account sum = 0;
	unsigned int i;

	for (i = 0; i < KV_STRIPES; i++)
		sum += kv_load(&account[i]);
	return sum;
}

/* The number under which the calling VM owns things, or -EDQUOT. */
static inline int kv_owner(void)
{
	const uint64_t vm = elisa_info()->vm + 1;
	struct kv_header *h = &kv_region()->header;
	unsigned int i;
	uint64_t seen;

	for (i = 0; i < KV_OWNERS; i++) {
		seen = kv_load(&h->owner[i]);
		if (!seen)
			__atomic_compare_exchange_n(&h->owner[i], &seen, vm,
						    false, __ATOMIC_RELAXED,
						    __ATOMIC_RELAXED);
		if (!seen || seen == vm)
			return (int)i;
	}
	/* One who owns nothing any more, or is just going to, loses his place. */
	for (i = 0; i < KV_OWNERS; i++) {
		seen = kv_load(&h->owner[i]);
		if (!kv_total(i) &&
		    __atomic_compare_exchange_n(&h->owner[i], &seen, vm, false,
						__ATOMIC_RELAXED,
						__ATOMIC_RELAXED))
			return (int)i;
	}
	return -EDQUOT;
}

/* Puts accounts to what they will be after the change; the old ones are saved. */
static inline void kv_charge(struct kv_stripe *s, unsigned int a,
			     kv_account plus, unsigned int b, kv_account minus)
{
	kv_account *to = kv_account_of(s, a), *from = kv_account_of(s, b);

	kv_save(&s->old_a, kv_load(to));
	kv_save(&s->old_b, kv_load(from));
	kv_save(&s->saved, KV_ACCOUNTS | a << 8 | b << 16);
	if (to == from) {
		kv_save(to, kv_load(to) + plus - minus);
		return;
	}
	kv_save(to, kv_load(to) + plus);
	kv_save(from, kv_load(from) - minus);
}

static inline void kv_uncharge(struct kv_stripe *s)
{
	const uint64_t saved = kv_load(&s->saved);

	kv_save(kv_account_of(s, saved >> 8 & 0xff), kv_load(&s->old_a));
	kv_save(kv_account_of(s, saved >> 16 & 0xff), kv_load(&s->old_b));
	kv_save(&s->saved, KV_NOTHING);
}

static inline bool kv_over_quota(unsigned int owner)
{
	const uint64_t quota = kv_load(&kv_region()->header.setup.quota);

	return quota && (uint32_t)kv_total(owner) > quota / KV_BLOCK;
}

/* --- the record, and what repairs after a death */

static inline void kv_next_seq(struct kv_stripe *s)
{
	kv_save(&s->seq, kv_load(&s->seq) + 1);
	/* Before anything that is found by readers no more is changed. */
	__atomic_thread_fence(__ATOMIC_RELEASE);
}

/* Releases what the record owns there. */
static inline void kv_release(uint64_t *where)
{
	/* A heap that is damaged keeps it, and is of no use any more. */
	if (elisa_heap_free(kv_heap(), where))
		kv_save(where, 0);
}

static inline bool kv_linked(const struct kv_stripe *s, uint64_t wanted)
{
	uint64_t steps = kv_chain_max();
	uint64_t at = kv_load(kv_bucket(kv_load(&s->bucket)));

	while (at && at != wanted) {
		const struct kv_item *item = kv_item_at(at);

		if (!item || !steps--)
			return false;
		at = kv_load(&item->next);
	}
	return at;
}

static inline void kv_repair(struct kv_stripe *s)
{
	const uint64_t fresh = kv_load(&s->fresh);
	const uint64_t doomed = kv_load(&s->doomed);
	const uint64_t saved = kv_load(&s->saved);
	bool done = false;

	if (fresh)
		done = kv_linked(s, fresh);
	else if (doomed)
		done = !kv_linked(s, doomed);
	/* Also for the cas of what is put from now on. */
	kv_next_seq(s);
	if ((saved & 0xff) == KV_CHANGING) {
		struct kv_item *item = kv_item_at(kv_load(&s->old_a));

		if (item)
			kv_save(&item->cas, kv_load(&s->seq));
		kv_next_seq(s);
	} else if ((saved & 0xff) == KV_ACCOUNTS && !done) {
		kv_uncharge(s);
	}
	kv_save(&s->saved, KV_NOTHING);
	if (done) {
		kv_save(&s->fresh, 0);
		kv_release(&s->doomed);
	} else {
		kv_release(&s->fresh);
		kv_save(&s->doomed, 0);
	}
	__atomic_fetch_add(&kv_region()->header.repairs, 1, __ATOMIC_RELAXED);
}

/* Locks the stripe of a bucket: 0 or -EIO. */
static inline int kv_lock(struct kv_stripe *s, uint64_t bucket)
{
	const int err = elisa_mutex_lock(&s->lock);

	elisa_test_point();
	if (__builtin_expect(err == -EOWNERDEAD, 0)) {
		kv_repair(s);
		elisa_mutex_consistent(&s->lock);
	} else if (err) {
		return -EIO;
	}
	kv_save(&s->bucket, bucket);
	return 0;
}

static inline void kv_unlock(struct kv_stripe *s)
{
	elisa_mutex_unlock(&s->lock);
	elisa_test_point();
}

/*
 * The change itself: the item @doomed, or nothing, which *@link names, is
 * replaced by @s->fresh, or nothing.  @next: what follows.  Accounts are charged.
 */
static inline void kv_commit(struct kv_stripe *s, uint64_t *link,
			     uint64_t doomed, uint64_t next)
{
	const uint64_t fresh = kv_load(&s->fresh);

	kv_save(&s->doomed, doomed);
	kv_save(link, fresh ? fresh : next);
	kv_next_seq(s);
	kv_save(&s->saved, KV_NOTHING);
	if (fresh)
		kv_save(&s->fresh, 0);
	if (doomed)
		kv_release(&s->doomed);
}

/* --- changes; the caller owns the lock */

/**
 * struct kv_change - a key and what is there
 * @key: the key
 * @stripe: its stripe, locked
 * @link: where the item is named, or the bucket
 * @at: offset of the item, or 0
 * @item: that
 * @len: bytes of its value
 * @live: it is there for callers: it has not expired
 */
struct kv_change {
	const struct kv_key *key;
	struct kv_stripe *stripe;
	uint64_t *link;
	uint64_t at;
	struct kv_item *item;
	uint64_t len;
	bool live;
};

/* Locks and finds; -EIO, and not locked. */
static inline int kv_begin(struct kv_change *c, const struct kv_key *key)
{
	int64_t at;
	int err;

	c->key = key;
	c->stripe = kv_stripe(key->hash);
	err = kv_lock(c->stripe, key->hash);
	if (err)
		return err;
	c->len = 0;
	at = kv_find(key, &c->link, &c->len);
	if (at < 0) {
		kv_unlock(c->stripe);
		return (int)at;
	}
	c->at = (uint64_t)at;
	c->item = at ? kv_item_at(c->at) : NULL;
	c->live = at && !kv_expired(c->item);
	return 0;
}

static inline void kv_remove(struct kv_change *c)
{
	const unsigned int owner = c->item->owner % KV_OWNERS;

	kv_charge(c->stripe, owner, 0, owner, kv_cost(c->at));
	kv_commit(c->stripe, c->link, c->at, kv_load(&c->item->next));
}

/* Changes a value of 1 to 8 bytes to another one of the same length. */
static inline void kv_change_word(struct kv_change *c, uint64_t word)
{
	struct kv_stripe *s = c->stripe;

	kv_save(&s->old_a, c->at);
	kv_save(&s->saved, KV_CHANGING);
	kv_save(&c->item->word[c->key->words], word);
	kv_save(&c->item->cas, kv_load(&s->seq) + 1);
	kv_next_seq(s);
	kv_save(&s->saved, KV_NOTHING);
}

/* What a new item is to be. */
struct kv_new {
	uint64_t len;
	uint32_t flags;
	uint32_t expires;
};

/* Allocates @c->stripe->fresh, all but its value: 0, -ENOSPC, -EDQUOT, -EIO. */
static inline int kv_allocate(struct kv_change *c, const struct kv_new *new,
			      struct kv_item **item)
{
	const struct kv_key *key = c->key;
	struct kv_stripe *s = c->stripe;
	const int owner = kv_owner();
	struct kv_item *it;
	uint64_t i;
	int err;

	if (owner < 0)
		return owner;
	err = elisa_heap_alloc(kv_heap(),
			       sizeof(*it) +
				       8 * (key->words + kv_words(new->len)),
			       &s->fresh);
	if (err)
		return err == -ENOMEM ? -ENOSPC : -EIO;
	it = elisa_heap_at(kv_heap(), kv_load(&s->fresh), sizeof(*it));
	if (!it)
		return -EIO;
	*item = it;
	kv_save(&it->next, kv_load(c->at ? &c->item->next : c->link));
	kv_save(&it->hash, key->hash);
	kv_save(&it->cas, kv_load(&s->seq) + 1);
	kv_save32(&it->flags, new->flags);
	kv_save32(&it->expires, new->expires);
	kv_save32(&it->value_len, (uint32_t) new->len);
	__atomic_store_n(&it->key_len, (uint8_t)key->len, __ATOMIC_RELAXED);
	__atomic_store_n(&it->owner, (uint8_t)owner, __ATOMIC_RELAXED);
	for (i = 0; i < key->words; i++)
		__atomic_store_n(&it->word[i], key->word[i], __ATOMIC_RELAXED);
	return 0;
}

/* Puts @c->stripe->fresh, which is complete, in the place of @c->item. */
static inline int kv_install(struct kv_change *c, const struct kv_item *fresh)
{
	struct kv_stripe *s = c->stripe;
	const unsigned int a = fresh->owner;
	const unsigned int b = c->at ? c->item->owner % KV_OWNERS : a;
	const kv_account plus = kv_cost(kv_load(&s->fresh));
	const kv_account minus = c->at ? kv_cost(c->at) : 0;

	kv_charge(s, a, plus, b, minus);
	if ((plus > minus || a != b) && kv_over_quota(a)) {
		kv_uncharge(s);
		kv_release(&s->fresh);
		return -EDQUOT;
	}
	kv_commit(s, c->link, c->at, 0);
	return 0;
}

/* --- values */

/* From the exchange buffer, each byte once, to a place that begins a word. */
static inline void kv_copy_in(uint64_t *to, const volatile unsigned char *from,
			      uint64_t len)
{
	for (; len >= 8; len -= 8, from += 8, to++)
		__atomic_store_n(to, kv_get_word(from), __ATOMIC_RELAXED);
	if (len)
		__atomic_store_n(to, kv_tail(from, len), __ATOMIC_RELAXED);
}

/* The same, to any place behind one; what follows it in its word is zeroed. */
static inline void kv_copy_behind(uint64_t *word, uint64_t offset,
				  const volatile unsigned char *from,
				  uint64_t len)
{
	const unsigned int shift = 8 * (offset % 8);
	uint64_t carry;

	word += offset / 8;
	if (!shift) {
		kv_copy_in(word, from, len);
		return;
	}
	carry = kv_load(word) & ((1ULL << shift) - 1);
	for (; len; from += 8, word++) {
		const uint64_t n = len < 8 ? len : 8;
		const uint64_t w = n == 8 ? kv_get_word(from) :
					    kv_tail(from, n);

		__atomic_store_n(word, carry | w << shift, __ATOMIC_RELAXED);
		carry = w >> (64 - shift);
		len -= n;
		/* What the last word has no room for. */
		if (!len && 8 * n > 64 - shift)
			__atomic_store_n(word + 1, carry, __ATOMIC_RELAXED);
	}
}

/* Is the mode content with what is there? */
static inline int kv_mode_ok(const struct kv_change *c, unsigned int mode,
			     uint64_t cas)
{
	if (mode == KV_ADD)
		return c->live ? -EEXIST : 0;
	if (mode != KV_SET && !c->live)
		return -ENOENT;
	if (mode == KV_CAS && kv_load(&c->item->cas) != cas)
		return -EEXIST;
	return 0;
}

/* Appends or prepends. */
static inline int kv_extend(struct kv_change *c, unsigned int mode,
			    const volatile unsigned char *value, uint64_t len)
{
	const struct kv_new new = {
		.len = c->len + len,
		.flags = c->item->flags,
		.expires = c->item->expires,
	};
	const uint64_t words = c->key->words;
	const volatile unsigned char *old;
	struct kv_item *item;
	int err;

	if (new.len > KV_VALUE_MAX)
		return -E2BIG;
	err = kv_allocate(c, &new, &item);
	if (err)
		return err;
	old = (const volatile unsigned char *)&c->item->word[words];
	if (mode == KV_APPEND) {
		kv_copy_in(&item->word[words], old, c->len);
		kv_copy_behind(&item->word[words], c->len, value, len);
	} else {
		kv_copy_in(&item->word[words], value, len);
		kv_copy_behind(&item->word[words], len, old, c->len);
	}
	return kv_install(c, item);
}

static inline int kv_set(struct kv_change *c, const struct kv_new *new,
			 const volatile unsigned char *value)
{
	struct kv_item *item;
	int err;

	if (c->live && new->len == c->len &&new->len &&new->len <= 8 &&
	    c->item->flags == new->flags &&
	    c->item->expires ==
		    new->expires &&kv_load(
			    &kv_region()->header.owner[c->item->owner %
						       KV_OWNERS]) ==
		    elisa_info()->vm + 1) {
		kv_change_word(c, new->len == 8 ? kv_get_word(value) :
						  kv_tail(value, new->len));
		return 0;
	}
	err = kv_allocate(c, new, &item);
	if (err)
		return err;
	kv_copy_in(&item->word[c->key->words], value, new->len);
	return kv_install(c, item);
}

/* When something expires: 0, or -EOPNOTSUPP. */
static inline int kv_expires(int64_t ttl, uint32_t *expires)
{
	const uint64_t clock = kv_load(&kv_region()->header.setup.clock);

	*expires = 0;
	if (!ttl)
		return 0;
	if (!clock)
		return -EOPNOTSUPP;
	if (ttl > (int64_t)(UINT32_MAX - (uint32_t)clock))
		return -EINVAL;
	*expires = ttl < 0 ? 1 : (uint32_t)clock + (uint32_t)ttl;
	return 0;
}

static inline int kv_store_put(const struct kv_key *key, unsigned int mode,
			       const volatile unsigned char *value,
			       uint64_t len, uint32_t flags, int64_t ttl,
			       uint64_t cas)
{
	struct kv_new new = { .len = len, .flags = flags };
	struct kv_change c;
	int err;

	if (len > KV_VALUE_MAX)
		return -E2BIG;
	err = kv_expires(ttl, &new.expires);
	if (!err)
		err = kv_begin(&c, key);
	if (err)
		return err;
	err = kv_mode_ok(&c, mode, cas);
	if (!err && (mode == KV_APPEND || mode == KV_PREPEND))
		err = kv_extend(&c, mode, value, len);
	else if (!err)
		err = kv_set(&c, &new, value);
	kv_unlock(c.stripe);
	return err;
}

static inline int kv_store_delete(const struct kv_key *key)
{
	struct kv_change c;
	bool live;
	int err;

	err = kv_begin(&c, key);
	if (err)
		return err;
	live = c.live;
	if (c.at)
		kv_remove(&c);
	kv_unlock(c.stripe);
	return live ? 0 : -ENOENT;
}

static inline int kv_store_touch(const struct kv_key *key, int64_t ttl)
{
	struct kv_change c;
	uint32_t expires;
	int err;

	err = kv_expires(ttl, &expires);
	if (!err)
		err = kv_begin(&c, key);
	if (err)
		return err;
	if (c.live)
		kv_save32(&c.item->expires, expires);
	kv_unlock(c.stripe);
	return c.live ? 0 : -ENOENT;
}

#define KV_DIGITS 20u /* of 2^64 - 1 */

/* The number that a value's digits say; false if it is none. */
static inline bool kv_number(const uint64_t *word, uint64_t len,
			     uint64_t *number)
{
	uint64_t i, n = 0;

	if (!len || len > KV_DIGITS)
		return false;
	for (i = 0; i < len; i++) {
		const unsigned int digit =
			(kv_load(&word[i / 8]) >> (8 * (i % 8)) & 0xff) - '0';

		if (digit > 9 || n > (UINT64_MAX - digit) / 10)
			return false;
		n = 10 * n + digit;
	}
	*number = n;
	return true;
}

/* The reverse; returns how many. */
static inline uint64_t kv_digits(unsigned char *text, uint64_t number)
{
	uint64_t n = number, len = 1, i;

	while (n /= 10)
		len++;
	for (i = len; i; number /= 10)
		text[--i] = (unsigned char)('0' + number % 10);
	return len;
}

static inline int kv_store_add(const struct kv_key *key, uint64_t delta,
			       bool down, uint64_t *result)
{
	unsigned char text[KV_DIGITS];
	struct kv_new new;
	struct kv_change c;
	uint64_t number;
	int err;

	err = kv_begin(&c, key);
	if (err)
		return err;
	err = -ENOENT;
	if (!c.live)
		goto unlock;
	err = -EINVAL;
	if (!kv_number(&c.item->word[key->words], c.len, &number))
		goto unlock;
	if (!down)
		number += delta;
	else
		number = number > delta ? number - delta : 0;
	new.len = kv_digits(text, number);
	new.flags = c.item->flags;
	new.expires = c.item->expires;
	err = kv_set(&c, &new, text);
	if (!err)
		*result = number;
unlock:
	kv_unlock(c.stripe);
	return err;
}

#endif /* KV_WRITE_H */
