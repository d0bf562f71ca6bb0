/* SPDX-License-Identifier: MIT */
/*
 * Ports: who has which, and what happens when their users are gone.
 *
 * A port belongs to the attachment that has opened it; nobody else's handle is
 * good for it.  It is freed by vs_close(), or by whoever calls next,
 *
 *  - when it has made no call for setup.lease seconds: its process was killed, say,
 *    of which nobody is told;
 *  - when the identity of its last call is not in force any more, and it has not
 *    been seen in this second: its VM or its attachment is gone.
 *
 * A user who lives after all, and was only slow, or whose calls have ended
 * abnormally, hears -ESTALE and opens another one.
 */
#ifndef VS_PORT_H
#define VS_PORT_H

#include "vs_macs.h"
#include "vs_ring.h"

#define VS_NOWHERE 1 /* no key */

static inline bool vs_ready(void)
{
	return elisa_data_size() >= VS_SIZE_MIN;
}

/*
 * Frees a port, of somebody who has header.lock; also one that is half open, or
 * half freed already.
 */
static inline int vs_free(unsigned int number)
{
	struct vs_header *h = &vs_region()->header;
	struct vs_port *port = &vs_region()->port[number];
	unsigned int i;
	int err;

	vs_save(&h->changing, number + 1);
	__atomic_fetch_and(&h->active, ~(1ULL << number), __ATOMIC_RELEASE);
	elisa_test_point();
	err = vs_lock_put(port);
	if (err)
		return err;
	err = vs_lock_take(port);
	if (err) {
		vs_unlock(&port->put);
		return err;
	}
	vs_save(&port->handle, 0);
	vs_save(&port->head, 0);
	vs_save(&port->tail, 0);
	for (i = 0; i < VS_PORTS; i++) {
		vs_save32(&port->share[i].in, 0);
		vs_save32(&port->share[i].out, 0);
	}
	vs_unlock(&port->take);
	vs_unlock(&port->put);
	vs_forget(number, 0);
	vs_save(&h->changing, 0);
	return 0;
}

/* What a dead owner of header.lock has left. */
static inline int vs_repair(void)
{
	struct vs_header *h = &vs_region()->header;
	const uint64_t changing = vs_load(&h->changing);
	int err = 0;

	vs_count_macs();
	if (changing && changing <= VS_PORTS)
		err = vs_free((unsigned int)changing - 1);
	if (!err)
		vs_repaired(&h->lock);
	return err;
}

/* 0 or -EIO */
static inline int vs_lock_header(void)
{
	struct vs_header *h = &vs_region()->header;
	const int err = vs_lock(&h->lock);

	if (__builtin_expect(err != -EOWNERDEAD, 1))
		return err;
	if (vs_repair()) {
		vs_unlock(&h->lock);
		return -EIO;
	}
	return 0;
}

/* Is the user of an open port gone? */
static inline bool vs_is_gone(const struct vs_port *port, uint64_t clock)
{
	const uint64_t lease = vs_load(&vs_region()->header.setup.lease);
	const uint64_t self = vs_load(&port->self);
	const uint64_t seen = vs_load(&port->seen);

	if (clock && lease && clock > seen && clock - seen > lease)
		return true;
	if (clock && clock == seen)
		return false;
	return elisa_owner_at(self & (ELISA_OWNER_SLOTS - 1)) != self;
}

/* Frees ports of those who are gone; of somebody who has header.lock. */
static inline int vs_reap(uint64_t clock)
{
	struct vs_header *h = &vs_region()->header;
	unsigned int i;
	int err = 0;

	for (i = 0; i < VS_PORTS && !err; i++) {
		const struct vs_port *port = &vs_region()->port[i];

		if (!vs_load(&port->handle) || !vs_is_gone(port, clock))
			continue;
		err = vs_free(i);
		vs_save(&h->freed, vs_load(&h->freed) + 1);
	}
	return err;
}

/* What is due each second, and each minute: one of all calls does it. */
static inline void vs_tick(uint64_t clock)
{
	struct vs_header *h = &vs_region()->header;
	const uint64_t minute = clock >> VS_SWEEP_SHIFT;

	if (vs_load(&h->reaped) == clock || vs_lock_header())
		return;
	vs_save(&h->reaped, clock);
	vs_reap(clock);
	if (vs_load(&h->swept) != minute) {
		vs_save(&h->swept, minute);
		vs_forget(VS_PORTS, clock);
	}
	vs_unlock(&h->lock);
}

/* The port of a handle that is the caller's, or NULL. */
VS_INLINE struct vs_port *vs_port_find(uint64_t handle)
{
	struct vs_port *port = &vs_region()->port[handle % VS_PORTS];

	if (__builtin_expect(!vs_ready() || !handle ||
				     vs_load(&port->handle) != handle ||
				     port->attachment !=
					     elisa_info()->attachment,
			     0))
		return NULL;
	return port;
}

/* The same, for a call that shows that its user lives. */
VS_INLINE struct vs_port *vs_port_use(uint64_t handle)
{
	struct vs_port *port = vs_port_find(handle);
	const uint64_t clock = port ? vs_clock() : 0;

	if (!port)
		return NULL;
	if (__builtin_expect(vs_load(&port->self) != elisa_self(), 0))
		vs_save(&port->self, elisa_self());
	if (__builtin_expect(vs_load(&port->seen) != clock, 0)) {
		vs_save(&port->seen, clock);
		vs_save(&port->source, VS_NOWHERE);
		vs_save(&port->target, VS_NOWHERE);
		vs_tick(clock);
	}
	return port;
}

/* What there is room for: a power of two. */
static inline uint64_t vs_ring_room(void)
{
	const uint64_t each =
		(elisa_data_size() - sizeof(struct vs_region)) / VS_PORTS;

	return 1ULL << (63 - __builtin_clzll(each));
}

/* Fills in port @number, of somebody who has header.lock: its handle. */
static inline uint64_t vs_occupy(unsigned int number, uint64_t clock)
{
	struct vs_header *h = &vs_region()->header;
	struct vs_port *port = &vs_region()->port[number];
	const uint64_t generation = vs_load(&h->generation) + 1;
	const uint64_t handle = generation * VS_PORTS + number;
	uint64_t *counter;

	vs_save(&h->ring_size, vs_ring_room());
	vs_save(&h->generation, generation);
	vs_save(&h->changing, number + 1);
	vs_save(&port->attachment, elisa_info()->attachment);
	vs_save(&port->vm, elisa_info()->vm);
	vs_save(&port->self, elisa_self());
	vs_save(&port->seen, clock);
	vs_save(&port->source, VS_NOWHERE);
	vs_save(&port->target, VS_NOWHERE);
	vs_save(&port->missed, 0);
	for (counter = &port->sent; counter <= &port->flooded; counter++)
		vs_save(counter, 0);
	vs_save(&port->handle, handle);
	__atomic_fetch_or(&h->active, 1ULL << number, __ATOMIC_RELEASE);
	elisa_test_point();
	vs_save(&h->changing, 0);
	return handle;
}

/* As vs_open() of vs.h. */
static inline int64_t vs_port_open(void)
{
	struct vs_header *h = &vs_region()->header;
	unsigned int i, own = 0, number = VS_PORTS;
	uint64_t clock, limit, handle;
	int err;

	if (!elisa_can_write())
		return -EACCES;
	if (!vs_ready())
		return -ENOSPC;
	err = vs_lock_header();
	if (err)
		return err;
	clock = vs_clock();
	limit = vs_load(&h->setup.vm_ports);
	err = vs_reap(clock);
	for (i = 0; i < VS_PORTS && !err; i++) {
		const struct vs_port *port = &vs_region()->port[i];

		if (!vs_load(&port->handle))
			number = number == VS_PORTS ? i : number;
		else if (vs_load(&port->vm) == elisa_info()->vm)
			own++;
	}
	if (!err && limit && own >= limit)
		err = -EDQUOT;
	else if (!err && number == VS_PORTS)
		err = -ENOSPC;
	handle = err ? 0 : vs_occupy(number, clock);
	vs_unlock(&h->lock);
	return err ? err : (int64_t)handle;
}

/* As vs_close() of vs.h. */
static inline int vs_port_close(uint64_t handle)
{
	struct vs_header *h = &vs_region()->header;
	int err;

	if (!vs_port_find(handle))
		return -ESTALE;
	err = vs_lock_header();
	if (err)
		return err;
	/* It may have been freed meanwhile. */
	err = -ESTALE;
	if (vs_port_find(handle))
		err = vs_free(handle % VS_PORTS);
	vs_unlock(&h->lock);
	return err;
}

#endif /* VS_PORT_H */
