/* SPDX-License-Identifier: MIT */
/*
 * memcached's text protocol: bytes of a connection in, bytes out, and calls of
 * the store between.  Nothing here knows sockets.
 *
 *	for (;;) {
 *		p = kv_session_room(session, &room);
 *		n = recv(fd, p, room, 0);
 *		kv_session_received(session, n);
 *		p = kv_session_output(session, &len);
 *		n = send(fd, p, len, 0);
 *		kv_session_sent(session, n);
 *	}
 *
 * What a session needs of memory is bounded: a command with its data block,
 * KV_LINE_MAX + the largest value, and KV_OUT_HIGH + one batch of gets.
 */
#ifndef KV_PROTO_H
#define KV_PROTO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kv_link.h"

#define KV_LINE_MAX   65536u	   /* bytes of a command line */
#define KV_OUT_HIGH   (256u << 10) /* no command begins with more output */
#define KV_PROTO_XBUF (2u << 20)   /* bytes of exchange buffer needed */

/**
 * struct kv_server - what all sessions share
 * @link: the store
 * @value_max: bytes of a value, up to KV_VALUE_MAX
 * @now: seconds since 1970, kept up to date by kv_server_tick()
 * @started: as of the first tick
 * @flush_at: when all keys are to be deleted, or 0
 * @swept_at: when the store was swept because it was full
 * @sweep: how far the ordinary sweep has come
 * @lost: the store is gone: no command succeeds any more
 * @connections: sessions that there are; the caller's to set, as those below
 * @connections_max: how many there may be
 * @connections_total: how many there have been
 * @connections_rejected: how many there were too many
 * @gets: keys that were asked for; and so on
 */
struct kv_server {
	struct kv_link *link;
	uint32_t value_max;
	int64_t now, started, flush_at, swept_at;
	uint64_t sweep;
	bool lost;
	unsigned int connections, connections_max;
	uint64_t connections_total, connections_rejected;
	uint64_t gets, hits, sets, touches, flushes;
};

/** struct kv_session - a connection */
struct kv_session;

/**
 * kv_server_tick() - what is to be done once a second
 * @server: the server
 * @now: seconds since 1970
 */
void kv_server_tick(struct kv_server *server, int64_t now);

/** kv_session_new() - a new connection, or NULL; kv_session_free() */
struct kv_session *kv_session_new(struct kv_server *server);

/** kv_session_free() - release it */
void kv_session_free(struct kv_session *session);

/**
 * kv_session_room() - where input goes
 * @session: the session
 * @room: set to the bytes there; 0 while no input is wanted: because there is
 *	much output, or the connection is to be closed
 */
char *kv_session_room(struct kv_session *session, size_t *room);

/** kv_session_received() - @n bytes are there; executes what is complete */
void kv_session_received(struct kv_session *session, size_t n);

/** kv_session_output() - what is to be sent; @len: its bytes, maybe 0 */
const char *kv_session_output(struct kv_session *session, size_t *len);

/** kv_session_sent() - @n bytes of it were sent; executes what had to wait */
void kv_session_sent(struct kv_session *session, size_t n);

/** kv_session_ended() - is it to be closed, once the output is sent? */
bool kv_session_ended(const struct kv_session *session);

#endif /* KV_PROTO_H */
