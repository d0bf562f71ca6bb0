/* SPDX-License-Identifier: MIT */
/* What clients of the kv example and its sub image share. */
#ifndef KV_H
#define KV_H

#define KV_EXPORT    "kv.store" /* default name of the export */
#define KV_VALUE_MAX 64		/* bytes */

/*
 * Entry points.  Each returns 0 or a positive result, or -errno as a signed
 * 64-bit number:
 *
 *	kv_put(key, offset, len)  stores len (0..64) bytes of the exchange
 *				  buffer.  0
 *	kv_get(key, offset, room) copies the value into the exchange buffer.
 *				  Its length
 *	kv_put_u64(key, value)	  stores 8 bytes, value up to KV_U64_MAX.  0
 *	kv_get_u64(key)		  that value
 *	kv_count()		  number of keys
 *	nop()			  0
 *
 * Errors: -ENOENT no such key; -ENOSPC the key's bucket is full; -EINVAL a
 * length or offset is out of range; -EMSGSIZE the value is larger than the
 * room for it, or not 8 bytes; -EAGAIN the bucket is being written by a call
 * that takes long: try again; -EACCES the attachment may not write; -EIO the
 * shared region holds nonsense.
 */
#define KV_U64_MAX (UINT64_MAX - 4095)

#endif /* KV_H */
