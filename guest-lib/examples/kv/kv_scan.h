/* SPDX-License-Identifier: MIT */
/* What goes through the store bucket by bucket: scan, sweep, statistics. */
#ifndef KV_SCAN_H
#define KV_SCAN_H

#include "kv_write.h"

/* What one call does at most. */
#define KV_SCAN_BUCKETS	 4096u
#define KV_SWEEP_BUCKETS 256u
#define KV_SWEEP_ITEMS	 64u

/*
 * The keys of one bucket into @room bytes of the exchange buffer; -EMSGSIZE if
 * they do not fit, -EIO, or, when it changes meanwhile, anything.
 */
static inline int64_t kv_scan_once(uint64_t bucket, volatile unsigned char *to,
				   uint64_t room, uint32_t *count)
{
	uint64_t at = __atomic_load_n(kv_bucket(bucket), __ATOMIC_ACQUIRE);
	uint64_t steps = kv_chain_max(), done = 0;

	for (*count = 0; at;) {
		const struct kv_item *item = kv_item_at(at);
		uint64_t key_len, value_len, bytes;

		if (!item || !steps--)
			return -EIO;
		key_len = kv_key_len(item);
		value_len = kv_value_len(item);
		if (value_len > KV_VALUE_MAX ||
		    !kv_item_ends(at, key_len, value_len))
			return -EIO;
		bytes = 8 + 8 * kv_words(key_len);
		if (!kv_expired(item)) {
			if (bytes > room - done)
				return -EMSGSIZE;
			kv_put_word(to + done, key_len | value_len << 32);
			kv_copy_out(to + done + 8, item->word, bytes - 8);
			done += bytes;
			++*count;
		}
		at = __atomic_load_n(&item->next, __ATOMIC_ACQUIRE);
	}
	return (int64_t)done;
}

static inline int64_t kv_scan_bucket(uint64_t bucket,
				     volatile unsigned char *to, uint64_t room,
				     uint32_t *count)
{
	const struct kv_stripe *s = kv_stripe(bucket);
	unsigned int tries;

	for (tries = KV_TRIES; tries; tries--) {
		const uint64_t seq = __atomic_load_n(&s->seq, __ATOMIC_ACQUIRE);
		const int64_t rc = kv_scan_once(bucket, to, room, count);

		__atomic_thread_fence(__ATOMIC_ACQUIRE);
		if (kv_load(&s->seq) == seq)
			return rc;
		elisa_pause();
	}
	return -EAGAIN;
}

/* From bucket @cursor on, as many whole buckets as there is room for. */
static inline int64_t kv_store_scan(uint64_t cursor, volatile unsigned char *to,
				    uint64_t room, struct kv_scan *scan)
{
	const uint64_t end = kv_buckets();
	unsigned int left;

	*scan = (struct kv_scan){ 0 };
	for (left = KV_SCAN_BUCKETS; left && cursor < end; left--, cursor++) {
		uint32_t count;
		int64_t rc;

		rc = kv_scan_bucket(cursor, to + scan->bytes,
				    room - scan->bytes, &count);
		if (rc == -EMSGSIZE && scan->bytes)
			break;
		if (rc < 0)
			return rc;
		scan->bytes += (uint32_t)rc;
		scan->count += count;
	}
	scan->next = cursor < end ? cursor : 0;
	return 0;
}

/* Releases what has expired, or all, of a bucket: 0, or -EIO. */
static inline int kv_sweep_bucket(uint64_t bucket, bool all, unsigned int *left)
{
	uint64_t steps = kv_chain_max();
	struct kv_change c = {
		.stripe = kv_stripe(bucket),
		.link = kv_bucket(bucket),
	};
	int err;

	err = kv_lock(c.stripe, bucket);
	if (err)
		return err;
	while (*left && (c.at = kv_load(c.link))) {
		c.item = kv_item_at(c.at);
		err = -EIO;
		if (!c.item || !steps--)
			break;
		err = 0;
		if (all || kv_expired(c.item)) {
			kv_remove(&c);
			--*left;
		} else {
			c.link = &c.item->next;
		}
	}
	kv_unlock(c.stripe);
	return err;
}

static inline int64_t kv_store_sweep(uint64_t cursor, bool all)
{
	const uint64_t end = kv_buckets();
	unsigned int left = KV_SWEEP_ITEMS, buckets;
	int err;

	for (buckets = KV_SWEEP_BUCKETS; buckets && cursor < end;
	     buckets--, cursor++) {
		if (!kv_load(kv_bucket(cursor)))
			continue;
		err = kv_sweep_bucket(cursor, all, &left);
		if (err)
			return err;
		/* There may be more in it. */
		if (!left)
			break;
	}
	return cursor < end ? (int64_t)cursor : 0;
}

static inline uint64_t kv_store_count(void)
{
	kv_account sum = 0;
	unsigned int i;

	for (i = 0; i < KV_OWNERS; i++)
		sum += kv_total(i);
	return sum >> 32;
}

static inline void kv_store_stats(struct kv_stats *stats)
{
	const struct kv_header *h = &kv_region()->header;
	const uint64_t vm = elisa_info()->vm + 1;
	unsigned int i;

	*stats = (struct kv_stats){ .size = elisa_data_size() };
	if (!kv_ready())
		return;
	for (i = 0; i < KV_OWNERS; i++) {
		const kv_account total = kv_total(i);

		stats->items += total >> 32;
		stats->bytes += (uint32_t)total * (uint64_t)KV_BLOCK;
		if (kv_load(&h->owner[i]) == vm) {
			stats->own_items = total >> 32;
			stats->own_bytes = (uint32_t)total * (uint64_t)KV_BLOCK;
		}
	}
	stats->quota = kv_load(&h->setup.quota);
	stats->clock = kv_load(&h->setup.clock);
	stats->repairs = kv_load(&h->repairs);
}

#endif /* KV_SCAN_H */
