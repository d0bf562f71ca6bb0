// SPDX-License-Identifier: MIT
/*
 * The vswitch example's sub image, used by several threads at a time: frames that
 * meet in one ring, a ring that is emptied meanwhile, ports that come and go.  Also
 * built with the sanitizer that looks for races.
 */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <elisa/sub_test.h>

#include "vs.h"

#define XBUF_SIZE 65536u
#define SENDERS	  3u
#define FRAMES	  3000u
#define BATCH	  8u
#define IN_AT	  1024u
#define STATS_AT  2048u
#define DATA_AT	  4096u
#define ROOM	  2048u

static struct elisa_test_export *exp;
static atomic_uint sending;

/* Threads do not assert: what is wrong is seen at the end. */
static atomic_uint wrong;

static void expect(bool ok, const char *what)
{
	if (ok)
		return;
	wrong++;
	fprintf(stderr, "wrong: %s\n", what);
}

struct user {
	struct elisa_test_vm *vm;
	uint64_t handle;
	unsigned int number;
	uint64_t rng;
	/* What the receiver has seen of each sender. */
	uint32_t next[SENDERS];
};

static uint32_t below(struct user *u, uint32_t n)
{
	/* xorshift64* */
	u->rng ^= u->rng >> 12;
	u->rng ^= u->rng << 25;
	u->rng ^= u->rng >> 27;
	return (u->rng * 0x2545f4914f6cdd1d >> 32) % n;
}

static int64_t call(struct user *u, const char *name, uint64_t a0, uint64_t a1,
		    uint64_t a2)
{
	uint64_t ret;

	expect(!elisa_test_call(u->vm, name, &ret, a0, a1, a2), name);
	return (int64_t)ret;
}

static unsigned char *xbuf(const struct user *u, uint32_t at)
{
	return (unsigned char *)elisa_test_xbuf(u->vm) + at;
}

/* To @to; or, with its number as address, to nobody but the table. */
static void make_frame(unsigned char *p, unsigned int to, unsigned int from,
		       uint32_t len, uint32_t tag)
{
	memset(p, (int)(tag + from), len);
	memcpy(p, (unsigned char[]){ 2, 0, 0, 0, 0, (unsigned char)to }, 6);
	memcpy(p + 6, (unsigned char[]){ 2, 0, 0, 0, 0, (unsigned char)from },
	       6);
	memcpy(p + 12, &tag, sizeof(tag));
}

static void open_port(struct user *u, unsigned int number)
{
	const struct vs_frame f = { .at = DATA_AT, .len = 64 };

	u->number = number;
	u->rng = number + 1;
	assert_int_equal(elisa_test_attach(&u->vm, exp, 3, XBUF_SIZE), 0);
	u->handle = (uint64_t)call(u, "vs_open", 0, 0, 0);
	assert_true((int64_t)u->handle > 0);
	/* To itself, so that its address is known. */
	make_frame(xbuf(u, DATA_AT), number, number, 64, 0);
	memcpy(xbuf(u, 0), &f, sizeof(f));
	assert_int_equal(call(u, "vs_send", u->handle, 0, 1), 1);
}

/* Sends FRAMES to port 0, in batches; what it has no room for once more. */
static void *sender(void *arg)
{
	struct user *u = arg;
	uint32_t tag = 0;

	while (tag < FRAMES) {
		struct vs_frame f[BATCH];
		uint32_t n = 1 + below(u, BATCH), i, taken = 0;

		if (n > FRAMES - tag)
			n = FRAMES - tag;
		for (i = 0; i < n; i++) {
			f[i] = (struct vs_frame){
				.at = DATA_AT + i * ROOM,
				.len = (uint16_t)(16 + below(u, 2000)),
			};
			make_frame(xbuf(u, f[i].at), 0, u->number, f[i].len,
				   tag + i);
		}
		memcpy(xbuf(u, 0), f, sizeof(f));
		expect(call(u, "vs_send", u->handle, 0, n) == n, "vs_send");
		memcpy(f, xbuf(u, 0), sizeof(f));
		for (i = 0; i < n; i++) {
			expect(f[i].result == 1 || f[i].result == -ENOBUFS,
			       "result");
			/* Those behind one that was refused may be there. */
			if (f[i].result == 1)
				taken = i + 1;
		}
		tag += taken;
		if (taken < n)
			sched_yield();
	}
	sending--;
	return NULL;
}

static void check_frame(struct user *u, const struct vs_frame *f)
{
	const unsigned char *p = xbuf(u, f->at);
	const unsigned int from = p[11] - 1u;
	uint32_t tag, i;
	bool ok = true;

	memcpy(&tag, p + 12, sizeof(tag));
	expect(!f->result && f->len >= 16 && f->len <= 2016, "length");
	expect(p[5] == 0 && from < SENDERS, "addresses");
	if (from >= SENDERS)
		return;
	for (i = 16; i < f->len; i++)
		ok &= p[i] == (unsigned char)(tag + from + 1);
	expect(ok, "contents");
	expect(tag >= u->next[from], "order");
	u->next[from] = tag + 1;
}

static void *receiver(void *arg)
{
	struct user *u = arg;
	bool last = false;

	while (!last) {
		struct vs_frame f[BATCH];
		int64_t n;
		uint32_t i;

		last = !sending;
		for (i = 0; i < BATCH; i++)
			f[i] = (struct vs_frame){ .at = DATA_AT + i * ROOM,
						  .len = ROOM };
		memcpy(xbuf(u, IN_AT), f, sizeof(f));
		n = call(u, "vs_receive", u->handle, IN_AT, BATCH);
		expect(n >= 0 && n <= BATCH, "vs_receive");
		memcpy(f, xbuf(u, IN_AT), sizeof(f));
		for (i = 0; i < n; i++)
			check_frame(u, &f[i]);
		last &= !n;
		if (!n)
			sched_yield();
	}
	return NULL;
}

/* Opens and closes a port, with an address. */
static void *passer_by(void *arg)
{
	const struct vs_frame f = { .at = DATA_AT, .len = 64 };
	struct user *u = arg;

	while (sending) {
		make_frame(xbuf(u, DATA_AT), u->number, u->number, 64, 0);
		memcpy(xbuf(u, 0), &f, sizeof(f));
		u->handle = (uint64_t)call(u, "vs_open", 0, 0, 0);
		expect((int64_t)u->handle > 0, "vs_open");
		expect(call(u, "vs_send", u->handle, 0, 1) == 1, "its own");
		expect(call(u, "vs_close", u->handle, 0, 0) == 0, "vs_close");
	}
	return NULL;
}

static struct vs_stats stats(struct user *u)
{
	struct vs_stats s;

	assert_int_equal(call(u, "vs_stats", u->handle, STATS_AT, 0), 0);
	memcpy(&s, xbuf(u, STATS_AT), sizeof(s));
	return s;
}

static void *clockwork(void *arg)
{
	struct vs_setup *setup = arg;

	while (sending) {
		__atomic_fetch_add(&setup->clock, 1, __ATOMIC_RELAXED);
		sched_yield();
	}
	return NULL;
}

static void together(void **state)
{
	pthread_t thread[SENDERS + 3];
	struct user user[SENDERS + 2];
	unsigned int i, k;
	struct vs_setup *setup;
	struct vs_stats s;
	char path[4096];

	(void)state;
	snprintf(path, sizeof(path), "%s/" VS_IMAGE, getenv("IMAGES"));
	assert_int_equal(elisa_test_export_open(&exp, path, VS_SIZE_MIN), 0);
	memset(user, 0, sizeof(user));
	setup = elisa_test_data(exp);
	setup->clock = 2;
	for (i = 0; i < SENDERS + 1; i++)
		open_port(&user[i], i);
	assert_int_equal(elisa_test_attach(&user[i].vm, exp, 3, XBUF_SIZE), 0);
	user[i].number = i;
	sending = SENDERS;
	for (i = 0; i < SENDERS; i++)
		pthread_create(&thread[i], NULL, sender, &user[1 + i]);
	pthread_create(&thread[i], NULL, receiver, &user[0]);
	pthread_create(&thread[i + 1], NULL, passer_by, &user[SENDERS + 1]);
	pthread_create(&thread[i + 2], NULL, clockwork, setup);
	for (i = 0; i < SENDERS + 3; i++)
		pthread_join(thread[i], NULL);
	assert_int_equal(wrong, 0);
	s = stats(&user[0]);
	for (i = 0, k = 0; i < SENDERS; i++) {
		assert_int_equal(user[0].next[i], FRAMES);
		k += stats(&user[1 + i]).sent;
	}
	/* Each has also sent one to itself. */
	assert_int_equal(s.received, k - SENDERS);
	assert_int_equal(s.repairs, 0);
	assert_int_equal(s.ports, SENDERS + 1);
	assert_int_equal(s.addresses, SENDERS + 1);
	for (i = 0; i < SENDERS + 2; i++)
		elisa_test_detach(user[i].vm);
	elisa_test_export_close(exp);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(together),
	};

	return cmocka_run_group_tests_name("vswitch, threads", tests, NULL,
					   NULL);
}
