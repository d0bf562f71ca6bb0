/* SPDX-License-Identifier: MIT */
/*
 * Rings: frames that wait for their port.
 *
 * A ring is an array of bytes; the port's tail and head count those that were ever
 * put and taken, whole words.  A frame is a word, its length and the number of its
 * sender, and its bytes, with zeros up to a whole word.  It does not cross the end
 * of the ring: VS_SKIP in that word says that the next one is at its start.
 *
 * Ports put frames into others' rings under @put, and take them out of their own
 * under @take.  Frames are there when the tail is behind them, which is so at the
 * end of a call or before; whoever dies earlier has put nothing.
 *
 * Room is shared fairly: a port may have as many bytes in a ring as are free in it.
 * So a port alone can fill half of it, two a third each, and there is always room
 * for another one's.
 */
#ifndef VS_RING_H
#define VS_RING_H

#include "vs_layout.h"

#define VS_SKIP	   (1ULL << 63)
#define VS_FROM(x) ((unsigned int)((x) >> 32) & (VS_PORTS - 1))
#define VS_LEN(x)  ((x)&0xffff)

/* Takes a lock: 0, -EOWNERDEAD and the owner was dead, or -EIO. */
VS_INLINE int vs_lock(struct elisa_mutex *lock)
{
	const int err = elisa_mutex_lock(lock);

	elisa_test_point();
	if (__builtin_expect(!err, 1))
		return 0;
	return err == -EOWNERDEAD ? err : -EIO;
}

VS_INLINE void vs_unlock(struct elisa_mutex *lock)
{
	elisa_mutex_unlock(lock);
	elisa_test_point();
}

/* The owner of the lock has repaired what there was to repair. */
static inline void vs_repaired(struct elisa_mutex *lock)
{
	elisa_mutex_consistent(lock);
	vs_count(&vs_region()->header.repairs, 1);
	elisa_test_point();
}

VS_INLINE void vs_save32(uint32_t *p, uint32_t value)
{
	__atomic_store_n(p, value, __ATOMIC_RELEASE);
	elisa_test_point();
}

/* --- taking */

/* Somebody has died who took frames; @err: as vs_lock(). */
static __attribute__((noinline)) int vs_repair_take(struct vs_port *port,
						    int err)
{
	if (err != -EOWNERDEAD)
		return err;
	/* A frame may have left its share, or the ring, but not both. */
	vs_save(&port->recount, 1);
	vs_repaired(&port->take);
	return 0;
}

/* Locks a port's ring to take frames out of it: 0 or -EIO. */
VS_INLINE int vs_lock_take(struct vs_port *port)
{
	const int err = vs_lock(&port->take);

	return __builtin_expect(err, 0) ? vs_repair_take(port, err) : 0;
}

/* --- putting */

/* Of who has both locks: counts anew what is in the ring. */
static inline void vs_recount(struct vs_port *port)
{
	const uint64_t size = vs_ring_size(), tail = vs_load(&port->tail);
	const uint64_t *ring = (const uint64_t *)vs_ring(
		(unsigned int)(port - vs_region()->port));
	uint32_t bytes[VS_PORTS] = { 0 };
	uint64_t head = vs_load(&port->head);
	unsigned int i;

	while (tail - head - 1 < size) {
		const uint64_t at = head & (size - 1), word = ring[at / 8];
		const uint64_t need = 8 + VS_ROOM(VS_LEN(word));

		if (word & VS_SKIP) {
			head += size - at;
			continue;
		}
		bytes[VS_FROM(word)] += (uint32_t)need;
		head += need;
	}
	for (i = 0; i < VS_PORTS; i++)
		vs_save32(&port->share[i].in,
			  __atomic_load_n(&port->share[i].out,
					  __ATOMIC_RELAXED) +
				  bytes[i]);
}

/* Somebody has died, who had one of the locks; @err: as vs_lock(). */
static __attribute__((noinline)) int vs_repair_ring(struct vs_port *port,
						    int err)
{
	int taken;

	if (err == -EIO)
		return err;
	taken = vs_lock_take(port);
	if (taken) {
		vs_unlock(&port->put);
		return taken;
	}
	vs_recount(port);
	vs_save(&port->recount, 0);
	if (err)
		vs_repaired(&port->put);
	vs_unlock(&port->take);
	return 0;
}

/* Locks a port's ring to put frames into it: 0 or -EIO. */
VS_INLINE int vs_lock_put(struct vs_port *port)
{
	const int err = vs_lock(&port->put);

	if (__builtin_expect(err || vs_load(&port->recount), 0))
		return vs_repair_ring(port, err);
	return 0;
}

/**
 * struct vs_cursor - where the next frame goes
 * @port: whose ring, locked; or NULL
 * @share: the sender's part of it
 * @to: next word
 * @start: what is behind it was not published yet
 * @tail: that counts what is before it
 * @to_end: bytes up to the end of the ring
 * @margin: bytes that are free, less those of the sender's: so many it may put
 */
struct vs_cursor {
	struct vs_port *port;
	struct vs_share *share;
	unsigned char *to;
	unsigned char *start;
	uint64_t tail;
	uint64_t to_end;
	int64_t margin;
};

/* Looks anew at the ring of port @number. */
VS_INLINE void vs_cursor_begin(struct vs_cursor *c, struct vs_port *port,
			       unsigned int number, unsigned int from)
{
	struct vs_share *share = &port->share[from];
	const uint64_t size = vs_ring_size(), tail = port->tail;
	const uint64_t head = __atomic_load_n(&port->head, __ATOMIC_ACQUIRE);
	const uint32_t out = __atomic_load_n(&share->out, __ATOMIC_RELAXED);
	const uint64_t at = tail & (size - 1);

	c->port = port;
	c->share = share;
	c->to = vs_ring(number) + at;
	c->start = c->to;
	c->tail = tail;
	c->to_end = size - at;
	c->margin =
		(int64_t)(size - (tail - head)) - (uint32_t)(share->in - out);
}

/* What was put is there for others. */
VS_INLINE void vs_cursor_publish(struct vs_cursor *c)
{
	const uint64_t bytes = (uint64_t)(c->to - c->start);

	if (!bytes)
		return;
	vs_save32(&c->share->in, c->share->in + (uint32_t)bytes);
	c->tail += bytes;
	vs_save(&c->port->tail, c->tail);
	c->start = c->to;
}

/* There seems to be no room for a frame: is there after all? */
static __attribute__((noinline)) bool vs_cursor_room(struct vs_cursor *c,
						     uint64_t len)
{
	const uint64_t need = 8 + VS_ROOM(len);
	const unsigned int from = (unsigned int)(c->share - c->port->share);
	struct vs_port *port = c->port;
	const unsigned int number = (unsigned int)(port - vs_region()->port);

	vs_cursor_publish(c);
	vs_cursor_begin(c, port, number, from);
	if (need > c->to_end && (int64_t)(c->to_end + need) <= c->margin) {
		/* To be published with the frame: nobody finds only this. */
		vs_save((uint64_t *)c->to, VS_SKIP);
		c->tail += c->to_end;
		c->margin -= (int64_t)c->to_end;
		c->to = vs_ring(number);
		c->start = c->to;
		c->to_end = vs_ring_size();
	}
	return need <= c->to_end && (int64_t)need <= c->margin;
}

/* Is there room at first sight? */
VS_INLINE bool vs_cursor_fits(const struct vs_cursor *c, uint64_t len)
{
	const uint64_t need = 8 + VS_ROOM(len);

	return __builtin_expect(need <= c->to_end, 1) &&
	       __builtin_expect((int64_t)need <= c->margin, 1);
}

/**
 * vs_put() - put a frame into a ring that has room for it
 * @c: where
 * @from: number of the sender
 * @bytes: the frame, in the exchange buffer
 * @w0: its first word
 * @w1: its second word: what has been looked at is not read again
 * @len: its bytes, VS_FRAME_MIN..VS_FRAME_MAX
 */
VS_INLINE void vs_put(struct vs_cursor *c, unsigned int from,
		      const volatile unsigned char *bytes, uint64_t w0,
		      uint64_t w1, uint64_t len)
{
	const uint64_t room = VS_ROOM(len), need = 8 + room;
	uint64_t *to = (uint64_t *)c->to;

	to[0] = len | (uint64_t)from << 32;
	to[1] = w0;
	to[2] = w1;
	vs_copy((unsigned char *)(to + 3), bytes + 16, room / 8 - 2);
	if (len % 8)
		to[room / 8] &= (1ULL << 8 * (len % 8)) - 1;
	elisa_test_point();
	c->to += need;
	c->to_end -= need;
	c->margin -= 2 * (int64_t)need;
}

#endif /* VS_RING_H */
