/* SPDX-License-Identifier: MIT */
/*
 * Which address is behind which port.
 *
 * An address is known by its *key*: its 48 bits in bits 63:16, as they lie in
 * memory.  An entry of the table is a word, so that it is read and written whole:
 * the key, the port in bits 15:12, and the clock of its last use, modulo 4096, in
 * bits 11:0; or 0.  Lookups take no lock.
 *
 * An address belongs to the port that has used it first, until it has not been
 * used for setup.age seconds or the port is freed: nobody can draw another one's
 * frames to itself.  A port can have setup.port_macs of them, and one address
 * never drives out another that is in use: frames of senders for whom there is no
 * room are sent all the same, and those for them go to all ports.
 */
#ifndef VS_MACS_H
#define VS_MACS_H

#include "vs_layout.h"

#define VS_STAMP 4095u

/* Every so many seconds the table is swept; stamps do not wrap before. */
#define VS_SWEEP_SHIFT 6
_Static_assert(VS_AGE_MAX + (2u << VS_SWEEP_SHIFT) < VS_STAMP, "no wrap");

VS_INLINE uint64_t vs_entry(uint64_t key, unsigned int port, uint64_t clock)
{
	return key | (uint64_t)port << 12 | (clock & VS_STAMP);
}

VS_INLINE uint64_t vs_key_of(uint64_t entry)
{
	return entry & ~0xffffULL;
}

VS_INLINE unsigned int vs_port_of(uint64_t entry)
{
	return entry >> 12 & (VS_PORTS - 1);
}

/* One address, or a group of them? */
VS_INLINE bool vs_key_is_group(uint64_t key)
{
	return key & 1 << 16;
}

/* Who does not know the seed cannot know which addresses share a bucket. */
VS_INLINE uint64_t *vs_bucket(uint64_t key)
{
	struct vs_region *r = vs_region();
	const uint64_t factor = vs_load(&r->header.setup.seed) ^
				0xd6e8feb86659fd93;

	return r->mac[((key >> 16) * (factor | 1)) >> 56];
}

_Static_assert(VS_BUCKETS == 256, "8 bits of hash");

static inline bool vs_is_old(uint64_t entry, uint64_t clock)
{
	const uint64_t age = vs_load(&vs_region()->header.setup.age);

	return age && ((clock - entry) & VS_STAMP) > age;
}

/* The entry of an address, and where it is, or 0. */
VS_INLINE uint64_t vs_find(uint64_t key, uint64_t **where)
{
	uint64_t *way = vs_bucket(key);
	unsigned int i;

	for (i = 0; i < VS_WAYS; i++, way++) {
		const uint64_t entry = vs_load(way);

		if ((entry ^ key) <= 0xffff) {
			*where = way;
			return entry;
		}
	}
	return 0;
}

/* Of somebody who has header.lock: an entry gets another value. */
static inline void vs_replace(uint64_t *way, uint64_t entry)
{
	const uint64_t old = vs_load(way);
	struct vs_port *port = vs_region()->port;

	vs_save(way, entry);
	/* A death in between: vs_count_macs(). */
	if (old)
		vs_save(&port[vs_port_of(old)].macs,
			vs_load(&port[vs_port_of(old)].macs) - 1);
	if (entry)
		vs_save(&port[vs_port_of(entry)].macs,
			vs_load(&port[vs_port_of(entry)].macs) + 1);
}

/* Counts anew, after a death. */
static inline void vs_count_macs(void)
{
	struct vs_region *r = vs_region();
	const uint64_t *way = r->mac[0];
	uint64_t macs[VS_PORTS] = { 0 };
	unsigned int i;

	for (i = 0; i < VS_BUCKETS * VS_WAYS; i++, way++) {
		const uint64_t entry = vs_load(way);

		if (entry)
			macs[vs_port_of(entry)]++;
	}
	for (i = 0; i < VS_PORTS; i++)
		vs_save(&r->port[i].macs, macs[i]);
}

/* Forgets what is behind a port; VS_PORTS: what is old. */
static inline void vs_forget(unsigned int port, uint64_t clock)
{
	uint64_t *way = vs_region()->mac[0];
	unsigned int i;

	for (i = 0; i < VS_BUCKETS * VS_WAYS; i++, way++) {
		const uint64_t entry = vs_load(way);

		if (!entry)
			continue;
		if (port == VS_PORTS ? vs_is_old(entry, clock) :
				       vs_port_of(entry) == port)
			vs_replace(way, 0);
	}
}

static inline bool vs_has_room(const struct vs_port *port)
{
	const uint64_t limit = vs_load(&vs_region()->header.setup.port_macs);

	return vs_load(&port->macs) < (limit ? limit : VS_PORT_MACS);
}

/* Of somebody who has header.lock: the address is behind the port from now on. */
static inline void vs_learn(uint64_t key, unsigned int port, uint64_t clock)
{
	uint64_t *way = vs_bucket(key), *place = NULL, *where;
	const uint64_t entry = vs_find(key, &where);
	unsigned int i;

	if (entry && vs_port_of(entry) != port && !vs_is_old(entry, clock))
		return;
	if (entry)
		place = where;
	for (i = 0; i < VS_WAYS && !place; i++, way++)
		if (!vs_load(way) || vs_is_old(vs_load(way), clock))
			place = way;
	if (place)
		vs_replace(place, vs_entry(key, port, clock));
}

#endif /* VS_MACS_H */
