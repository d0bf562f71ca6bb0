/* SPDX-License-Identifier: MIT */
/*
 * A connection to the store, whichever way: by ELISA, or directly, to memory that
 * is mapped.  The rest of a program does not see the difference.
 */
#ifndef KV_LINK_H
#define KV_LINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <elisa/guest.h>

#include "kv.h"

/**
 * struct kv_link - the connection
 * @att: the attachment, NULL if it is direct
 * @xbuf: the exchange buffer
 * @xbuf_size: its bytes
 * @nop: entry points, see kv.h; and so on
 */
struct kv_link {
	struct elisa_attachment *att;
	unsigned char *xbuf;
	size_t xbuf_size;
	struct elisa_buffer buffer;
	struct elisa_entry nop, get, mget, put, delete, touch, add, scan, sweep,
		stats, count, put_u64, get_u64;
};

/**
 * kv_link_open() - connect
 * @link: filled in; release it with kv_link_close(), also after an error
 * @name: name of the export
 * @xbuf_size: bytes of exchange buffer, a multiple of 4096 up to 2 MiB; 0: none
 * @why: set to what has failed
 *
 * Return: 0, or as elisa_buffer_alloc(), elisa_attach() and elisa_lookup().
 */
int kv_link_open(struct kv_link *link, const char *name, size_t xbuf_size,
		 const char **why);

/**
 * kv_link_open_direct() - connect without ELISA
 * @link: as above; to be used by this thread only
 * @path: a file, see direct_open()
 * @size: bytes of shared region
 * @xbuf_size: as above
 *
 * Return: 0, or as direct_open().
 */
int kv_link_open_direct(struct kv_link *link, const char *path, size_t size,
			size_t xbuf_size);

/** kv_link_close() - release a connection: 0, or as elisa_detach() */
int kv_link_close(struct kv_link *link);

/**
 * kv_call() - call an entry point with up to five arguments
 *
 * Repeats what cannot be done just now.
 *
 * Return: what the entry point returned; or, below 0, as elisa_call6().  See
 * kv_link_lost() for which it is.
 */
int64_t kv_call(const struct elisa_entry *entry, uint64_t a0, uint64_t a1,
		uint64_t a2, uint64_t a3, uint64_t a4);

/** kv_link_lost() - did the last kv_call() of this thread not return? */
bool kv_link_lost(void);

#endif /* KV_LINK_H */
