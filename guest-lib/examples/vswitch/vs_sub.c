// SPDX-License-Identifier: MIT
/* The sub image of the vswitch example: the switch behind checked entry points. */
#include <elisa/sub.h>
#include <elisa/sub_batch.h>

#include "vs_switch.h"

/* An array of @n struct vs_frame in the exchange buffer: 0, -EINVAL or -EFAULT. */
VS_INLINE int frames_at(volatile unsigned char **frames, uint64_t offset,
			uint64_t n)
{
	if (__builtin_expect(n > VS_BATCH_MAX, 0))
		return -EINVAL;
	*frames = vs_bytes(offset, n * sizeof(struct vs_frame));
	return __builtin_expect(!!*frames, 1) ? 0 : -EFAULT;
}

ELISA_ENTRY(nop, void)
{
	return 0;
}

ELISA_ENTRY(vs_open, void)
{
	return (uint64_t)vs_port_open();
}

ELISA_ENTRY(vs_close, uint64_t handle)
{
	return (uint64_t)vs_port_close(handle);
}

ELISA_ENTRY(vs_send, uint64_t handle, uint64_t offset, uint64_t n)
{
	volatile unsigned char *frames;
	struct vs_port *port;
	const int err = frames_at(&frames, offset, n);

	if (err)
		return (uint64_t)err;
	port = vs_port_use(handle);
	if (!port)
		return (uint64_t)-ESTALE;
	vs_send_all(port, frames, n);
	return n;
}

ELISA_ENTRY(vs_receive, uint64_t handle, uint64_t offset, uint64_t n)
{
	volatile unsigned char *frames;
	struct vs_port *port;
	const int err = frames_at(&frames, offset, n);

	if (err)
		return (uint64_t)err;
	port = vs_port_use(handle);
	if (!port)
		return (uint64_t)-ESTALE;
	return (uint64_t)vs_receive_all(port, handle, frames, n);
}

ELISA_ENTRY(vs_exchange, uint64_t handle, uint64_t out, uint64_t n, uint64_t in,
	    uint64_t m)
{
	volatile unsigned char *to_send, *to_fill;
	struct vs_port *port;
	int err;

	err = frames_at(&to_send, out, n);
	if (!err)
		err = frames_at(&to_fill, in, m);
	if (err)
		return (uint64_t)err;
	port = vs_port_use(handle);
	if (!port)
		return (uint64_t)-ESTALE;
	if (n)
		vs_send_all(port, to_send, n);
	return (uint64_t)vs_receive_all(port, handle, to_fill, m);
}

static __attribute__((noinline)) int send_one(struct vs_port *port,
					      uint64_t offset, uint64_t len)
{
	struct vs_sender s;
	int result;

	vs_sender_begin(&s, port);
	result = vs_send_frame(&s, offset, len);
	vs_let_go(&s);
	return result;
}

ELISA_ENTRY(vs_send_one, uint64_t handle, uint64_t offset, uint64_t len)
{
	struct vs_port *port = vs_port_use(handle);
	int result = 1;

	if (!port)
		return (uint64_t)-ESTALE;
	if (offset > UINT32_MAX)
		result = -EFAULT;
	else if (__builtin_expect(!vs_send_again(port, handle % VS_PORTS,
						 offset, len),
				  0))
		result = send_one(port, offset, len);
	if (__builtin_expect(result < 0, 0)) {
		vs_count_failure(port, result);
		return (uint64_t)result;
	}
	vs_count(&port->sent, 1);
	vs_count(&port->sent_bytes, len);
	return (uint64_t)result;
}

ELISA_ENTRY(vs_receive_one, uint64_t handle, uint64_t offset, uint64_t room)
{
	struct vs_port *port = vs_port_use(handle);
	struct vs_receiver r;
	uint64_t len = 0;
	int err;

	if (!port)
		return (uint64_t)-ESTALE;
	if (offset > UINT32_MAX)
		return (uint64_t)-EFAULT;
	err = vs_receiver_begin(&r, port, handle);
	if (err)
		return (uint64_t)err;
	if (r.head != r.tail) {
		err = vs_receive_frame(&r, offset, room, &len);
		vs_receiver_end(&r);
	} else {
		vs_unlock(&port->take);
	}
	if (__builtin_expect(err, 0)) {
		vs_count(&port->bad, 1);
		return (uint64_t)err;
	}
	if (len) {
		vs_count(&port->received, 1);
		vs_count(&port->received_bytes, len);
	}
	return len;
}

static void port_stats(struct vs_stats *stats, const struct vs_port *port)
{
	stats->port = (uint64_t)(port - vs_region()->port);
	stats->sent = vs_load(&port->sent);
	stats->sent_bytes = vs_load(&port->sent_bytes);
	stats->received = vs_load(&port->received);
	stats->received_bytes = vs_load(&port->received_bytes);
	stats->bad = vs_load(&port->bad);
	stats->spoofed = vs_load(&port->spoofed);
	stats->refused = vs_load(&port->refused);
	stats->missed = vs_load(&port->missed);
	stats->flooded = vs_load(&port->flooded);
	stats->macs = vs_load(&port->macs);
}

ELISA_ENTRY(vs_stats, uint64_t handle, uint64_t offset)
{
	const struct vs_header *h = &vs_region()->header;
	const struct vs_port *port = NULL;
	struct vs_stats stats = { 0 };
	struct elisa_xptr x;
	unsigned int i;

	if (elisa_xptr(&x, offset, sizeof(stats)))
		return (uint64_t)-EFAULT;
	if (!vs_ready())
		return (uint64_t)-ENOSPC;
	if (handle) {
		port = vs_port_find(handle);
		if (!port)
			return (uint64_t)-ESTALE;
		port_stats(&stats, port);
	}
	for (i = 0; i < VS_PORTS; i++) {
		stats.ports += !!vs_load(&vs_region()->port[i].handle);
		stats.addresses += vs_load(&vs_region()->port[i].macs);
	}
	stats.freed = vs_load(&h->freed);
	stats.repairs = vs_load(&h->repairs);
	stats.clock = vs_clock();
	stats.ring = vs_ring_size();
	return (uint64_t)elisa_put(&x, 0, &stats);
}

/* Several frames without an array; vs_send() and vs_receive() are shorter. */
static const uint64_t batched[] = {
	ELISA_BATCHED(vs_send_one),
	ELISA_BATCHED(vs_receive_one),
};

ELISA_BATCH(batched);
