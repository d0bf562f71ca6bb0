/* SPDX-License-Identifier: MIT */
/*
 * The switch: a frame is read once, its sender's address is looked at, and it goes
 * to the port of its receiver's address, or to all others.
 *
 * A call remembers what it has found out for the frame before, and keeps the lock
 * of that one's ring, because frames come in flows.  So does the port, for calls of
 * the same second: an address belongs to the same port as long as that is open and
 * the clock stands still.
 */
#ifndef VS_SWITCH_H
#define VS_SWITCH_H

#include "vs_port.h"

/**
 * struct vs_sender - a call that sends
 * @port: its port
 * @number: of that
 * @source: key of a sender's address that may be used, or VS_NOWHERE
 * @target: key of the receiver's address that leads to @out, or VS_NOWHERE
 * @out: a port whose ring is locked, or none
 */
struct vs_sender {
	struct vs_port *port;
	unsigned int number;
	uint64_t source;
	uint64_t target;
	struct vs_cursor out;
};

VS_INLINE void vs_let_go(struct vs_sender *s)
{
	if (s->out.port) {
		vs_cursor_publish(&s->out);
		vs_unlock(&s->out.port->put);
	}
	s->out.port = NULL;
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
	vs_cursor_begin(&s->out, out, number, s->number);
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
		vs_save(&s->port->source, key);
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

/* Keys of the addresses, of a frame's first words. */
VS_INLINE uint64_t vs_target_of(uint64_t w0)
{
	return w0 << 16;
}

VS_INLINE uint64_t vs_source_of(uint64_t w0, uint64_t w1)
{
	return w0 >> 48 << 16 | w1 << 32;
}

/* A frame that has been looked at. */
struct vs_seen {
	const volatile unsigned char *bytes;
	uint64_t w0;
	uint64_t w1;
	uint64_t len;
};

VS_INLINE bool vs_deliver(struct vs_sender *s, struct vs_seen f)
{
	if (!vs_cursor_fits(&s->out, f.len) &&
	    !vs_cursor_room(&s->out, f.len)) {
		vs_save(&s->out.port->missed, s->out.port->missed + 1);
		return false;
	}
	vs_put(&s->out, s->number, f.bytes, f.w0, f.w1, f.len);
	return true;
}

/* To all ports but the sender's: how many took it. */
static inline int vs_flood(struct vs_sender *s, struct vs_seen f)
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

/*
 * A frame with other addresses than the one before: 1: it goes to @s->out;
 * otherwise as the result of struct vs_frame.
 */
static __attribute__((noinline)) int
vs_look_up(struct vs_sender *s, const volatile unsigned char *bytes,
	   uint64_t w0, uint64_t w1, uint64_t len, bool *done)
{
	const struct vs_seen f = { bytes, w0, w1, len };
	const uint64_t target = vs_target_of(w0);
	const uint64_t source = vs_source_of(w0, w1);
	uint64_t *where, entry;
	int err;

	*done = true;
	if (source != s->source) {
		err = vs_check_source(s, source);
		if (err)
			return err;
		s->source = source;
	}
	*done = false;
	if (target == s->target)
		return 0;
	entry = vs_key_is_group(target) ? 0 : vs_find(target, &where);
	*done = true;
	if (!entry || vs_is_old(entry, vs_clock()))
		return vs_flood(s, f);
	if (vs_port_of(entry) == s->number)
		return 0;
	if (s->out.port != &vs_region()->port[vs_port_of(entry)] &&
	    !vs_take_hold(s, vs_port_of(entry)))
		return 0;
	s->target = target;
	vs_save(&s->port->target, VS_NOWHERE);
	vs_save(&s->port->target_handle, s->out.port->handle);
	vs_save(&s->port->target, target);
	*done = false;
	return 0;
}

/* A frame in the exchange buffer.  @at: below 2^32, so that no sum wraps. */
VS_INLINE int vs_look_at(struct vs_seen *f, uint64_t at, uint64_t len)
{
	const uint64_t end = at + VS_ROOM(len), size = elisa_xbuf_size();

	if (__builtin_expect(len - VS_FRAME_MIN > VS_FRAME_MAX - VS_FRAME_MIN,
			     0))
		return -EINVAL;
	if (__builtin_expect(end > size, 0))
		return -EFAULT;
	f->bytes = (const volatile unsigned char *)elisa_xbuf() +
		   vs_nospec(at, end, size);
	f->w0 = vs_get_word(f->bytes);
	f->w1 = vs_get_word(f->bytes + 8);
	f->len = len;
	return 0;
}

/* The first frame of a call goes where the last one of the call before went. */
VS_INLINE bool vs_again(struct vs_sender *s, const struct vs_seen *f)
{
	const uint64_t handle = vs_load(&s->port->target_handle);
	const unsigned int number = handle % VS_PORTS;
	struct vs_port *out = &vs_region()->port[number];

	if (vs_source_of(f->w0, f->w1) != s->source || s->out.port ||
	    vs_target_of(f->w0) != vs_load(&s->port->target) ||
	    vs_lock_put(out))
		return false;
	if (__builtin_expect(vs_load(&out->handle) != handle, 0)) {
		vs_unlock(&out->put);
		return false;
	}
	vs_cursor_begin(&s->out, out, number, s->number);
	s->target = vs_target_of(f->w0);
	return true;
}

/* As the result of struct vs_frame.  @at: as above. */
VS_INLINE int vs_send_frame(struct vs_sender *s, uint64_t at, uint64_t len)
{
	struct vs_seen f;
	int result = vs_look_at(&f, at, len);

	if (__builtin_expect(result, 0))
		return result;
	if ((__builtin_expect(vs_source_of(f.w0, f.w1) != s->source, 0) ||
	     __builtin_expect(vs_target_of(f.w0) != s->target, 0)) &&
	    !vs_again(s, &f)) {
		bool done;

		result = vs_look_up(s, f.bytes, f.w0, f.w1, len, &done);
		if (done)
			return result;
	}
	return vs_deliver(s, f) ? 1 : -ENOBUFS;
}

/*
 * The short way for a single frame, with the addresses of the call before, to a
 * ring that has room.  false: nothing was done, it may take the long one.
 */
VS_INLINE bool vs_send_again(struct vs_port *port, unsigned int number,
			     uint64_t at, uint64_t len)
{
	const uint64_t handle = vs_load(&port->target_handle);
	const unsigned int to = handle % VS_PORTS;
	struct vs_port *out = &vs_region()->port[to];
	struct vs_cursor c;
	struct vs_seen f;
	bool fits;

	if (vs_look_at(&f, at, len) ||
	    vs_source_of(f.w0, f.w1) != vs_load(&port->source) ||
	    vs_target_of(f.w0) != vs_load(&port->target) || vs_lock_put(out))
		return false;
	vs_cursor_begin(&c, out, to, number);
	fits = vs_load(&out->handle) == handle && vs_cursor_fits(&c, len);
	if (fits) {
		vs_put(&c, number, f.bytes, f.w0, f.w1, len);
		vs_cursor_publish(&c);
	}
	vs_unlock(&out->put);
	return fits;
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
	s->source = vs_load(&port->source);
	s->target = VS_NOWHERE;
	s->out.port = NULL;
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
	const volatile unsigned char *end = frame + n * sizeof(struct vs_frame);
	uint64_t sent = n, bytes = 0;
	struct vs_sender s;

	vs_sender_begin(&s, port);
	for (; frame != end; frame += sizeof(struct vs_frame)) {
		const uint64_t word = vs_get_word(frame);
		const uint64_t len = word >> 32 & 0xffff;
		const int result = vs_send_frame(&s, (uint32_t)word, len);

		vs_put_half(frame + offsetof(struct vs_frame, result),
			    (uint16_t)result);
		bytes += len;
		if (__builtin_expect(result < 0, 0)) {
			vs_count_failure(port, result);
			sent--;
			bytes -= len;
		}
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
 * @head: where the next frame is
 * @tail: where none is any more
 */
struct vs_receiver {
	struct vs_port *port;
	const unsigned char *ring;
	uint64_t ring_size;
	uint64_t head;
	uint64_t tail;
};

/* Locks: 0, -EIO, or -ESTALE. */
VS_INLINE int vs_receiver_begin(struct vs_receiver *r, struct vs_port *port,
				uint64_t handle)
{
	const int err = vs_lock_take(port);

	if (err)
		return err;
	if (__builtin_expect(vs_load(&port->handle) != handle, 0)) {
		vs_unlock(&port->take);
		return -ESTALE;
	}
	r->port = port;
	r->ring_size = vs_ring_size();
	r->ring = vs_ring((unsigned int)(handle % VS_PORTS));
	r->head = vs_load(&port->head);
	r->tail = __atomic_load_n(&port->tail, __ATOMIC_ACQUIRE);
	return 0;
}

/* What was taken is gone, and there is room for others. */
VS_INLINE void vs_receiver_end(struct vs_receiver *r)
{
	vs_save(&r->port->head, r->head);
	vs_unlock(&r->port->take);
}

/*
 * Takes the next frame, which is there, to a room of the caller's; @to: below 2^32.
 * *@len: its length.  0, -EFAULT and it is still there, or -EMSGSIZE and it is gone.
 */
VS_INLINE int vs_receive_frame(struct vs_receiver *r, uint64_t to,
			       uint64_t room, uint64_t *len)
{
	const unsigned char *from = r->ring + (r->head & (r->ring_size - 1));
	volatile unsigned char *bytes = elisa_xbuf();
	uint64_t word = *(const uint64_t *)from, need;
	struct vs_share *share;
	int result = 0;

	if (__builtin_expect((int64_t)word < 0, 0)) { /* VS_SKIP */
		r->head = (r->head | (r->ring_size - 1)) + 1;
		from = r->ring;
		word = *(const uint64_t *)from;
	}
	*len = VS_LEN(word);
	need = VS_ROOM(*len);
	if (__builtin_expect(need > room, 0)) {
		result = -EMSGSIZE;
	} else {
		const uint64_t size = elisa_xbuf_size();

		if (__builtin_expect(to + need > size, 0))
			return -EFAULT;
		vs_copy(bytes + vs_nospec(to, to + need, size), from + 8,
			need / 8);
	}
	share = &r->port->share[VS_FROM(word)];
	vs_save32(&share->out, share->out + 8 + (uint32_t)need);
	r->head += 8 + need;
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
	volatile unsigned char *const begin = frame;
	volatile unsigned char *const end = frame + n * sizeof(struct vs_frame);
	uint64_t failed = 0, bytes = 0;
	struct vs_receiver r;
	const int err = vs_receiver_begin(&r, port, handle);

	if (err)
		return err;
	for (; frame != end && r.head != r.tail;
	     frame += sizeof(struct vs_frame)) {
		const uint64_t word = vs_get_word(frame);
		uint64_t len = word >> 32 & 0xffff;
		const int result =
			vs_receive_frame(&r, (uint32_t)word, len, &len);

		vs_put_word(frame, (uint32_t)word | len << 32 |
					   (uint64_t)(uint16_t)result << 48);
		bytes += len;
		if (__builtin_expect(result, 0)) {
			failed++;
			bytes -= len;
		}
	}
	n = (uint64_t)(frame - begin) / sizeof(struct vs_frame);
	if (n) {
		vs_receiver_end(&r);
		vs_count(&port->received, n - failed);
		vs_count(&port->received_bytes, bytes);
	} else {
		vs_unlock(&port->take);
	}
	if (__builtin_expect(failed, 0))
		vs_count(&port->bad, failed);
	return (int64_t)n;
}

#endif /* VS_SWITCH_H */
