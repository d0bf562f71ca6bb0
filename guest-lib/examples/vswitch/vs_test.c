// SPDX-License-Identifier: MIT
/*
 * Unit test of the vswitch example's sub image, on any machine:
 * vs_test IMAGE [SEED], with vs_sub.c built for tests.  See <elisa/sub_test.h>.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <elisa/batch_op.h>
#include <elisa/sub_test.h>

#include "vs.h"

#define DATA_SIZE VS_SIZE_MIN
#define RING	  32768u /* of that */
#define XBUF_SIZE (256u << 10)
#define STATS_AT  0u
#define OUT_AT	  1024u /* what is sent is named there */
#define IN_AT	  8192u /* and what is received */
#define FRAMES_AT 16384u
#define ROOM	  9024u
#define ROOMS	  12u /* of ROOM bytes, from ROOMS_AT on */
#define ROOMS_AT  (128u << 10)
#define USERS	  4u

static struct elisa_test_export *exp;
static struct elisa_test_vm *vm[USERS];
static uint64_t handle[USERS];
static unsigned int failed;
static uint64_t rng;

static const unsigned char everybody[6] = { 255, 255, 255, 255, 255, 255 };
/* Address n of user u. */
#define MAC(u, n) ((const unsigned char[6]){ 2, 0, 0, (n) >> 8, (n)&255, (u) })

static void report(const char *what, bool ok)
{
	printf("%s - vswitch image: %s\n", ok ? "ok" : "not ok", what);
	failed += !ok;
}

/* What a test begins with. */
#define must(ok) _must(ok, __LINE__)

static void _must(bool ok, int line)
{
	if (!ok) {
		printf("not ok - vswitch image: set-up, line %d\n", line);
		failed++;
	}
}

static uint32_t below(uint32_t n)
{
	/* xorshift64* */
	rng ^= rng >> 12;
	rng ^= rng << 25;
	rng ^= rng >> 27;
	return (rng * 0x2545f4914f6cdd1d >> 32) % n;
}

/* What the entry point returned; the calls themselves must not fail. */
#define call(...) returned(elisa_test_call(__VA_ARGS__), &ret)

static int64_t returned(int err, const uint64_t *ret)
{
	if (err) {
		printf("# call: %s\n", strerror(-err));
		failed++;
	}
	return (int64_t)*ret;
}

static struct vs_setup *setup(void)
{
	return elisa_test_data(exp);
}

static unsigned char *xbuf(unsigned int u, uint64_t at)
{
	return (unsigned char *)elisa_test_xbuf(vm[u]) + at;
}

static int64_t open_port(unsigned int u)
{
	uint64_t ret;

	return call(vm[u], "vs_open", &ret);
}

static int64_t close_port(unsigned int u)
{
	uint64_t ret;

	return call(vm[u], "vs_close", &ret, handle[u]);
}

static struct vs_stats stats(unsigned int u, uint64_t of)
{
	struct vs_stats s = { 0 };
	uint64_t ret;

	if (call(vm[u], "vs_stats", &ret, of, STATS_AT))
		s.port = ~0ULL;
	else
		memcpy(&s, xbuf(u, STATS_AT), sizeof(s));
	return s;
}

/* A frame whose contents follow from its length and @tag. */
static void make_frame(unsigned char *to, const unsigned char *target,
		       const unsigned char *source, uint32_t len, uint32_t tag)
{
	uint32_t i;

	memcpy(to, target, 6);
	memcpy(to + 6, source, 6);
	for (i = 12; i < len; i++)
		to[i] = (unsigned char)(tag * 7 + i * 3 + (i >> 8));
}

/* Sends one frame of user @u: the result, or what the call returned instead. */
static int send(unsigned int u, const unsigned char *target,
		const unsigned char *source, uint32_t len, uint32_t tag)
{
	struct vs_frame f = { .at = FRAMES_AT, .len = (uint16_t)len };
	uint64_t ret;
	int64_t rc;

	make_frame(xbuf(u, FRAMES_AT), target, source, len, tag);
	/* What is behind it is nobody's business. */
	memset(xbuf(u, FRAMES_AT + len), 0xee, 8);
	memcpy(xbuf(u, OUT_AT), &f, sizeof(f));
	rc = call(vm[u], "vs_send", &ret, handle[u], OUT_AT, 1);
	memcpy(&f, xbuf(u, OUT_AT), sizeof(f));
	return rc == 1 ? f.result : (int)rc;
}

/* Receives into all rooms: how many, or -errno.  frame_in(): one of them. */
static int64_t receive(unsigned int u)
{
	struct vs_frame f[ROOMS];
	unsigned int i;
	uint64_t ret;

	for (i = 0; i < ROOMS; i++)
		f[i] = (struct vs_frame){ .at = ROOMS_AT + i * ROOM,
					  .len = ROOM };
	memset(xbuf(u, ROOMS_AT), 0x55, ROOMS * ROOM);
	memcpy(xbuf(u, IN_AT), f, sizeof(f));
	return call(vm[u], "vs_receive", &ret, handle[u], IN_AT, ROOMS);
}

static struct vs_frame frame_in(unsigned int u, unsigned int n)
{
	struct vs_frame f;

	memcpy(&f, xbuf(u, IN_AT + n * sizeof(f)), sizeof(f));
	return f;
}

/* Is that what make_frame() has made, then zeros, then what was there? */
static bool is_frame(unsigned int u, unsigned int n,
		     const unsigned char *target, const unsigned char *source,
		     uint32_t len, uint32_t tag)
{
	static unsigned char frame[VS_FRAME_MAX + 16];
	const struct vs_frame f = frame_in(u, n);
	const uint32_t end = VS_ROOM(len);

	make_frame(frame, target, source, len, tag);
	memset(frame + len, 0, end - len);
	if (end < ROOM)
		frame[end] = 0x55;
	return f.result == 0 && f.len == len && f.at == ROOMS_AT + n * ROOM &&
	       !memcmp(xbuf(u, f.at), frame, end + (end < ROOM));
}

/* The next frame for user @u is this, and no other comes. */
static bool gets(unsigned int u, const unsigned char *target,
		 const unsigned char *source, uint32_t len, uint32_t tag)
{
	return receive(u) == 1 && is_frame(u, 0, target, source, len, tag);
}

static bool gets_nothing(unsigned int u)
{
	return receive(u) == 0;
}

static void open_all(void)
{
	unsigned int u;

	for (u = 0; u < USERS; u++) {
		handle[u] = (uint64_t)open_port(u);
		must((int64_t)handle[u] > 0);
	}
}

static void close_all(void)
{
	unsigned int u;

	for (u = 0; u < USERS; u++)
		close_port(u);
}

/* --- ports */

static void test_ports(void)
{
	uint64_t more[VS_PORTS], ret;
	unsigned int i;
	bool ok = true;

	open_all();
	report("four users open ports", stats(0, 0).ports == USERS);
	report("each has its own", stats(2, handle[2]).port == 2);
	report("a handle is good for its owner only",
	       call(vm[1], "vs_send", &ret, handle[0], OUT_AT, 0) == -ESTALE &&
		       call(vm[1], "vs_close", &ret, handle[0]) == -ESTALE &&
		       call(vm[1], "vs_stats", &ret, handle[0], STATS_AT) ==
			       -ESTALE);
	report("there is no port 0",
	       call(vm[0], "vs_close", &ret, 0) == -ESTALE);
	report("a port is closed",
	       close_port(3) == 0 && stats(0, 0).ports == 3);
	report("once", close_port(3) == -ESTALE);
	ret = handle[3];
	handle[3] = (uint64_t)open_port(3);
	report("its successor has another handle",
	       handle[3] % VS_PORTS == ret % VS_PORTS && handle[3] != ret);
	for (i = USERS; i < VS_PORTS; i++) {
		more[i] = (uint64_t)open_port(1);
		ok &= (int64_t)more[i] > 0;
	}
	report("there are sixteen", ok && open_port(2) == -ENOSPC);
	setup()->vm_ports = 2;
	for (i = USERS; i < VS_PORTS; i++)
		ok &= !call(vm[1], "vs_close", &ret, more[i]);
	more[0] = (uint64_t)open_port(1);
	report("a VM has its limit",
	       ok && (int64_t)more[0] > 0 && open_port(1) == -EDQUOT);
	ret = (uint64_t)open_port(2);
	report("and another one its own", (int64_t)ret > 0);
	must(call(vm[2], "vs_close", &ret, ret) == 0);
	must(call(vm[1], "vs_close", &ret, more[0]) == 0);
	setup()->vm_ports = 0;
	close_all();
	report("all are closed", stats(0, 0).ports == 0);
}

/* --- where frames go */

static void test_learning(void)
{
	open_all();
	report("an unknown address: to all others",
	       send(0, MAC(1, 0), MAC(0, 0), 64, 1) == 3);
	report("all others get it",
	       gets(1, MAC(1, 0), MAC(0, 0), 64, 1) &&
		       gets(2, MAC(1, 0), MAC(0, 0), 64, 1) &&
		       gets(3, MAC(1, 0), MAC(0, 0), 64, 1) && gets_nothing(0));
	report("the answer: to one", send(1, MAC(0, 0), MAC(1, 0), 64, 2) == 1);
	report("that one gets it", gets(0, MAC(0, 0), MAC(1, 0), 64, 2) &&
					   gets_nothing(2) && gets_nothing(3) &&
					   gets_nothing(1));
	report("and now that, too",
	       send(0, MAC(1, 0), MAC(0, 0), 64, 3) == 1 &&
		       gets(1, MAC(1, 0), MAC(0, 0), 64, 3));
	report("a broadcast: to all others",
	       send(0, everybody, MAC(0, 0), 64, 4) == 3 &&
		       gets(1, everybody, MAC(0, 0), 64, 4) &&
		       gets(2, everybody, MAC(0, 0), 64, 4) &&
		       gets(3, everybody, MAC(0, 0), 64, 4));
	report("a group, too",
	       send(1, (const unsigned char[6]){ 1, 0, 94, 0, 0, 1 }, MAC(1, 0),
		    64, 5) == 3 &&
		       receive(0) == 1 && receive(2) == 1 && receive(3) == 1);
	report("a sender's own address: to nobody",
	       send(0, MAC(0, 0), MAC(0, 0), 64, 6) == 0 && gets_nothing(0) &&
		       gets_nothing(1));
	report("a group sends nothing",
	       send(0, MAC(1, 0), everybody, 64, 7) == -EINVAL &&
		       send(0, MAC(1, 0), (const unsigned char[6]){ 0 }, 64,
			    7) == -EINVAL &&
		       gets_nothing(1));
	report("another port's address is refused",
	       send(2, MAC(1, 0), MAC(0, 0), 64, 8) == -EPERM &&
		       gets_nothing(1) && stats(2, handle[2]).spoofed == 1);
	report("and still leads to its owner",
	       send(3, MAC(0, 0), MAC(3, 0), 64, 9) == 1 &&
		       gets(0, MAC(0, 0), MAC(3, 0), 64, 9));
	close_port(0);
	report("a closed port's addresses are forgotten",
	       stats(1, 0).addresses == 2 &&
		       send(1, MAC(0, 0), MAC(1, 0), 64, 10) == 2);
	report("and may be used by others",
	       send(2, MAC(1, 0), MAC(0, 0), 64, 11) == 1);
	close_all();
	report("and none is left", stats(1, 0).addresses == 0);
}

static void test_ageing(void)
{
	setup()->clock = 100;
	setup()->age = 300;
	open_all();
	must(send(0, everybody, MAC(0, 0), 64, 0) == 3);
	setup()->clock += 300;
	report("an address lasts its age",
	       send(1, MAC(0, 0), MAC(1, 0), 64, 1) == 1);
	setup()->clock += 1;
	report("and no longer", send(1, MAC(0, 0), MAC(1, 0), 64, 2) == 3);
	report("then another port may have it",
	       send(2, MAC(1, 0), MAC(0, 0), 64, 3) == 1 &&
		       stats(2, handle[2]).macs == 1 &&
		       stats(0, handle[0]).macs == 0);
	setup()->clock += 200;
	must(send(2, MAC(1, 0), MAC(0, 0), 64, 4) == 1);
	setup()->clock += 200;
	report("use makes it young", send(3, MAC(0, 0), MAC(3, 0), 64, 5) == 1);
	setup()->clock += 200;
	must(send(2, MAC(2, 0), MAC(0, 0), 64, 6) == 3);
	must(send(2, MAC(2, 0), MAC(0, 0), 64, 6) == 3);
	setup()->clock += 200;
	must(send(2, MAC(2, 0), MAC(0, 0), 64, 6) == 3);
	setup()->clock += 200;
	report("each time", send(3, MAC(0, 0), MAC(3, 0), 64, 8) == 1);
	while (receive(3) > 0)
		;
	setup()->clock += 301 + 64;
	report("what is old is swept",
	       gets_nothing(3) && stats(0, 0).addresses == 0);
	close_all();
	setup()->clock = 0;
	setup()->age = 0;
}

static void test_addresses(void)
{
	unsigned int n;
	bool ok = true;

	open_all();
	setup()->port_macs = 10;
	for (n = 0; n < 50; n++) {
		ok &= send(0, everybody, MAC(0, n), 64, n) == 3;
		ok &= receive(1) == 1 && receive(2) == 1 && receive(3) == 1;
	}
	report("a port has its share of the table",
	       ok && stats(0, handle[0]).macs == 10);
	report("others their own", send(1, everybody, MAC(1, 0), 64, 0) == 3 &&
					   stats(1, handle[1]).macs == 1);
	receive(0);
	report("what was learned is found",
	       send(1, MAC(0, 9), MAC(1, 0), 64, 1) == 1);
	report("the rest goes to all",
	       send(1, MAC(0, 10), MAC(1, 0), 64, 1) == 3);
	setup()->port_macs = 5000;
	for (n = 0; n < 3000; n++) {
		ok &= send(0, MAC(0, 0), MAC(0, n), 64, n) == 0;
		if (n % 500 == 499)
			ok &= send(1, MAC(1, 0), MAC(1, 0), 64, n) == 0;
	}
	report("a full table forgets nobody",
	       ok && stats(0, 0).addresses <= 2048 &&
		       send(0, MAC(1, 0), MAC(0, 0), 64, 1) == 1 &&
		       send(1, MAC(0, 9), MAC(1, 0), 64, 1) == 1);
	setup()->port_macs = 0;
	close_all();
}

/* --- lengths and places */

static void test_lengths(void)
{
	static const uint32_t lens[] = { 14,   15,   16,   17,	23,  24,
					 25,   42,   60,   64,	65,  127,
					 128,  255,  256,  257, 512, 1514,
					 1518, 4096, 9017, 9018 };
	bool ok = true;
	unsigned int i;

	open_all();
	must(send(1, MAC(0, 0), MAC(1, 0), 64, 0) == 3);
	for (i = 0; i < 3; i++)
		receive(i ? i + 1 : 0);
	for (i = 0; i < sizeof(lens) / sizeof(lens[0]); i++)
		if (send(0, MAC(1, 0), MAC(0, 0), lens[i], i) != 1 ||
		    !gets(1, MAC(1, 0), MAC(0, 0), lens[i], i)) {
			printf("# %u bytes\n", lens[i]);
			ok = false;
		}
	report("lengths", ok);
	report("no others",
	       send(0, MAC(1, 0), MAC(0, 0), 13, 0) == -EINVAL &&
		       send(0, MAC(1, 0), MAC(0, 0), 9019, 0) == -EINVAL &&
		       send(0, MAC(1, 0), MAC(0, 0), 0, 0) == -EINVAL &&
		       stats(0, handle[0]).bad == 3);
	close_all();
}

/*
 * Many frames of all lengths, in pieces, through rings that wrap, side by side:
 * from user 0 to 1 and from 3 to 2.
 */
static struct flow {
	unsigned int from, to, put, taken;
	struct {
		uint32_t len, tag;
	} queue[4096];
} flows[2];

static bool flow_step(struct flow *f)
{
	const uint32_t len = below(3) ? 14 + below(120) :
					14 + below(VS_FRAME_MAX - 13);
	const int result =
		send(f->from, MAC(f->to, 0), MAC(f->from, 0), len, f->put);
	int64_t n;
	bool ok = true;
	unsigned int i;

	if (result == 1) {
		f->queue[f->put].len = len;
		f->queue[f->put].tag = f->put;
		f->put++;
	} else if (result != -ENOBUFS) {
		return false;
	}
	if (result == 1 && below(8))
		return true;
	n = receive(f->to);
	if (n <= 0 || n > ROOMS)
		return false;
	for (i = 0; i < n && ok; i++, f->taken++)
		ok = f->taken < f->put &&
		     is_frame(f->to, i, MAC(f->to, 0), MAC(f->from, 0),
			      f->queue[f->taken].len, f->queue[f->taken].tag);
	return ok;
}

static void test_order(void)
{
	bool ok = true;
	unsigned int u;

	memset(flows, 0, sizeof(flows));
	flows[0].to = 1;
	flows[1].from = 3;
	flows[1].to = 2;
	open_all();
	for (u = 0; u < USERS; u++)
		must(send(u, MAC(u, 0), MAC(u, 0), 64, 0) == 0);
	while (flows[0].put < 4000 && flows[1].put < 4000 && ok)
		ok = flow_step(&flows[0]) && flow_step(&flows[1]);
	report("frames come in order and whole",
	       ok && flows[0].taken > 3000 && flows[1].taken > 3000);
	close_all();
}

/* The last frame before a ring's end, by one word too large, or not. */
static void test_end(void)
{
	static const uint32_t lens[] = { 49, 56, 57, 60, 64, 65, 72 };
	unsigned int i, k, u;
	bool ok = true;

	for (i = 0; i < sizeof(lens) / sizeof(lens[0]); i++) {
		open_all();
		for (u = 0; u < USERS; u++)
			must(send(u, MAC(u, 0), MAC(u, 0), 64, 0) == 0);
		/* At the start of the next ring. */
		must(send(0, MAC(2, 0), MAC(0, 0), 64, 5) == 1);
		/* Up to 64 bytes before the end of this one. */
		for (k = 0; k < RING / 1024 - 1; k++) {
			must(send(0, MAC(1, 0), MAC(0, 0), 1016, k) == 1);
			must(receive(1) == 1);
		}
		must(send(0, MAC(1, 0), MAC(0, 0), 952, k) == 1);
		must(receive(1) == 1);
		for (k = 0; k < 3; k++)
			ok &= send(0, MAC(1, 0), MAC(0, 0), lens[i], k) == 1;
		ok &= gets(2, MAC(2, 0), MAC(0, 0), 64, 5);
		ok &= receive(1) == 3;
		for (k = 0; k < 3; k++)
			ok &= is_frame(1, k, MAC(1, 0), MAC(0, 0), lens[i], k);
		close_all();
	}
	report("frames stay in their ring", ok);
}

static int send_at(unsigned int u, uint64_t at, uint32_t len)
{
	struct vs_frame f = { .at = (uint32_t)at, .len = (uint16_t)len };
	uint64_t ret;

	memcpy(xbuf(u, OUT_AT), &f, sizeof(f));
	if (call(vm[u], "vs_send", &ret, handle[u], OUT_AT, 1) != 1)
		failed++;
	memcpy(&f, xbuf(u, OUT_AT), sizeof(f));
	return f.result;
}

static void test_places(void)
{
	struct vs_frame f[3];
	uint64_t ret;

	open_all();
	make_frame(xbuf(0, XBUF_SIZE - 64), everybody, MAC(0, 0), 60, 0);
	report("the last bytes of the buffer",
	       send_at(0, XBUF_SIZE - 64, 60) == 3);
	report("not behind them",
	       send_at(0, XBUF_SIZE - 60, 60) == -EFAULT &&
		       send_at(0, XBUF_SIZE - 8, 60) == -EFAULT &&
		       send_at(0, XBUF_SIZE, 60) == -EFAULT &&
		       send_at(0, ~0U, 60) == -EFAULT &&
		       send_at(0, ~0U - 59, 60) == -EFAULT);
	make_frame(xbuf(0, FRAMES_AT + 3), everybody, MAC(0, 0), 61, 9);
	report("at any address", send_at(0, FRAMES_AT + 3, 61) == 3);
	report("arrays are in the buffer",
	       call(vm[0], "vs_send", &ret, handle[0], XBUF_SIZE - 8, 2) ==
			       -EFAULT &&
		       call(vm[0], "vs_send", &ret, handle[0], ~0ULL - 7, 1) ==
			       -EFAULT &&
		       call(vm[0], "vs_receive", &ret, handle[0], XBUF_SIZE,
			    1) == -EFAULT &&
		       call(vm[0], "vs_exchange", &ret, handle[0], 0, 0,
			    XBUF_SIZE, 1) == -EFAULT);
	report("and not too long",
	       call(vm[0], "vs_send", &ret, handle[0], 0, 257) == -EINVAL &&
		       call(vm[0], "vs_receive", &ret, handle[0], 0, ~0ULL) ==
			       -EINVAL);
	/* Two frames wait for user 1: one room is nowhere, one too small. */
	f[0] = (struct vs_frame){ .at = XBUF_SIZE - 56, .len = 64 };
	f[1] = (struct vs_frame){ .at = ROOMS_AT, .len = 63 };
	f[2] = (struct vs_frame){ .at = ROOMS_AT, .len = 64 };
	memcpy(xbuf(1, IN_AT), f, sizeof(f));
	report("rooms",
	       call(vm[1], "vs_receive", &ret, handle[1], IN_AT, 3) == 3);
	report("nowhere: the frame stays", frame_in(1, 0).result == -EFAULT);
	report("too small: it is gone",
	       frame_in(1, 1).result == -EMSGSIZE && frame_in(1, 1).len == 60);
	report("the next one", frame_in(1, 2).result == 0 &&
				       frame_in(1, 2).len == 61 &&
				       gets_nothing(1));
	close_all();
}

static void test_one(void)
{
	struct elisa_batch_op op[2];
	unsigned int i;
	uint64_t ret;

	open_all();
	make_frame(xbuf(0, FRAMES_AT), everybody, MAC(0, 0), 61, 5);
	report("a frame by itself",
	       call(vm[0], "vs_send_one", &ret, handle[0], FRAMES_AT, 61) == 3);
	report("is received by itself",
	       call(vm[1], "vs_receive_one", &ret, handle[1], ROOMS_AT, 64) ==
			       61 &&
		       !memcmp(xbuf(1, ROOMS_AT), xbuf(0, FRAMES_AT), 61));
	report("then there is none", call(vm[1], "vs_receive_one", &ret,
					  handle[1], ROOMS_AT, 64) == 0);
	report("errors of one",
	       call(vm[0], "vs_send_one", &ret, handle[0], FRAMES_AT,
		    1ULL << 32 | 61) == -EINVAL &&
		       call(vm[0], "vs_send_one", &ret, handle[0],
			    1ULL << 32 | FRAMES_AT, 61) == -EFAULT &&
		       call(vm[2], "vs_receive_one", &ret, handle[2], XBUF_SIZE,
			    64) == -EFAULT &&
		       call(vm[2], "vs_receive_one", &ret, handle[2], ROOMS_AT,
			    63) == -EMSGSIZE &&
		       call(vm[2], "vs_receive_one", &ret, handle[0], ROOMS_AT,
			    64) == -ESTALE);
	for (i = 0; i < 2; i++)
		op[i] = (struct elisa_batch_op){
			.entry =
				(uint32_t)elisa_test_lookup(exp, "vs_send_one"),
			.status = ELISA_BATCH_PENDING,
			.arg = { handle[0], FRAMES_AT, 61 },
		};
	memcpy(xbuf(0, OUT_AT), op, sizeof(op));
	report("a batch of two",
	       call(vm[0], "elisa_batch", &ret, OUT_AT, 2) == 2 &&
		       receive(1) == 2 &&
		       is_frame(1, 1, everybody, MAC(0, 0), 61, 5));
	receive(0);
	must(send(1, everybody, MAC(1, 0), 64, 6) == 3);
	make_frame(xbuf(0, FRAMES_AT), MAC(1, 0), MAC(0, 0), 64, 7);
	memcpy(xbuf(0, OUT_AT),
	       &(struct vs_frame){ .at = FRAMES_AT, .len = 64 },
	       sizeof(struct vs_frame));
	memcpy(xbuf(0, IN_AT),
	       &(struct vs_frame){ .at = ROOMS_AT, .len = ROOM },
	       sizeof(struct vs_frame));
	report("both directions in one call",
	       call(vm[0], "vs_exchange", &ret, handle[0], OUT_AT, 1, IN_AT,
		    1) == 1 &&
		       frame_in(0, 0).len == 64 && receive(1) == 1 &&
		       is_frame(1, 0, MAC(1, 0), MAC(0, 0), 64, 7));
	close_all();
}

/* --- full rings */

static void test_full(void)
{
	const unsigned int each = 8 + 1024;
	unsigned int n[3] = { 0 }, u, i, got = 0;
	struct vs_stats s;
	int64_t more;

	open_all();
	must(send(3, everybody, MAC(3, 0), 64, 0) == 3);
	while (send(0, MAC(3, 0), MAC(0, 0), 1024, n[0]) == 1)
		n[0]++;
	report("one can fill half of a ring",
	       n[0] >= RING / each / 2 - 1 && n[0] <= RING / each / 2 + 1);
	s = stats(0, handle[0]);
	report("the sender is told, and counted", s.refused == 1);
	report("so is the receiver", stats(3, handle[3]).missed == 1);
	for (u = 1; u < 3; u++)
		while (send(u, MAC(3, 0), MAC(u, 0), 1024, n[u]) == 1)
			n[u]++;
	report("there is room for others",
	       n[1] >= RING / each / 4 - 1 && n[2] >= RING / each / 8 - 1);
	report("a broadcast still reaches whom it can",
	       send(0, everybody, MAC(0, 0), 1024, 0) == 2);
	while ((more = receive(3)) > 0)
		got += (unsigned int)more;
	report("what was put is there", got == n[0] + n[1] + n[2]);
	for (i = 0; i < n[0]; i++)
		must(send(0, MAC(3, 0), MAC(0, 0), 1024, i) == 1);
	report("then there is as much room as before",
	       send(0, MAC(3, 0), MAC(0, 0), 1024, i) == -ENOBUFS);
	close_port(3);
	handle[3] = (uint64_t)open_port(3);
	report("a new port's ring is empty", gets_nothing(3));
	close_all();
}

/* As many frames of 1000 bytes as fit, in one call: that number. */
static unsigned int send_many(unsigned int u, unsigned int to)
{
	struct vs_frame f[64];
	unsigned int i, sent = 0;
	uint64_t ret;

	make_frame(xbuf(u, FRAMES_AT), MAC(to, 0), MAC(u, 0), 1000, 9);
	for (i = 0; i < 64; i++)
		f[i] = (struct vs_frame){ .at = FRAMES_AT, .len = 1000 };
	memcpy(xbuf(u, OUT_AT), f, sizeof(f));
	must(call(vm[u], "vs_send", &ret, handle[u], OUT_AT, 64) == 64);
	memcpy(f, xbuf(u, OUT_AT), sizeof(f));
	while (sent < 64 && f[sent].result == 1)
		sent++;
	for (i = sent; i < 64; i++)
		must(f[i].result == -ENOBUFS);
	return sent;
}

/* Everything that waits for @u is what send_many() has sent; how many. */
static unsigned int take_many(unsigned int u, unsigned int from)
{
	unsigned int n = 0, i;
	int64_t more;

	while ((more = receive(u)) > 0)
		for (i = 0; i < more; i++, n++)
			must(is_frame(u, i, MAC(u, 0), MAC(from, 0), 1000, 9));
	return n;
}

static void test_many(void)
{
	unsigned int i, n, second, u;
	bool ok = true;

	open_all();
	for (u = 0; u < USERS; u++)
		must(send(u, MAC(u, 0), MAC(u, 0), 64, 0) == 0);
	/* From one place of the ring after the other. */
	for (i = 0; i < 40; i++) {
		n = send_many(0, 1);
		second = send_many(0, 1);
		ok &= n >= 15 && n <= 17 && !second;
		ok &= take_many(1, 0) == n;
		must(send(0, MAC(1, 0), MAC(0, 0), 14 + 56 * i, i) == 1);
		must(receive(1) == 1);
	}
	report("a call stops at the sender's share", ok);
	/* Two thirds are full: what lies at the end is no place to skip to. */
	for (i = 0, ok = true; i < 40; i++) {
		n = send_many(0, 1);
		second = send_many(2, 1);
		ok &= n >= 15 && second >= 7 && second <= 9;
		ok &= send_many(3, 1) <= 5;
		while (receive(1) > 0)
			;
		must(send(0, MAC(1, 0), MAC(0, 0), 14 + 56 * i, i) == 1);
		must(receive(1) == 1);
	}
	report("two of them, too", ok);
	close_all();
}

/* What a port remembers of another one ends with that. */
static void test_memory(void)
{
	uint64_t ret;

	open_all();
	must(send(1, MAC(1, 0), MAC(1, 0), 64, 0) == 0);
	make_frame(xbuf(0, FRAMES_AT), MAC(1, 0), MAC(0, 0), 64, 1);
	must(call(vm[0], "vs_send_one", &ret, handle[0], FRAMES_AT, 64) == 1);
	must(call(vm[0], "vs_send_one", &ret, handle[0], FRAMES_AT, 64) == 1);
	must(receive(1) == 2);
	close_port(3);
	close_port(1);
	/* The same port. */
	handle[3] = (uint64_t)open_port(3);
	must(handle[3] % VS_PORTS == 1);
	report("its successor is not taken for it",
	       call(vm[0], "vs_send_one", &ret, handle[0], FRAMES_AT, 64) ==
			       2 &&
		       receive(2) == 1);
	handle[1] = (uint64_t)open_port(1);
	close_all();
}

/* --- users who are gone */

static void test_lease(void)
{
	uint64_t freed = stats(0, 0).freed;

	setup()->clock = 1000;
	setup()->lease = 10;
	open_all();
	must(send(3, everybody, MAC(3, 0), 64, 0) == 3);
	setup()->clock += 10;
	report("a port lasts its lease",
	       gets_nothing(0) == false && stats(0, 0).ports == 4);
	setup()->clock += 1;
	report("and no longer", gets_nothing(0) && stats(0, 0).ports == 1 &&
					stats(0, 0).freed == freed + 3 &&
					stats(0, 0).addresses == 0);
	report("its user is told",
	       receive(1) == -ESTALE &&
		       send(1, everybody, MAC(1, 0), 64, 0) == -ESTALE);
	setup()->lease = 0;
	handle[1] = (uint64_t)open_port(1);
	handle[2] = (uint64_t)open_port(2);
	handle[3] = (uint64_t)open_port(3);
	setup()->clock += 1000;
	report("without a lease it is for ever",
	       gets_nothing(0) && stats(0, 0).ports == 4);
	close_all();
	setup()->clock = 0;
}

static void test_gone(void)
{
	struct elisa_test_vm *guest;
	uint64_t ret, h;

	open_all();
	if (elisa_test_attach(&guest, exp, 3, 4096)) {
		report("a VM", false);
		return;
	}
	h = (uint64_t)call(guest, "vs_open", &ret);
	report("a VM comes", (int64_t)h > 0 && stats(0, 0).ports == 5);
	elisa_test_detach(guest);
	close_port(3);
	handle[3] = (uint64_t)open_port(3);
	report("and goes, and its port with it",
	       (int64_t)handle[3] > 0 && stats(0, 0).ports == 4);
	setup()->clock = 50;
	if (elisa_test_attach(&guest, exp, 3, 4096)) {
		report("a VM", false);
		return;
	}
	h = (uint64_t)call(guest, "vs_open", &ret);
	elisa_test_detach(guest);
	setup()->clock = 51;
	report("the next second does it as well",
	       (int64_t)h > 0 && stats(0, 0).ports == 5 && gets_nothing(0) &&
		       stats(0, 0).ports == 4);
	setup()->clock = 0;
	close_all();
}

/* --- deaths */

/* Everything works between users 1 and 2, and ends as it began. */
static bool works(void)
{
	bool ok = true;
	unsigned int i;

	close_all();
	open_all();
	ok &= stats(1, 0).ports == USERS && stats(1, 0).addresses == 0;
	ok &= send(2, everybody, MAC(2, 0), 64, 1) == 3;
	ok &= gets(1, everybody, MAC(2, 0), 64, 1) && receive(0) == 1 &&
	      receive(3) == 1;
	for (i = 0; i < 3; i++)
		ok &= send(1, MAC(2, 0), MAC(1, 0), 60 + i, i) == 1;
	ok &= receive(2) == 3 && is_frame(2, 2, MAC(2, 0), MAC(1, 0), 62, 2);
	ok &= stats(1, 0).addresses == 2;
	close_all();
	return ok && stats(1, 0).ports == 0 && stats(1, 0).addresses == 0;
}

enum deed { SEND, FLOOD, LEARN, RECEIVE, OPEN, CLOSE, SWEEP };

static int do_deed(enum deed deed, uint64_t *ret)
{
	struct vs_frame f = { .at = FRAMES_AT, .len = 64 };
	struct vs_frame in = { .at = ROOMS_AT, .len = ROOM };

	make_frame(xbuf(0, FRAMES_AT), deed == FLOOD ? everybody : MAC(1, 0),
		   deed == LEARN ? MAC(0, 77) : MAC(0, 0), 64, 99);
	memcpy(xbuf(0, OUT_AT), &f, sizeof(f));
	memcpy(xbuf(0, IN_AT), &in, sizeof(in));
	switch (deed) {
	case RECEIVE:
		return elisa_test_call(vm[0], "vs_receive", ret, handle[0],
				       IN_AT, 1);
	case OPEN:
		return elisa_test_call(vm[0], "vs_open", ret);
	case CLOSE:
		return elisa_test_call(vm[0], "vs_close", ret, handle[0]);
	default:
		return elisa_test_call(vm[0], "vs_send", ret, handle[0], OUT_AT,
				       1);
	}
}

static void prepare_deed(enum deed deed)
{
	open_all();
	if (deed == OPEN)
		close_port(0);
	else
		must(send(0, everybody, MAC(0, 0), 64, 0) == 3);
	must(send(1, everybody, MAC(1, 0), 64, 0) == 2 + (deed != OPEN));
	receive(1);
	if (deed != RECEIVE)
		receive(0);
	if (deed == SWEEP)
		setup()->clock += 1000;
}

/* What the others see, before and after the repair. */
static bool check_deed(enum deed deed)
{
	int64_t n = receive(1);
	int sent;
	bool ok = true;

	/* A frame came whole or not at all. */
	if (deed == SEND || deed == LEARN)
		ok &= n == 0 || (n == 1 && is_frame(1, 0, MAC(1, 0),
						    deed == LEARN ? MAC(0, 77) :
								    MAC(0, 0),
						    64, 99));
	else if (deed == FLOOD)
		ok &= n == 0 ||
		      (n == 1 && is_frame(1, 0, everybody, MAC(0, 0), 64, 99));
	else
		ok &= n == 0;
	/* User 2 reaches user 1. */
	sent = send(2, MAC(1, 0), MAC(2, 0), 100, 3);
	ok &= sent >= 1 && gets(1, MAC(1, 0), MAC(2, 0), 100, 3);
	return ok;
}

/* A repair may free ports that were due.  All but the dead are there again. */
static void reopen(void)
{
	unsigned int u;
	uint64_t ret;

	ret = (uint64_t)open_port(3);
	must(call(vm[3], "vs_close", &ret, ret) == 0);
	for (u = 1; u < USERS; u++)
		if (receive(u) == -ESTALE)
			handle[u] = (uint64_t)open_port(u);
}

static void test_deaths(void)
{
	static const char *const names[] = {
		"sends",
		"sends to all",
		"sends from a new address",
		"receives",
		"opens a port",
		"closes a port",
		"does what is due",
	};
	unsigned int n, points = 0;
	enum deed deed;
	uint64_t ret;
	char text[80];
	int err;

	for (deed = SEND; deed <= SWEEP; deed++) {
		bool ok = true;

		setup()->age = 300;
		setup()->lease = 20;
		for (n = 1;; n++) {
			setup()->clock = 100;
			prepare_deed(deed);
			elisa_test_die_after(vm[0], n);
			err = do_deed(deed, &ret);
			elisa_test_die_after(vm[0], 0);
			if (err != -ENOLINK)
				break;
			if (deed == SWEEP)
				reopen();
			if (!check_deed(deed)) {
				ok = false;
				printf("# at point %u\n", n);
			}
			setup()->clock += 1;
			receive(1);
			setup()->clock += 21;
			/* Who has the port of an open that died is gone. */
			receive(1);
			if (!works()) {
				ok = false;
				printf("# at point %u: does not work\n", n);
			}
		}
		points += n - 1;
		close_all();
		if (deed == OPEN)
			handle[0] = ret, close_port(0);
		snprintf(text, sizeof(text),
			 "a call that %s dies at each of %u points",
			 names[deed], n - 1);
		report(text, ok && !err && n > 4);
		report("and all works", works());
	}
	report("repairs are counted", stats(0, 0).repairs > points / 2);
	setup()->clock = setup()->age = setup()->lease = 0;
}

/* Who repairs dies, too. */
static void test_deaths_in_repair(void)
{
	static const enum deed deeds[] = { SEND, RECEIVE, CLOSE };
	unsigned int d, n, m, pairs = 0;
	uint64_t ret;
	bool ok = true;
	int err;

	setup()->lease = 20;
	for (d = 0; d < 3; d++)
		for (n = 1, err = -ENOLINK; err == -ENOLINK; n++)
			for (m = 1;; m++) {
				int second;

				setup()->clock = 100;
				prepare_deed(deeds[d]);
				elisa_test_die_after(vm[0], n);
				err = do_deed(deeds[d], &ret);
				elisa_test_die_after(vm[0], 0);
				if (err != -ENOLINK) {
					close_all();
					break;
				}
				setup()->clock = 200;
				elisa_test_die_after(vm[3], m);
				second =
					elisa_test_call(vm[3], "vs_open", &ret);
				elisa_test_die_after(vm[3], 0);
				setup()->clock = 300;
				receive(1);
				if (!works()) {
					ok = false;
					printf("# deed %u: %u, %u\n", d, n, m);
				}
				if (second != -ENOLINK) {
					elisa_test_call(vm[3], "vs_close", &ret,
							ret);
					break;
				}
				pairs++;
			}
	close_all();
	setup()->clock = setup()->lease = 0;
	printf("# %u deaths in repairs\n", pairs);
	report("deaths in repairs", ok && pairs > 100 && works());
}

/* --- hostile callers */

static uint64_t junk(void)
{
	switch (below(6)) {
	case 0:
		return below(300);
	case 1:
		return XBUF_SIZE - below(20000);
	case 2:
		return (uint64_t)below(~0U) << 32 | below(~0U);
	case 3:
		return ~0ULL - below(100);
	case 4:
		return handle[below(USERS)];
	default:
		return below(XBUF_SIZE);
	}
}

/* User 0 does what it likes; users 1 and 2 do not notice. */
static void test_hostile(unsigned int rounds)
{
	static const char *const names[] = { "vs_send",	    "vs_receive",
					     "vs_exchange", "vs_stats",
					     "vs_send_one", "vs_receive_one",
					     "elisa_batch", "vs_open" };
	unsigned int i, k, n_more = 0;
	uint64_t ret, more[3];
	bool ok = true;

	setup()->port_macs = 20;
	setup()->vm_ports = 3;
	open_all();
	ok &= send(1, everybody, MAC(1, 0), 64, 0) == 3;
	ok &= send(2, everybody, MAC(2, 0), 64, 0) == 3;
	for (i = 0; i < rounds && ok; i++) {
		const char *name;
		bool seen;
		int64_t n;

		for (k = 0; k < 64; k++) {
			const uint64_t word = (uint32_t)below(XBUF_SIZE) |
					      (uint64_t)below(2000) << 32;

			memcpy(xbuf(0, OUT_AT + 8 * k),
			       below(4) ? &word : &(uint64_t){ junk() }, 8);
		}
		for (k = 0; k < 40; k++)
			make_frame(xbuf(0, below(XBUF_SIZE - 64)),
				   below(2) ? everybody : MAC(1, 0),
				   MAC(below(3), below(100)), 64, k);
		name = names[below(8)];
		call(vm[0], name, &ret, below(4) ? handle[0] : junk(),
		     below(2) ? OUT_AT : junk(), junk(), junk(), junk(),
		     junk());
		if (name == names[7] && (int64_t)ret > 0)
			more[n_more++] = ret;
		while (receive(1) == ROOMS)
			;
		ok &= send(2, MAC(1, 0), MAC(2, 0), 100, i) == 1;
		n = receive(1);
		seen = n == 1 && is_frame(1, 0, MAC(1, 0), MAC(2, 0), 100, i);
		ok &= seen;
		while (receive(2) > 0 || receive(3) > 0)
			;
	}
	if (!ok)
		printf("# in round %u\n", i);
	report("garbage harms nobody else", ok);
	report("nor takes the others' addresses",
	       stats(1, handle[1]).macs == 1 && stats(2, handle[2]).macs == 1);
	while (n_more)
		must(call(vm[0], "vs_close", &ret, more[--n_more]) == 0);
	setup()->port_macs = setup()->vm_ports = 0;
	close_all();
	report("and it works on", works());
}

static void test_small(const char *image)
{
	const unsigned int rw = ELISA_RIGHT_READ | ELISA_RIGHT_WRITE;
	struct elisa_test_export *small;
	struct elisa_test_vm *user, *reader;
	uint64_t ret;

	if (elisa_test_export_open(&small, image, VS_SIZE_MIN - 4096) ||
	    elisa_test_attach(&user, small, rw, 4096)) {
		report("a small region", false);
		return;
	}
	report("a region that is too small",
	       call(user, "vs_open", &ret) == -ENOSPC &&
		       call(user, "vs_stats", &ret, 0, 0) == -ENOSPC &&
		       call(user, "vs_send", &ret, 16, 0, 0) == -ESTALE);
	elisa_test_detach(user);
	elisa_test_export_close(small);
	if (elisa_test_attach(&reader, exp, ELISA_RIGHT_READ, 4096)) {
		report("a reader", false);
		return;
	}
	report("who may only read gets no port",
	       call(reader, "vs_open", &ret) == -EACCES &&
		       call(reader, "vs_stats", &ret, 0, 0) == 0);
	elisa_test_detach(reader);
}

int main(int argc, char **argv)
{
	const unsigned int rw = ELISA_RIGHT_READ | ELISA_RIGHT_WRITE;
	unsigned int u;

	if (argc < 2 || argc > 3) {
		fprintf(stderr, "Usage: vs_test IMAGE [SEED]\n");
		return 2;
	}
	rng = argc > 2 ? strtoull(argv[2], NULL, 0) : (uint64_t)time(NULL);
	printf("# seed %" PRIu64 "\n", rng);
	rng = rng * 0x9e3779b97f4a7c15 | 1;
	if (elisa_test_export_open(&exp, argv[1], DATA_SIZE)) {
		fprintf(stderr, "vs_test: %s cannot be used\n", argv[1]);
		return 1;
	}
	for (u = 0; u < USERS; u++)
		if (elisa_test_attach(&vm[u], exp, rw, XBUF_SIZE))
			return 1;
	setup()->seed = rng;
	test_ports();
	test_learning();
	test_ageing();
	test_addresses();
	test_lengths();
	test_order();
	test_end();
	test_places();
	test_one();
	test_full();
	test_many();
	test_memory();
	test_lease();
	test_gone();
	test_deaths();
	test_deaths_in_repair();
	test_hostile(2000);
	test_small(argv[1]);
	for (u = 0; u < USERS; u++)
		elisa_test_detach(vm[u]);
	elisa_test_export_close(exp);
	return failed ? 1 : 0;
}
