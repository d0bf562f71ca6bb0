/* SPDX-License-Identifier: MIT */
/*
 * What users of the vswitch example, its manager and its sub image share.
 *
 * The switch has VS_PORTS ports.  Who opens one gets a handle and sends and
 * receives Ethernet frames by it, without their check sequence.  Frames lie in
 * the exchange buffer, where an array of struct vs_frame names them.
 *
 * Entry points.  Each returns 0 or a positive result, or -errno as a signed
 * 64-bit number:
 *
 *	nop()			  0
 *	vs_open()		  opens a port.  Its handle
 *	vs_close(handle)	  0
 *	vs_send(handle, offset, n)
 *				  sends n frames, struct vs_frame [n] at offset.  n
 *	vs_receive(handle, offset, n)
 *				  fills up to n rooms, struct vs_frame [n] at
 *				  offset, with frames that have come.  How many
 *	vs_exchange(handle, out, n, in, m)
 *				  vs_send(handle, out, n), then vs_receive(handle,
 *				  in, m), in one call: what the latter returns
 *	vs_send_one(handle, offset, len)
 *				  sends a frame that is no part of an array: as
 *				  struct vs_frame's result
 *	vs_receive_one(handle, offset, room)
 *				  receives one: its length, or 0 if there is none
 *	vs_stats(handle, offset)  a struct vs_stats at offset; handle 0: without
 *				  what is a port's.  0
 *
 * Errors:
 *	-EINVAL		n is larger than VS_BATCH_MAX
 *	-EFAULT		not in the exchange buffer
 *	-ESTALE		there is no such port, or not any more: open another one
 *	-ENOSPC		all ports are in use; the shared region is too small
 *	-EDQUOT		the caller's VM has as many ports as it may have
 *	-EACCES		the attachment may not write
 *	-EIO		the shared region holds nonsense
 */
#ifndef VS_H
#define VS_H

#include <stdint.h>

#define VS_EXPORT    "vs.switch" /* default name of the export */
#define VS_PORTS     16u
#define VS_FRAME_MIN 14u   /* bytes: two addresses and a type */
#define VS_FRAME_MAX 9018u /* with 9000 of payload and a VLAN's tag */
#define VS_BATCH_MAX 256u
#define VS_SIZE_MIN  (640u << 10) /* of the shared region */

/* Room that a frame takes in the exchange buffer: whole words. */
#define VS_ROOM(len) (((len) + 7u) & ~7u)

/**
 * struct vs_frame - a frame, or room for one, in the exchange buffer
 * @at: offset of its first byte; best a multiple of 8
 * @len: its bytes; of what is received: bytes of room, a multiple of 8, replaced
 *	by those of the frame
 * @result: to how many ports it was sent; or -errno: -EINVAL its length, or the
 *	sender's address, is none; -EFAULT it is not in the buffer; -EPERM the
 *	sender's address belongs to another port; -ENOBUFS the receiver's ring has no
 *	more room for this sender.  Of what is received: 0; -EMSGSIZE it was too
 *	large for the room and is gone; -EFAULT the room is not in the buffer
 *
 * The buffer must have VS_ROOM(@len) bytes from @at on.  Those behind a frame
 * that is received are zeroed.
 */
struct vs_frame {
	uint32_t at;
	uint16_t len;
	int16_t result;
};

/**
 * struct vs_stats - what vs_stats tells
 * @port: number of the port; it and what follows up to @spoofed are the port's
 * @sent: frames that it has sent
 * @sent_bytes: their bytes
 * @received: frames that it has received
 * @received_bytes: their bytes
 * @bad: frames of its own that were refused: lengths, offsets, addresses
 * @spoofed: those with an address of another port's
 * @refused: those that a receiver's ring had no room for
 * @missed: frames for it that its ring had no room for
 * @flooded: frames of its own that went to all ports
 * @macs: addresses that are known to be behind it
 * @ports: ports that are open; this and the rest are the switch's
 * @addresses: addresses that are known
 * @freed: ports that were freed because their users were gone
 * @repairs: how often something was repaired after a call had died
 * @clock: seconds since the switch was made, 0 if nobody counts them
 * @ring: bytes of each ring
 */
struct vs_stats {
	uint64_t port;
	uint64_t sent;
	uint64_t sent_bytes;
	uint64_t received;
	uint64_t received_bytes;
	uint64_t bad;
	uint64_t spoofed;
	uint64_t refused;
	uint64_t missed;
	uint64_t flooded;
	uint64_t macs;
	uint64_t ports;
	uint64_t addresses;
	uint64_t freed;
	uint64_t repairs;
	uint64_t clock;
	uint64_t ring;
};

/**
 * struct vs_setup - the start of the shared region, which the manager writes
 * @clock: seconds, from 2 on, to be kept up to date; or 0: nothing ages
 * @age: seconds after which an address that sends nothing is forgotten, up to
 *	VS_AGE_MAX; 0: never
 * @lease: seconds after which a port that makes no call is freed; 0: never
 * @vm_ports: ports that each VM may have; 0: all
 * @port_macs: addresses that can be behind a port; 0: VS_PORT_MACS
 * @seed: random, before the first call: with it nobody can choose addresses that
 *	collide
 *
 * All may be zero.
 */
struct vs_setup {
	uint64_t clock;
	uint64_t age;
	uint64_t lease;
	uint64_t vm_ports;
	uint64_t port_macs;
	uint64_t seed;
};

#define VS_AGE_MAX   3600u
#define VS_PORT_MACS 64u

#endif /* VS_H */
