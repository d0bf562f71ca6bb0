/* SPDX-License-Identifier: MIT */
/*
 * A port of the switch, whichever way: by ELISA, or directly, in memory that is
 * mapped.  The rest of a program does not see the difference.
 */
#ifndef VS_LINK_H
#define VS_LINK_H

#include <stddef.h>
#include <stdint.h>

#include <elisa/guest.h>

#include "vs.h"

/**
 * struct vs_link - the connection
 * @att: the attachment, NULL if it is direct
 * @xbuf: the exchange buffer
 * @xbuf_size: its bytes
 * @handle: of the port, 0 without one
 */
struct vs_link {
	struct elisa_attachment *att;
	unsigned char *xbuf;
	size_t xbuf_size;
	uint64_t handle;
	struct elisa_buffer buffer;
	struct elisa_entry open, close, exchange, stats;
};

/**
 * vs_link_open() - connect, without a port yet
 * @link: filled in; release it with vs_link_close(), also after an error
 * @name: name of the export
 * @xbuf_size: bytes of exchange buffer, a multiple of 4096 up to 2 MiB
 * @why: set to what has failed
 *
 * Return: 0, or as elisa_buffer_alloc(), elisa_attach() and elisa_lookup().
 */
int vs_link_open(struct vs_link *link, const char *name, size_t xbuf_size,
		 const char **why);

/**
 * vs_link_open_direct() - connect without ELISA
 * @link: as above; to be used by this thread only
 * @path: a file, see direct_open()
 * @size: bytes of shared region
 * @xbuf_size: as above
 *
 * Return: 0, or as direct_open().
 */
int vs_link_open_direct(struct vs_link *link, const char *path, size_t size,
			size_t xbuf_size);

/** vs_link_close() - close the port and disconnect: 0, or as elisa_detach() */
int vs_link_close(struct vs_link *link);

/** vs_link_port() - open a port, a new one if there was one: 0 or -errno */
int vs_link_port(struct vs_link *link);

/**
 * vs_link_exchange() - send and receive
 * @link: with a port
 * @out: offset of struct vs_frame [@n] to send
 * @n: up to VS_BATCH_MAX
 * @in: offset of struct vs_frame [@m] to fill
 * @m: up to VS_BATCH_MAX
 *
 * Return: how many of the latter have a result; -ESTALE the port is not ours any
 * more; or another error of vs_exchange() or elisa_call6().
 */
int64_t vs_link_exchange(struct vs_link *link, uint32_t out, uint32_t n,
			 uint32_t in, uint32_t m);

/** vs_link_stats() - figures; of the port, if there is one: 0 or -errno */
int vs_link_stats(struct vs_link *link, struct vs_stats *stats);

#endif /* VS_LINK_H */
