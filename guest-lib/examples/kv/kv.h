/* SPDX-License-Identifier: MIT */
/*
 * What callers of the kv example, its manager and its sub image share.
 *
 * Keys are 1..KV_KEY_MAX bytes, values 0..KV_VALUE_MAX bytes, of any contents.
 * A key of 8 bytes is also a number, for the entry points in _u64.
 *
 * Entry points.  "@key" and the like are parts of the exchange buffer, see
 * KV_AT().  Each returns 0 or a positive result, or -errno as a signed 64-bit
 * number:
 *
 *	nop()			  0
 *	kv_get(@key, @room)	  copies the value into @room.  Its length
 *	kv_mget(offset, n)	  n gets, struct kv_get at offset.  n
 *	kv_put(@key, @value, mode | flags << 32, ttl, cas)
 *				  stores a value, see enum kv_mode; flags are
 *				  the caller's, 32 bits; cas is for KV_CAS.  0
 *	kv_delete(@key)		  0
 *	kv_touch(@key, ttl)	  changes when the key expires.  0
 *	kv_add(@key, delta, down, offset)
 *				  adds to, or if down is 1 subtracts from, a value
 *				  of decimal digits, as memcached does, and stores
 *				  the result, 8 bytes, at offset.  0
 *	kv_scan(cursor, @room)	  fills @room with a struct kv_scan and what
 *				  follows it.  0
 *	kv_sweep(cursor, all)	  releases memory of expired keys, or deletes all
 *				  keys, in a part of the store.  The cursor for
 *				  the next part, or 0 after the last
 *	kv_stats(offset)	  a struct kv_stats.  0
 *	kv_count()		  number of keys; those that have expired count
 *				  until they are swept
 *	kv_put_u64(key, value)	  stores 8 bytes, value up to KV_U64_MAX.  0
 *	kv_get_u64(key)		  that value
 *
 * ttl: 0 the key never expires; seconds until it does; or, if it is negative as
 * a signed number, it has expired already.
 *
 * Errors:
 *	-ENOENT		there is no such key
 *	-EEXIST		there is, for KV_ADD; it has another cas, for KV_CAS
 *	-EINVAL		a length, mode, number or ttl is out of range; the
 *			value is no number, for kv_add
 *	-EFAULT		not in the exchange buffer
 *	-EMSGSIZE	the value is larger than the room for it; not 8 bytes
 *	-E2BIG		the value would be too large
 *	-ENOSPC		no memory
 *	-EDQUOT		the caller's VM would own more than its quota, or more
 *			VMs own something than can be told apart
 *	-EOPNOTSUPP	ttl is not 0, and nobody keeps the store's clock
 *	-EACCES		the attachment may not write
 *	-EAGAIN		others have written all the time: try again
 *	-EIO		the shared region holds nonsense
 */
#ifndef KV_H
#define KV_H

#include <stdint.h>

#define KV_EXPORT    "kv.store" /* default name of the export */
#define KV_KEY_MAX   250u	/* bytes, as in memcached */
#define KV_VALUE_MAX (1u << 20) /* bytes */
#define KV_SIZE_MIN  (64u << 10)
#define KV_U64_MAX   (UINT64_MAX - 4095)

/* A part of the exchange buffer, as an argument; both below 2^32. */
#define KV_AT(offset, len) ((uint64_t)(offset) | (uint64_t)(len) << 32)

/** enum kv_mode - what kv_put does about a value that is there, or is not */
enum kv_mode {
	KV_SET,	    /* whatever is there */
	KV_ADD,	    /* only if there is none */
	KV_REPLACE, /* only if there is one; likewise all below */
	KV_APPEND,  /* put behind it; flags and ttl stay as they are */
	KV_PREPEND, /* put in front of it */
	KV_CAS,	    /* only if it has this cas */
};

/**
 * struct kv_get - one get of kv_mget
 * @key: offset of the key in the exchange buffer
 * @key_len: its bytes
 * @value: offset of where the value goes
 * @room: bytes there
 * @result: its length, or -errno; likewise those below
 * @cas: a number that is another one after each change of the key's value
 * @flags: as they were put
 */
struct kv_get {
	uint32_t key;
	uint32_t key_len;
	uint32_t value;
	uint32_t room;
	int64_t result;
	uint64_t cas;
	uint32_t flags;
	uint32_t unused;
};

/**
 * struct kv_scan - some of the keys
 * @next: the cursor for the next ones, or 0 if there are no more
 * @count: number of struct kv_scan_key that follow
 * @bytes: of all of these
 *
 * A scan begins with the cursor 0.  A key that is there all the while is found
 * once; one that is put or deleted meanwhile may be.
 */
struct kv_scan {
	uint64_t next;
	uint32_t count;
	uint32_t bytes;
};

/**
 * struct kv_scan_key - one key
 * @key_len: its bytes; they follow, with zeros up to a multiple of 8
 * @value_len: bytes of the value
 */
struct kv_scan_key {
	uint32_t key_len;
	uint32_t value_len;
};

/**
 * struct kv_stats - what kv_stats tells
 * @items: keys
 * @bytes: of memory that they occupy
 * @size: bytes of the shared region
 * @own_items: those that were put by the calling VM
 * @own_bytes: what these occupy
 * @quota: the most that they may occupy, 0 if there is no limit
 * @clock: seconds since the store was made, 0 if nobody counts them
 * @repairs: how often something was repaired after a call had died
 */
struct kv_stats {
	uint64_t items;
	uint64_t bytes;
	uint64_t size;
	uint64_t own_items;
	uint64_t own_bytes;
	uint64_t quota;
	uint64_t clock;
	uint64_t repairs;
};

/**
 * struct kv_setup - the start of the shared region, which the manager writes
 * @clock: seconds, from 2 on, to be kept up to date; or 0: no key can expire
 * @quota: bytes that each VM may own; 0: all
 * @seed: random, before the first call: with it nobody can choose keys that
 *	collide
 *
 * All may be zero.
 */
struct kv_setup {
	uint64_t clock;
	uint64_t quota;
	uint64_t seed[2];
};

#endif /* KV_H */
