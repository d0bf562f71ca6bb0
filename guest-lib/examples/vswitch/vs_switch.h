/* SPDX-License-Identifier: MIT */
/*
 * The switch: a frame is read once, its sender's address is looked at, and it goes
 * to the port of its receiver's address, or to all others.
 *
 * A call remembers what it has found out for the frame before, and keeps the lock
 * of that one's ring, because frames come in flows.
 */
#ifndef VS_SWITCH_H
#define VS_SWITCH_H

#include "vs_port.h"

#define VS_NOWHERE 1 /* no key */

/**
 * struct vs_sender - a call that sends
 * @port: its port
 * @number: of that
 * @xbuf_size: of the exchange buffer
 * @ring_size: of rings
 * @source: key of a sender's address that may be used, or VS_NOWHERE
 * @target: key of the receiver's address that leads to @out, or VS_NOWHERE
 * @out: a port whose ring is locked, or NULL
 */
struct vs_sender {
	struct vs_port *port;
	unsigned int number;
	uint64_t xbuf_size;
	uint64_t ring_size;
	uint64_t source;
	uint64_t target;
	struct vs_port *out;
};

static inline void vs_let_go(struct vs_sender *s)
{
	if (s->out)
		vs_unlock(&s->out->put);
	s->out = NULL;
	s->target = VS_NOWHERE;
}

/* Locks the ring of a port, unless it is none any more. */
static inline bool vs_take_hold(struct vs_sender *s, unsigned int number)
{
	struct vs_port *out = &vs_region()->port[number];

	vs_let_go(s);
	if (vs_lock_put(out))
		return false;
	if (!vs_load(&out->handle)) {
		vs_unlock(&out->put);
		return false;
	}
	s->out = out;
	return true;
}

/* May this sender use this address?  0, -EINVAL, -EPERM. */
static inline int vs_check_source(struct vs_sender *s, uint64_t key)
{
	const uint64_t clock = vs_clock();
	uint64_t *where, entry;

	if (!key || vs_key_is_group(key))
		return -EINVAL;
	entry = vs_find(key, &where);
	if (__builtin_expect(entry && vs_port_of(entry) == s->number, 1)) {
		const uint64_t now = vs_entry(key, s->number, clock);

		/* A refresh.  If it fails, somebody has done more. */
		if (entry != now)
			__atomic_compare_exchange_n(where, &entry, now, false,
						    __ATOMIC_RELAXED,
						    __ATOMIC_RELAXED);
		return 0;
	}
	if (entry && !vs_is_old(entry, clock))
		return -EPERM;
	if (!vs_has_room(s->port))
		return 0;
	/* Locks have an order. */
	vs_let_go(s);
	if (vs_lock_header())
		return 0;
	if (vs_load(&s->port->handle) && vs_has_room(s->port))
		vs_learn(key, s->number, clock);
	vs_unlock(&vs_region()->header.lock);
	return 0;
}

/* A frame that has been looked at. */
struct vs_seen {
	const volatile unsigned char *bytes;
	uint64_t w0;
	uint64_t w1;
	uint64_t len;
};

VS_INLINE bool vs_deliver(struct vs_sender *s, const struct vs_seen *f)
{
	if (__builtin_expect(vs_put(s->out, s->ring_size, s->number, f->bytes,
				    f->w0, f->w1, f->len),
			     1))
		return true;
	vs_save(&s->out->missed, s->out->missed + 1);
	return false;
}

/* To all ports but the sender's: how many took it. */
static inline int vs_flood(struct vs_sender *s, const struct vs_seen *f)
{
	uint64_t left = vs_load(&vs_region()->header.active) &
			~(1ULL << s->number) & ((1ULL << VS_PORTS) - 1);
	int n = 0;

	vs_count(&s->port->flooded, 1);
	for (; left; left &= left - 1) {
		if (!vs_take_hold(s, (unsigned int)__builtin_ctzll(left)))
			continue;
		if (vs_deliver(s, f))
			n++;
		vs_let_go(s);
	}
	return n;
}

/* A frame for another address than the one before: as vs_send_frame(). */
static __attribute__((noinline)) int
vs_send_elsewhere(struct vs_sender *s, const struct vs_seen *f, uint64_t key)
{
	uint64_t *where;
	const uint64_t entry = vs_key_is_group(key) ? 0 : vs_find(key, &where);

	if (!entry || vs_is_old(entry, vs_clock()))
		return vs_flood(s, f);
	if (vs_port_of(entry) == s->number)
		return 0;
	if (s->out != &vs_region()->port[vs_port_of(entry)] &&
	    !vs_take_hold(s, vs_port_of(entry)))
		return 0;
	s->target = key;
	return vs_deliver(s, f) ? 1 : -ENOBUFS;
}

/* As the result of struct vs_frame. */
VS_INLINE int vs_send_frame(struct vs_sender *s, uint64_t at, uint64_t len)
{
	struct vs_seen f = { .len = len };
	uint64_t source, target;
	int err;

	if (__builtin_expect(len - VS_FRAME_MIN > VS_FRAME_MAX - VS_FRAME_MIN,
			     0))
		return -EINVAL;
	f.bytes = vs_bytes(at, VS_ROOM(len), s->xbuf_size);
	if (__builtin_expect(!f.bytes, 0))
		return -EFAULT;
	f.w0 = vs_get_word(f.bytes);
	f.w1 = vs_get_word(f.bytes + 8);
	target = f.w0 << 16;
	source = f.w0 >> 48 << 16 | f.w1 << 32;
	if (__builtin_expect(source != s->source, 0)) {
		err = vs_check_source(s, source);
		if (err)
			return err;
		s->source = source;
	}
	if (__builtin_expect(target != s->target, 0))
		return vs_send_elsewhere(s, &f, target);
	return vs_deliver(s, &f) ? 1 : -ENOBUFS;
}

/* What a result says to the sender's counters. */
static inline void vs_count_failure(struct vs_port *port, int result)
{
	if (result == -EPERM)
		vs_count(&port->spoofed, 1);
	else if (result == -ENOBUFS)
		vs_count(&port->refused, 1);
	else
		vs_count(&port->bad, 1);
}

VS_INLINE void vs_sender_begin(struct vs_sender *s, struct vs_port *port)
{
	s->port = port;
	s->number = (unsigned int)(port - vs_region()->port);
	s->xbuf_size = elisa_xbuf_size();
	s->ring_size = vs_ring_size();
	s->source = VS_NOWHERE;
	s->target = VS_NOWHERE;
	s->out = NULL;
}

/**
 * vs_send_all() - send the frames of an array
 * @port: the caller's
 * @frame: the array, in the exchange buffer
 * @n: how many
 */
VS_INLINE void vs_send_all(struct vs_port *port, volatile unsigned char *frame,
			   uint64_t n)
{
	uint64_t sent = 0, bytes = 0;
	struct vs_sender s;

	vs_sender_begin(&s, port);
	for (; n; n--, frame += sizeof(struct vs_frame)) {
		const uint64_t word = vs_get_word(frame);
		const uint64_t len = word >> 32 & 0xffff;
		const int result = vs_send_frame(&s, (uint32_t)word, len);

		vs_put_half(frame + offsetof(struct vs_frame, result),
			    (uint16_t)result);
		if (__builtin_expect(result < 0, 0)) {
			vs_count_failure(port, result);
			continue;
		}
		sent++;
		bytes += len;
	}
	vs_let_go(&s);
	vs_count(&port->sent, sent);
	vs_count(&port->sent_bytes, bytes);
}

/* --- receiving */

/**
 * struct vs_receiver - a call that receives
 * @port: its port, whose ring is locked
 * @ring: that
 * @ring_size: its size
 * @xbuf_size: of the exchange buffer
 * @head: where the next frame is
 * @tail: where none is any more
 */
struct vs_receiver {
	struct vs_port *port;
	const uint64_t *ring;
	uint64_t ring_size;
	uint64_t xbuf_size;
	uint64_t head;
	uint64_t tail;
};

/* Locks: 0, -EIO, or -ESTALE. */
VS_INLINE int vs_receiver_begin(struct vs_receiver *r, struct vs_port *port,
				uint64_t handle)
{
	int err = vs_lock_take(port);

	if (err)
		return err;
	if (__builtin_expect(vs_load(&port->handle) != handle, 0)) {
		vs_unlock(&port->take);
		return -ESTALE;
	}
	r->port = port;
	r->ring_size = vs_ring_size();
	r->ring =
		vs_ring((unsigned int)(port - vs_region()->port), r->ring_size);
	r->xbuf_size = elisa_xbuf_size();
	r->head = vs_load(&port->head);
	r->tail = __atomic_load_n(&port->tail, __ATOMIC_ACQUIRE);
	return 0;
}

/*
 * Takes the next frame, which is there, to a room of the caller's.  *@len: its
 * length.  0, -EFAULT and it is still there, or -EMSGSIZE and it is gone.
 */
VS_INLINE int vs_receive_frame(struct vs_receiver *r, uint64_t to,
			       uint64_t room, uint64_t *len)
{
	uint64_t at = r->head & (r->ring_size - 1), word = r->ring[at / 8];
	volatile unsigned char *bytes;
	struct vs_share *share;
	uint64_t words;
	int result = 0;

	if (__builtin_expect(word & VS_SKIP, 0)) {
		r->head += r->ring_size - at;
		at = 0;
		word = r->ring[0];
	}
	*len = VS_LEN(word);
	words = (*len + 7) / 8;
	if (__builtin_expect(8 * words > room, 0)) {
		result = -EMSGSIZE;
	} else {
		bytes = vs_bytes(to, 8 * words, r->xbuf_size);
		if (__builtin_expect(!bytes, 0))
			return -EFAULT;
		/* As long as the ring, also if the length were nonsense. */
		if (__builtin_expect(8 + 8 * words > r->ring_size - at, 0))
			return -EFAULT;
		vs_copy(bytes, (const unsigned char *)&r->ring[at / 8 + 1],
			words);
	}
	share = &r->port->share[VS_FROM(word)];
	vs_save32(&share->out, share->out + 8 + 8 * (uint32_t)words);
	r->head += 8 + 8 * words;
	vs_save(&r->port->head, r->head);
	return result;
}

/**
 * vs_receive_all() - fill the rooms of an array
 * @port: the caller's
 * @handle: its handle
 * @frame: the array, in the exchange buffer
 * @n: how many
 *
 * Return: how many have a result, or -errno.
 */
VS_INLINE int64_t vs_receive_all(struct vs_port *port, uint64_t handle,
				 volatile unsigned char *frame, uint64_t n)
{
	uint64_t left = n, received = 0, bytes = 0;
	struct vs_receiver r;
	int err = vs_receiver_begin(&r, port, handle);

	if (err)
		return err;
	for (; left && r.head != r.tail;
	     left--, frame += sizeof(struct vs_frame)) {
		const uint64_t word = vs_get_word(frame);
		uint64_t len = word >> 32 & 0xffff;
		const int result =
			vs_receive_frame(&r, (uint32_t)word, len, &len);

		vs_put_word(frame, (uint32_t)word | len << 32 |
					   (uint64_t)(uint16_t)result << 48);
		if (__builtin_expect(result, 0)) {
			vs_count(&port->bad, 1);
			continue;
		}
		received++;
		bytes += len;
	}
	vs_unlock(&port->take);
	if (received) {
		vs_count(&port->received, received);
		vs_count(&port->received_bytes, bytes);
	}
	return (int64_t)(n - left);
}

#endif /* VS_SWITCH_H */
