// SPDX-License-Identifier: GPL-2.0-only
/*
 * bad_port: a user of the switch of examples/vswitch who means no good, in a guest.
 *
 *	bad_port EXPORT ROUNDS MAC
 *
 * Opens a port, then calls all entry points with arguments, frames, lengths and
 * offsets of any kind, while another thread changes the exchange buffer all the
 * time; and it pretends to be MAC, another port's address.  Nothing of that may
 * fail other than by an error code.  Prints what the switch has counted.
 */
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <elisa/guest.h>

#include "vs.h"

#define XBUF_SIZE 65536u
#define FRAMES	  64u
#define OUT_AT	  0u
#define DATA_AT	  4096u
#define OPEN	  7u /* in names[] */
#define CLOSE	  8u
#define PLACES	  256u /* for frames */

static unsigned char *xbuf;
static unsigned char mac[6];
static atomic_bool ended;

static uint64_t below(uint64_t *state, uint64_t n)
{
	/* xorshift64* */
	*state ^= *state >> 12;
	*state ^= *state << 25;
	*state ^= *state >> 27;
	return (*state * 0x2545f4914f6cdd1d >> 32) % n;
}

static uint64_t junk(uint64_t *state)
{
	switch (below(state, 5)) {
	case 0:
		return below(state, 300);
	case 1:
		return XBUF_SIZE - below(state, 100);
	case 2:
		return UINT64_MAX - below(state, 10000);
	case 3:
		return below(state, UINT32_MAX) << 32 |
		       below(state, UINT32_MAX);
	default:
		return below(state, XBUF_SIZE);
	}
}

/* Frames that look like some, and arrays that name them. */
static void scribble(uint64_t *state)
{
	const uint64_t at = DATA_AT + 64 * below(state, PLACES);
	volatile uint64_t *frame = (volatile uint64_t *)xbuf;
	volatile unsigned char *p = xbuf + at;
	unsigned int i;

	for (i = 0; i < 6; i++) {
		p[i] = below(state, 2) ? 255 : mac[i];
		p[6 + i] = mac[i];
	}
	p[11] = (unsigned char)(mac[5] + below(state, 3));
	i = (unsigned int)below(state, FRAMES);
	frame[i] = below(state, 3) ?
			   below(state, XBUF_SIZE) | below(state, 2000) << 32 :
			   junk(state);
}

static void *scribbler(void *arg)
{
	uint64_t state = 4711;

	(void)arg;
	while (!ended)
		scribble(&state);
	return NULL;
}

static int fail(const char *what, int err)
{
	fprintf(stderr, "bad_port: %s: %s\n", what, strerror(-err));
	return 1;
}

int main(int argc, char **argv)
{
	static const char *const names[] = { "vs_send",	    "vs_receive",
					     "vs_exchange", "vs_stats",
					     "vs_send_one", "vs_receive_one",
					     "elisa_batch", "vs_open",
					     "vs_close" };
	const unsigned int n_names = sizeof(names) / sizeof(names[0]);
	struct elisa_entry entry[9], stats;
	struct elisa_attachment *att;
	uint64_t handle, ret, first, state = 1, i, errors = 0;
	struct elisa_buffer buffer;
	struct vs_stats s;
	pthread_t thread;
	unsigned int k;
	int err;

	if (argc != 4 ||
	    sscanf(argv[3], "%hhx:%hhx:%hhx:%hhx:%hhx:%hhx", &mac[0], &mac[1],
		   &mac[2], &mac[3], &mac[4], &mac[5]) != 6) {
		fputs("usage: bad_port EXPORT ROUNDS MAC\n", stderr);
		return 2;
	}
	err = elisa_buffer_alloc(&buffer, XBUF_SIZE);
	if (err)
		return fail("exchange buffer", err);
	xbuf = buffer.addr;
	err = elisa_attach(&att, argv[1], xbuf, XBUF_SIZE);
	for (k = 0; k < n_names && !err; k++)
		err = elisa_lookup(att, names[k], &entry[k]);
	if (!err)
		err = elisa_lookup(att, "vs_stats", &stats);
	if (!err)
		err = elisa_call0(&entry[OPEN], &handle);
	if (err || (int64_t)handle < 0)
		return fail("a port", err ? err : (int)handle);
	if (pthread_create(&thread, NULL, scribbler, NULL))
		return fail("a thread", -EAGAIN);
	for (i = 0; i < strtoull(argv[2], NULL, 10); i++) {
		k = (unsigned int)below(&state, n_names);
		scribble(&state);
		first = k != CLOSE && below(&state, 4) ? handle : junk(&state);
		/* Its own port stays open, for the figures. */
		if (k == CLOSE && first == handle)
			continue;
		err = elisa_call6(&entry[k], &ret, first,
				  below(&state, 2) ? OUT_AT : junk(&state),
				  below(&state, 2) ? FRAMES : junk(&state),
				  junk(&state), junk(&state), junk(&state));
		if (err)
			return fail(names[k], err);
		errors += (int64_t)ret < 0 && (int64_t)ret > -4096;
	}
	ended = true;
	pthread_join(thread, NULL);
	err = elisa_call2(&stats, &ret, handle, DATA_AT);
	if (err || ret)
		return fail("vs_stats", err ? err : (int)ret);
	memcpy(&s, xbuf + DATA_AT, sizeof(s));
	printf("calls %" PRIu64 " errors %" PRIu64 " sent %" PRIu64
	       " bad %" PRIu64 " spoofed %" PRIu64 "\n",
	       i, errors, s.sent, s.bad, s.spoofed);
	/* Its ports stay: it is for the switch to find out. */
	return 0;
}
