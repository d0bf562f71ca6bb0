// SPDX-License-Identifier: MIT
/*
 * A TAP adapter: a network interface of this guest whose cable ends in the switch.
 *
 * One thread.  Frames go from the TAP device into the exchange buffer and from
 * there into the switch, up to BATCH of them in a call that brings back as many,
 * which go straight from the exchange buffer to the device: each is copied once by
 * the guest's kernel and once by the switch, on either side.
 *
 * Nobody tells a port that frames have come, so it asks: all the time while there
 * is something to do, and after that more and more seldom, up to once each -w
 * microseconds.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "vs_link.h"

#define BATCH	  32u
#define OUT_AT	  4096u /* what vs_link_stats() writes to is before it */
#define IN_AT	  (OUT_AT + BATCH * sizeof(struct vs_frame))
#define DATA_AT	  8192u
#define ROOM	  ((VS_FRAME_MAX + 63u) & ~63u)
#define XBUF_SIZE ((size_t)((DATA_AT + 2 * BATCH * ROOM + 4095u) & ~4095u))

#define BUSY_ROUNDS 64u /* without frames, before it sleeps */
#define TRIES	    16u /* for a frame that the receiver has no room for */
#define TRY_USEC    500u

/*
 * @slot: where frames of the guest's are, or may be put: each number below BATCH
 * once; the first @waiting of them hold frames, of @len bytes, that the receiver
 * had no room for, @tries times by now.
 */
struct tap {
	struct vs_link link;
	int fd;
	char name[IFNAMSIZ];
	unsigned int wait_max;
	uint64_t lost; /* that neither the switch nor the device took */
	uint32_t slot[BATCH];
	uint16_t len[BATCH];
	uint32_t waiting;
	uint32_t tries;
};

static volatile sig_atomic_t stop;

static void on_stop(int sig)
{
	(void)sig;
	stop = 1;
}

static int usage(FILE *to)
{
	fprintf(to,
		"Usage: vs_tap [OPTION]... [INTERFACE]\n"
		"Make INTERFACE (default: vs0), a port of the switch, until SIGTERM or SIGINT;\n"
		"print READY when done.\n"
		"  -n NAME  name of the export (default: " VS_EXPORT ")\n"
		"  -d FILE  not by ELISA, but in FILE, which all map\n"
		"  -s MIB   size of that (default: 4)\n"
		"  -w USEC  look for frames at least that often (default: 2000)\n"
		"  -S       make no interface, print figures of the switch\n");
	return to == stdout ? 0 : 2;
}

static int fail(const char *what, int err)
{
	fprintf(stderr, "vs_tap: %s: %s\n", what, strerror(-err));
	return 1;
}

static int open_tap(struct tap *t)
{
	struct ifreq ifr = { .ifr_flags = IFF_TAP | IFF_NO_PI };

	t->fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (t->fd < 0)
		return -errno;
	memcpy(ifr.ifr_name, t->name, IFNAMSIZ);
	if (ioctl(t->fd, TUNSETIFF, &ifr))
		return -errno;
	memcpy(t->name, ifr.ifr_name, IFNAMSIZ);
	return 0;
}

static uint32_t room_at(uint32_t n)
{
	return DATA_AT + n * ROOM;
}

/*
 * Frames that wait, and then new ones of the guest's: how many there are to send.
 * While there is no room for others the device's own queue holds them back, as the
 * guest's TCP wants it.
 */
static int take_frames(struct tap *t)
{
	struct vs_frame *out = (struct vs_frame *)(t->link.xbuf + OUT_AT);
	uint32_t n = t->waiting, i;

	for (; n < BATCH && !t->waiting; n++) {
		const ssize_t len = read(t->fd,
					 t->link.xbuf + room_at(t->slot[n]),
					 VS_FRAME_MAX);

		if (len < 0 && errno != EAGAIN && errno != EINTR)
			return -errno;
		if (len <= 0)
			break;
		t->len[n] = (uint16_t)len;
	}
	for (i = 0; i < n; i++)
		out[i] = (struct vs_frame){ .at = room_at(t->slot[i]),
					    .len = t->len[i] };
	return (int)n;
}

static void name_rooms(struct tap *t)
{
	struct vs_frame *in = (struct vs_frame *)(t->link.xbuf + IN_AT);
	uint32_t n;

	for (n = 0; n < BATCH; n++)
		in[n] = (struct vs_frame){ .at = room_at(BATCH + n),
					   .len = ROOM };
}

/*
 * Frames for the guest.  The exchange buffer is the export's as well: what it says
 * about lengths is read once and checked, and where frames are we know ourselves.
 */
static int give_frames(struct tap *t, int64_t n)
{
	const volatile struct vs_frame *in =
		(const volatile struct vs_frame *)(t->link.xbuf + IN_AT);
	uint32_t i;

	for (i = 0; i < n; i++) {
		const uint16_t len = in[i].len;

		if (in[i].result || len > ROOM) {
			t->lost++;
			continue;
		}
		if (write(t->fd, t->link.xbuf + room_at(BATCH + i), len) >= 0)
			continue;
		/* It is down, or its queue is full: as with any cable. */
		if (errno != EIO && errno != EAGAIN && errno != ENOBUFS &&
		    errno != EINVAL && errno != EINTR)
			return -errno;
		t->lost++;
	}
	return 0;
}

/* What became of @n frames; those without room wait. */
static void sort_frames(struct tap *t, int n)
{
	const volatile struct vs_frame *out =
		(const volatile struct vs_frame *)(t->link.xbuf + OUT_AT);
	const bool patient = t->tries < TRIES;
	uint32_t waiting = 0;
	int i;

	for (i = 0; i < n; i++) {
		const int16_t result = out[i].result;
		const uint32_t slot = t->slot[i];

		if (result >= 0)
			continue;
		if (result != -ENOBUFS || !patient) {
			t->lost++;
			continue;
		}
		t->slot[i] = t->slot[waiting];
		t->slot[waiting] = slot;
		t->len[waiting++] = t->len[i];
	}
	t->tries = waiting ? t->tries + 1 : 0;
	t->waiting = waiting;
}

/* What one call can do: how many frames, or -errno. */
static int64_t move_frames(struct tap *t)
{
	const int n = take_frames(t);
	int64_t got;
	int err;

	if (n < 0)
		return n;
	name_rooms(t);
	got = vs_link_exchange(&t->link, OUT_AT, (uint32_t)n, IN_AT, BATCH);
	if (got == -ESTALE) {
		/* We were stopped for longer than the lease, say. */
		fprintf(stderr, "vs_tap: the port was freed, another one\n");
		sort_frames(t, 0);
		t->lost += (uint64_t)n;
		return vs_link_port(&t->link);
	}
	if (got < 0)
		return got;
	sort_frames(t, n);
	err = give_frames(t, got);
	return err ? err : n - t->waiting + got;
}

static void sleep_for_frames(const struct tap *t, unsigned int usec,
			     const sigset_t *signals)
{
	struct pollfd fd = { .fd = t->fd, .events = POLLIN };
	const struct timespec timeout = {
		.tv_sec = usec / 1000000,
		.tv_nsec = (long)(usec % 1000000) * 1000,
	};

	ppoll(&fd, 1, &timeout, signals);
}

static void nap(unsigned int usec, const sigset_t *signals)
{
	const struct timespec timeout = { .tv_nsec = (long)usec * 1000 };

	ppoll(NULL, 0, &timeout, signals);
}

static int run(struct tap *t, const sigset_t *signals)
{
	unsigned int idle = 0, wait = 0, busy = 0;

	while (!stop) {
		const int64_t n = move_frames(t);

		if (n < 0)
			return (int)n;
		if (t->waiting && !n) {
			/* Whatever the guest has, it waits as well. */
			nap(TRY_USEC, signals);
			continue;
		}
		if (n) {
			idle = 0;
			wait = 0;
			/* Signals are for those who sleep. */
			if (++busy % 16 == 0)
				sleep_for_frames(t, 0, signals);
			continue;
		}
		if (++idle < BUSY_ROUNDS) {
			/* Who is to answer may want this CPU. */
			sleep_for_frames(t, 0, signals);
			continue;
		}
		wait = wait ? 2 * wait : 50;
		if (wait > t->wait_max)
			wait = t->wait_max;
		sleep_for_frames(t, wait, signals);
	}
	return 0;
}

static void print_stats(const struct vs_stats *s, bool port)
{
	if (port)
		printf("port %" PRIu64 "\nsent %" PRIu64 " frames, %" PRIu64
		       " bytes\nreceived %" PRIu64 " frames, %" PRIu64
		       " bytes\nbad %" PRIu64 "\nspoofed %" PRIu64
		       "\nrefused %" PRIu64 "\nmissed %" PRIu64
		       "\nflooded %" PRIu64 "\nmacs %" PRIu64 "\n",
		       s->port, s->sent, s->sent_bytes, s->received,
		       s->received_bytes, s->bad, s->spoofed, s->refused,
		       s->missed, s->flooded, s->macs);
	printf("ports %" PRIu64 "\naddresses %" PRIu64 "\nfreed %" PRIu64
	       "\nrepairs %" PRIu64 "\nclock %" PRIu64 "\nring %" PRIu64 "\n",
	       s->ports, s->addresses, s->freed, s->repairs, s->clock, s->ring);
	fflush(stdout);
}

/* As a port, until the end. */
static int be_port(struct tap *t)
{
	struct sigaction action = { .sa_handler = on_stop };
	struct vs_stats stats;
	sigset_t block, before;
	int err;

	/* Delivered while it sleeps, and looked for in between. */
	sigemptyset(&block);
	sigaddset(&block, SIGTERM);
	sigaddset(&block, SIGINT);
	sigprocmask(SIG_BLOCK, &block, &before);
	sigdelset(&before, SIGTERM);
	sigdelset(&before, SIGINT);
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGINT, &action, NULL);

	err = vs_link_port(&t->link);
	if (err)
		return fail("opening a port", err);
	err = open_tap(t);
	if (err)
		return fail(t->name, err);
	printf("READY %s port %" PRIu64 "\n", t->name,
	       t->link.handle % VS_PORTS);
	fflush(stdout);
	err = run(t, &before);
	if (err)
		return fail("the switch is gone", err);
	if (!vs_link_stats(&t->link, &stats))
		print_stats(&stats, true);
	if (t->lost)
		printf("lost %" PRIu64 "\n", t->lost);
	return 0;
}

static bool number(const char *text, unsigned long max, unsigned long *value)
{
	char *end;

	*value = strtoul(text, &end, 10);
	return !*end && end != text && *value && *value <= max;
}

int main(int argc, char **argv)
{
	const char *name = VS_EXPORT, *file = NULL, *why = NULL;
	unsigned long mib = 4, wait = 2000;
	struct tap t = { .fd = -1, .name = "vs0" };
	struct vs_stats stats;
	bool only_stats = false, ok = true;
	uint32_t i;
	int c, err, rc;

	while ((c = getopt(argc, argv, "n:d:s:w:Sh")) != -1) {
		switch (c) {
		case 'n':
			name = optarg;
			break;
		case 'd':
			file = optarg;
			break;
		case 's':
			ok = ok && number(optarg, 256, &mib);
			break;
		case 'w':
			ok = ok && number(optarg, 10000000, &wait);
			break;
		case 'S':
			only_stats = true;
			break;
		case 'h':
			return usage(stdout);
		default:
			ok = false;
		}
	}
	if (!ok || argc - optind > 1 ||
	    (optind < argc && strlen(argv[optind]) >= IFNAMSIZ))
		return usage(stderr);
	if (optind < argc)
		strcpy(t.name, argv[optind]);
	t.wait_max = (unsigned int)wait;
	for (i = 0; i < BATCH; i++)
		t.slot[i] = i;
	if (file) {
		why = file;
		err = vs_link_open_direct(&t.link, file, mib << 20, XBUF_SIZE);
	} else {
		err = vs_link_open(&t.link, name, XBUF_SIZE, &why);
	}
	if (err) {
		rc = fail(why, err);
	} else if (only_stats) {
		err = vs_link_stats(&t.link, &stats);
		rc = err ? fail("figures", err) : 0;
		if (!err)
			print_stats(&stats, false);
	} else {
		rc = be_port(&t);
	}
	if (t.fd >= 0)
		close(t.fd);
	err = vs_link_close(&t.link);
	if (err)
		fail("detach", err);
	return rc ? rc : err ? 1 : 0;
}
