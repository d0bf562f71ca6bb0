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
 * under @take.  A frame is there when the tail is behind it, so whoever dies before
 * has put nothing.
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

static inline int vs_lock_take(struct vs_port *port)
{
	const int err = vs_lock(&port->take);

	if (__builtin_expect(err == -EOWNERDEAD, 0)) {
		/* A frame may have left its share, or the ring, but not both. */
		vs_save(&port->recount, 1);
		vs_repaired(&port->take);
		return 0;
	}
	return err;
}

/* --- putting */

/* Of who has both locks: counts anew what is in the ring. */
static inline void vs_recount(struct vs_port *port)
{
	const uint64_t size = vs_ring_size(), tail = vs_load(&port->tail);
	const uint64_t *ring =
		vs_ring((unsigned int)(port - vs_region()->port), size);
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
static inline int vs_repair_ring(struct vs_port *port, int err)
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
 * vs_put() - put a frame into a ring
 * @port: whose ring, locked
 * @size: of rings
 * @from: number of the sender
 * @bytes: the frame, in the exchange buffer
 * @w0: its first word
 * @w1: its second word: what has been looked at is not read again
 * @len: its bytes, VS_FRAME_MIN..VS_FRAME_MAX
 *
 * Return: true, or false if there is no room.
 */
VS_INLINE bool vs_put(struct vs_port *port, uint64_t size, unsigned int from,
		      const volatile unsigned char *bytes, uint64_t w0,
		      uint64_t w1, uint64_t len)
{
	struct vs_share *share = &port->share[from];
	const uint64_t words = (len + 7) / 8, need = 8 + 8 * words;
	uint64_t *ring =
		vs_ring((unsigned int)(port - vs_region()->port), size);
	uint64_t tail = port->tail, at = tail & (size - 1);
	uint64_t skip = 0, free;
	const uint32_t in = share->in;
	uint64_t *to;

	if (__builtin_expect(need > size - at, 0))
		skip = size - at;
	free = size - (tail - __atomic_load_n(&port->head, __ATOMIC_ACQUIRE));
	if (__builtin_expect((uint32_t)(in - __atomic_load_n(&share->out,
							     __ATOMIC_RELAXED)) +
					     skip + need >
				     free,
			     0))
		return false;
	if (__builtin_expect(skip, 0)) {
		vs_save(&ring[at / 8], VS_SKIP);
		tail += skip;
		at = 0;
	}
	to = &ring[at / 8];
	to[0] = len | (uint64_t)from << 32;
	to[1] = w0;
	to[2] = w1;
	vs_copy((unsigned char *)(to + 3), bytes + 16, words - 2);
	if (len % 8)
		to[words] &= (1ULL << 8 * (len % 8)) - 1;
	elisa_test_point();
	vs_save32(&share->in, in + (uint32_t)need);
	vs_save(&port->tail, tail + need);
	return true;
}

#endif /* VS_RING_H */
