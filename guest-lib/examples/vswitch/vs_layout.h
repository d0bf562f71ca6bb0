/* SPDX-License-Identifier: MIT */
/*
 * What lies where in the shared region, and how it is accessed.
 *
 *	struct vs_header	the manager's part, what changes seldom
 *	uint64_t [256][8]	addresses, see vs_macs.h
 *	struct vs_port [16]	ports, see vs_port.h
 *	rings [16]		frames that wait for their port, see vs_ring.h
 *
 * A ring's size is a power of two that follows from the size of the region.  A
 * region of zeros is a switch without ports.
 *
 * Only the switch's code, and the manager, can access the region.  A call can end
 * after any store to it, so each change that takes several is made under a lock,
 * in an order from which its next owner can finish or undo it.  Locks are taken in
 * the order header.lock, a port's put, the same port's take; of two ports none at a
 * time.
 */
#ifndef VS_LAYOUT_H
#define VS_LAYOUT_H

#include <elisa/sub.h>

#include "vs.h"

#define VS_BUCKETS  256u
#define VS_WAYS	    8u
#define VS_RING_MIN (32u << 10) /* twice the largest frame fits in */

/* On the way of a frame, each instruction counts. */
#define VS_INLINE static inline __attribute__((always_inline))

/*
 * Bytes that a port has put into a ring, and those of them that were taken, both
 * modulo 2^32.
 */
struct vs_share {
	uint32_t in;
	uint32_t out;
};

/*
 * @handle, @attachment and @vm: whose it is, constant while it is open, and 0 in
 * @handle if it is not.  @self: identity of its last call.  @seen: the clock then.
 * @macs: addresses behind it, header.lock's.
 */
struct vs_port {
	uint64_t handle;
	uint64_t attachment;
	uint64_t vm;
	uint64_t self;
	uint64_t seen;
	uint64_t macs;
	/* Found out in this second, see vs_switch.h. */
	uint64_t source;
	uint64_t target;
	uint64_t target_handle;
	uint64_t unused[7];
	/* Counters. */
	uint64_t sent;
	uint64_t sent_bytes;
	uint64_t received;
	uint64_t received_bytes;
	uint64_t bad;
	uint64_t spoofed;
	uint64_t refused;
	uint64_t flooded;
	/* Of those who put frames into its ring. */
	struct elisa_mutex put;
	uint64_t tail;
	uint64_t missed;
	uint64_t recount;
	uint64_t unused2[4];
	/* Of who takes them out. */
	struct elisa_mutex take;
	uint64_t head;
	uint64_t unused3[6];
	struct vs_share share[VS_PORTS];
};

_Static_assert(sizeof(struct vs_port) == 448, "7 cache lines");

/*
 * @lock: of all below, but @active, @swept and @reaped, and of stores to the table
 * that are no refresh.  @active: a bit for each port that is open.  @changing: 1 +
 * number of a port that is being opened or freed, or 0.  @ring_size: set when the
 * first port is opened.
 */
struct vs_header {
	struct vs_setup setup;
	uint64_t active;
	uint64_t swept;
	uint64_t reaped;
	struct elisa_mutex lock;
	uint64_t ring_size;
	uint64_t generation;
	uint64_t changing;
	uint64_t freed;
	uint64_t repairs;
};

struct vs_region {
	struct vs_header header;
	uint8_t unused[4096 - sizeof(struct vs_header)];
	uint64_t mac[VS_BUCKETS][VS_WAYS];
	struct vs_port port[VS_PORTS];
};

_Static_assert(sizeof(struct vs_region) % 64 == 0, "rings begin a cache line");
_Static_assert(sizeof(struct vs_region) + VS_PORTS * VS_RING_MIN <= VS_SIZE_MIN,
	       "room for the rings");

VS_INLINE struct vs_region *vs_region(void)
{
	return elisa_data();
}

VS_INLINE uint64_t vs_load(const uint64_t *p)
{
	return __atomic_load_n(p, __ATOMIC_RELAXED);
}

/* Stores become visible, and last when a call dies, in the order of the code. */
VS_INLINE void vs_save(uint64_t *p, uint64_t value)
{
	__atomic_store_n(p, value, __ATOMIC_RELEASE);
	elisa_test_point();
}

/* Counters lose nothing, whoever else counts. */
VS_INLINE void vs_count(uint64_t *p, uint64_t n)
{
	__atomic_fetch_add(p, n, __ATOMIC_RELAXED);
}

VS_INLINE uint64_t vs_clock(void)
{
	return vs_load(&vs_region()->header.setup.clock);
}

/* Bytes of a ring, where there is a port. */
VS_INLINE uint64_t vs_ring_size(void)
{
	return vs_load(&vs_region()->header.ring_size);
}

VS_INLINE unsigned char *vs_ring(unsigned int port)
{
	return (unsigned char *)(vs_region() + 1) + port * vs_ring_size();
}

/* Eight bytes at any address, which somebody else may change. */
typedef uint64_t vs_any_word __attribute__((may_alias, aligned(1)));

VS_INLINE uint64_t vs_get_word(const volatile unsigned char *p)
{
	return *(const volatile vs_any_word *)p;
}

VS_INLINE void vs_put_word(volatile unsigned char *p, uint64_t word)
{
	*(volatile vs_any_word *)p = word;
}

typedef uint16_t vs_any_half __attribute__((may_alias, aligned(1)));

VS_INLINE void vs_put_half(volatile unsigned char *p, uint16_t half)
{
	*(volatile vs_any_half *)p = half;
}

/*
 * @at, if @end is at most @size; otherwise 0.  For a CPU that speculates past the
 * check that says so.
 */
VS_INLINE uint64_t vs_nospec(uint64_t at, uint64_t end, uint64_t size)
{
	uint64_t mask;

	__asm__("cmp %[end], %[size]\n\t"
		"sbb %[mask], %[mask]\n\t"
		: [mask] "=r"(mask)
		: [end] "r"(end), [size] "rm"(size)
		: "cc");
	return at & ~mask;
}

/*
 * A pointer to a part of the exchange buffer, or NULL.
 */
VS_INLINE volatile unsigned char *vs_bytes(uint64_t at, uint64_t len)
{
	const uint64_t size = elisa_xbuf_size();

	if (__builtin_expect(!elisa_range_ok(at, len, size), 0))
		return NULL;
	return (volatile unsigned char *)elisa_xbuf() +
	       vs_nospec(at, at + len, size);
}

/*
 * Words from one place to another, each read once and written once.  Large
 * blocks by the instruction for that; small ones take longer to set it up than
 * to copy.
 */
VS_INLINE void vs_copy(volatile unsigned char *to,
		       const volatile unsigned char *from, uint64_t words)
{
	if (words >= 16) {
		__asm__ volatile("rep movsq"
				 : "+D"(to), "+S"(from), "+c"(words)
				 :
				 : "memory");
		return;
	}
#define VS_COPY(i) vs_put_word(to + 8 * (i), vs_get_word(from + 8 * (i)))
	if (words & 8) {
		VS_COPY(0);
		VS_COPY(1);
		VS_COPY(2);
		VS_COPY(3);
		VS_COPY(4);
		VS_COPY(5);
		VS_COPY(6);
		VS_COPY(7);
		if (words == 8)
			return;
		to += 64;
		from += 64;
	}
	if (words & 4) {
		VS_COPY(0);
		VS_COPY(1);
		VS_COPY(2);
		VS_COPY(3);
		to += 32;
		from += 32;
	}
	if (words & 2) {
		VS_COPY(0);
		VS_COPY(1);
		to += 16;
		from += 16;
	}
	if (words & 1)
		VS_COPY(0);
#undef VS_COPY
}

#endif /* VS_LAYOUT_H */
