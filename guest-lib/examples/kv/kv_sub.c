// SPDX-License-Identifier: MIT
/* The sub image of the kv example: the store behind checked entry points. */
#include <elisa/sub.h>
#include <elisa/sub_batch.h>

#include "kv_scan.h"

/* A part of the exchange buffer as a caller names it, see KV_AT(). */
static inline uint64_t at_of(uint64_t part)
{
	return (uint32_t)part;
}

static inline uint64_t len_of(uint64_t part)
{
	return part >> 32;
}

/* A pointer to that, or NULL. */
static inline volatile unsigned char *bytes_at(uint64_t at, uint64_t len)
{
	const uint64_t size = elisa_xbuf_size();

	if (__builtin_expect(!elisa_range_ok(at, len, size), 0))
		return NULL;
	return (volatile unsigned char *)elisa_xbuf() +
	       elisa_nospec(at, size + 1);
}

/* What all who change a key begin with. */
static inline int take_to_write(struct kv_key *key, uint64_t part)
{
	const int err = kv_may_write();

	return err ? err : kv_key_take(key, at_of(part), len_of(part));
}

ELISA_ENTRY(nop, void)
{
	return 0;
}

ELISA_ENTRY(kv_get, uint64_t key_part, uint64_t room)
{
	volatile unsigned char *to = bytes_at(at_of(room), len_of(room));
	struct kv_found found;
	struct kv_key key;
	int err;

	if (!to)
		return -EFAULT;
	if (!kv_ready())
		return -ENOENT;
	err = kv_key_take(&key, at_of(key_part), len_of(key_part));
	return err ? err : kv_read(&key, to, len_of(room), &found);
}

/* One get of several; each word of it is read once. */
static inline void get_one(volatile unsigned char *get)
{
	const uint64_t key_part =
		kv_get_word(get + offsetof(struct kv_get, key));
	const uint64_t room = kv_get_word(get + offsetof(struct kv_get, value));
	volatile unsigned char *to = bytes_at(at_of(room), len_of(room));
	struct kv_found found = { 0 };
	struct kv_key key;
	int64_t rc = -EFAULT;

	if (__builtin_expect(!!to, 1)) {
		rc = kv_key_take(&key, at_of(key_part), len_of(key_part));
		if (__builtin_expect(!rc, 1))
			rc = kv_read(&key, to, len_of(room), &found);
	}
	kv_put_word(get + offsetof(struct kv_get, result), (uint64_t)rc);
	kv_put_word(get + offsetof(struct kv_get, cas), found.cas);
	kv_put_word(get + offsetof(struct kv_get, flags), found.flags);
}

ELISA_ENTRY(kv_mget, uint64_t offset, uint64_t n)
{
	volatile unsigned char *get;
	uint64_t i;

	if (n > elisa_xbuf_size() / sizeof(struct kv_get))
		return -EFAULT;
	get = bytes_at(offset, n * sizeof(struct kv_get));
	if (!get)
		return -EFAULT;
	if (!kv_ready()) {
		for (i = 0; i < n; i++, get += sizeof(struct kv_get))
			kv_put_word(get + offsetof(struct kv_get, result),
				    (uint64_t)-ENOENT);
		return n;
	}
	for (i = 0; i < n; i++, get += sizeof(struct kv_get))
		get_one(get);
	return n;
}

ELISA_ENTRY(kv_put, uint64_t key_part, uint64_t value, uint64_t mode_flags,
	    uint64_t ttl, uint64_t cas)
{
	const unsigned int mode = (uint32_t)mode_flags;
	const volatile unsigned char *from =
		bytes_at(at_of(value), len_of(value));
	struct kv_key key;
	int err;

	err = take_to_write(&key, key_part);
	if (err)
		return err;
	if (!from)
		return -EFAULT;
	if (mode > KV_CAS)
		return -EINVAL;
	return kv_store_put(&key, mode, from, len_of(value), mode_flags >> 32,
			    (int64_t)ttl, cas);
}

ELISA_ENTRY(kv_delete, uint64_t key_part)
{
	struct kv_key key;
	const int err = take_to_write(&key, key_part);

	return err ? err : kv_store_delete(&key);
}

ELISA_ENTRY(kv_touch, uint64_t key_part, uint64_t ttl)
{
	struct kv_key key;
	const int err = take_to_write(&key, key_part);

	return err ? err : kv_store_touch(&key, (int64_t)ttl);
}

ELISA_ENTRY(kv_add, uint64_t key_part, uint64_t delta, uint64_t down,
	    uint64_t offset)
{
	volatile unsigned char *to = bytes_at(offset, sizeof(uint64_t));
	uint64_t result = 0;
	struct kv_key key;
	int err;

	if (!to)
		return -EFAULT;
	err = take_to_write(&key, key_part);
	if (!err && down > 1)
		err = -EINVAL;
	if (!err)
		err = kv_store_add(&key, delta, down, &result);
	if (err)
		return err;
	kv_put_word(to, result);
	return 0;
}

ELISA_ENTRY(kv_scan, uint64_t cursor, uint64_t room)
{
	struct kv_scan scan = { 0 };
	struct elisa_xptr x;
	int64_t rc = 0;

	if (elisa_xptr(&x, at_of(room), len_of(room)) || x.len < sizeof(scan))
		return -EFAULT;
	if (kv_ready())
		rc = kv_store_scan(cursor, x._start + sizeof(scan),
				   x.len - sizeof(scan), &scan);
	return rc ? rc : elisa_put(&x, 0, &scan);
}

ELISA_ENTRY(kv_sweep, uint64_t cursor, uint64_t all)
{
	const int err = kv_may_write();

	return err ? err : kv_store_sweep(cursor, all);
}

ELISA_ENTRY(kv_stats, uint64_t offset)
{
	struct kv_stats stats;
	struct elisa_xptr x;

	if (elisa_xptr(&x, offset, sizeof(stats)))
		return -EFAULT;
	kv_store_stats(&stats);
	return elisa_put(&x, 0, &stats);
}

ELISA_ENTRY(kv_count, void)
{
	return kv_ready() ? kv_store_count() : 0;
}

ELISA_ENTRY(kv_put_u64, uint64_t number, uint64_t value)
{
	struct kv_key key;
	const int err = kv_may_write();

	if (err)
		return err;
	if (value > KV_U64_MAX)
		return -EINVAL;
	kv_key_of_u64(&key, number);
	return kv_store_put(&key, KV_SET, (const unsigned char *)&value,
			    sizeof(value), 0, 0, 0);
}

ELISA_ENTRY(kv_get_u64, uint64_t number)
{
	struct kv_found found;
	struct kv_key key;
	uint64_t value;
	int64_t rc;

	if (!kv_ready())
		return -ENOENT;
	kv_key_of_u64(&key, number);
	rc = kv_read(&key, (unsigned char *)&value, sizeof(value), &found);
	if (rc < 0)
		return rc;
	if (rc != sizeof(value))
		return -EMSGSIZE;
	return value > KV_U64_MAX ? (uint64_t)-ERANGE : value;
}

/* All that is worth it; for gets alone kv_mget is shorter. */
static const uint64_t batched[] = {
	ELISA_BATCHED(kv_get),	   ELISA_BATCHED(kv_put),
	ELISA_BATCHED(kv_delete),  ELISA_BATCHED(kv_touch),
	ELISA_BATCHED(kv_add),	   ELISA_BATCHED(kv_put_u64),
	ELISA_BATCHED(kv_get_u64),
};

ELISA_BATCH(batched);
