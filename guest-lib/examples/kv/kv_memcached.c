// SPDX-License-Identifier: MIT
/*
 * A memcached server in front of the store: sockets, connections, limits.  The
 * protocol is in kv_proto.c.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "../direct/direct.h"
#include "kv_proto.h"

#define EVENTS	  64
#define FDS_SPARE 32u /* descriptors that are no connections */

/**
 * struct peer - a connection, in a list of all
 * @fd: its socket
 * @watched: events that epoll looks for
 * @seen: when it sent something last
 * @hung_up: it sends nothing more
 */
struct peer {
	struct peer *next, *prev;
	struct kv_session *session;
	int fd;
	uint32_t watched;
	int64_t seen;
	bool hung_up;
};

static struct {
	const char *name;
	const char *file;
	unsigned long mib;
	const char *address;
	unsigned long port;
	const char *path;
	unsigned long connections;
	unsigned long value_max;
	unsigned long idle;
} options = {
	.name = KV_EXPORT,
	.mib = 16,
	.address = "127.0.0.1",
	.port = 11211,
	.connections = 1024,
	.value_max = KV_VALUE_MAX,
};

static struct kv_link store;
static struct kv_server server = { .link = &store };
static struct peer peers = { .next = &peers, .prev = &peers };
static int listener = -1, epoll, signals;

static int usage(FILE *to)
{
	fputs("Usage: kv_memcached [OPTION]...\n"
	      "Serve a kv store to memcached clients, until SIGTERM or SIGINT.\n"
	      "  -n NAME     name of the export (default: " KV_EXPORT ")\n"
	      "  -d FILE     not by ELISA, but in FILE, which all map\n"
	      "  -m MIB      size of that (default: 16)\n"
	      "  -l ADDRESS  listen there (default: 127.0.0.1; there is no\n"
	      "              authentication)\n"
	      "  -p PORT     TCP port (default: 11211)\n"
	      "  -s PATH     listen on this local socket instead\n"
	      "  -c N        connections (default: 1024)\n"
	      "  -I BYTES    largest value (default and limit: 1048576)\n"
	      "  -t SECONDS  end connections that are idle (default: never)\n",
	      to);
	return to == stdout ? 0 : 2;
}

static int fail(const char *what, int err)
{
	fprintf(stderr, "kv_memcached: %s: %s\n", what, strerror(-err));
	return 1;
}

static int64_t seconds(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return now.tv_sec;
}

/* --- connections */

static int watch(int op, int fd, uint32_t events, void *what)
{
	struct epoll_event event = { .events = events, .data.ptr = what };

	return epoll_ctl(epoll, op, fd, &event) ? -errno : 0;
}

static void hang_up(struct peer *peer)
{
	peer->next->prev = peer->prev;
	peer->prev->next = peer->next;
	close(peer->fd);
	kv_session_free(peer->session);
	free(peer);
	server.connections--;
}

static void welcome(int fd)
{
	static const char full[] = "ERROR Too many open connections\r\n";
	struct peer *peer;

	server.connections_total++;
	if (server.connections >= server.connections_max) {
		server.connections_rejected++;
		send(fd, full, sizeof(full) - 1, MSG_NOSIGNAL | MSG_DONTWAIT);
		close(fd);
		return;
	}
	peer = calloc(1, sizeof(*peer));
	if (peer)
		peer->session = kv_session_new(&server);
	if (!peer || !peer->session ||
	    watch(EPOLL_CTL_ADD, fd, EPOLLIN, peer)) {
		if (peer)
			kv_session_free(peer->session);
		free(peer);
		close(fd);
		return;
	}
	peer->fd = fd;
	peer->watched = EPOLLIN;
	peer->seen = seconds(CLOCK_MONOTONIC);
	peer->next = peers.next;
	peer->prev = &peers;
	peers.next->prev = peer;
	peers.next = peer;
	server.connections++;
}

static void greet(void)
{
	const int one = 1;
	int fd;

	fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (fd < 0)
		return;
	if (!options.path)
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	welcome(fd);
}

/* False: the connection is broken. */
static bool receive(struct peer *peer)
{
	size_t room;
	ssize_t n;
	char *p;

	p = kv_session_room(peer->session, &room);
	if (!room)
		return true;
	n = recv(peer->fd, p, room, 0);
	if (n < 0)
		return errno == EAGAIN || errno == EINTR;
	if (!n) {
		peer->hung_up = true;
		return true;
	}
	peer->seen = seconds(CLOCK_MONOTONIC);
	kv_session_received(peer->session, (size_t)n);
	return true;
}

/* Sends what can be sent; false: the connection is broken. */
static bool transmit(struct peer *peer)
{
	const char *p;
	size_t len;
	ssize_t n;

	for (;;) {
		p = kv_session_output(peer->session, &len);
		if (!len)
			return true;
		n = send(peer->fd, p, len, MSG_NOSIGNAL);
		if (n < 0)
			return errno == EAGAIN || errno == EINTR;
		kv_session_sent(peer->session, (size_t)n);
	}
}

static void serve(struct peer *peer, uint32_t events)
{
	uint32_t want = 0;
	bool alive = true;
	size_t len, room;

	if (events & (EPOLLIN | EPOLLHUP | EPOLLERR))
		alive = receive(peer);
	alive = alive && transmit(peer);
	kv_session_output(peer->session, &len);
	if (len)
		want |= EPOLLOUT;
	else if (peer->hung_up || kv_session_ended(peer->session))
		alive = false;
	if (!peer->hung_up) {
		kv_session_room(peer->session, &room);
		if (room)
			want |= EPOLLIN;
	}
	if (alive && want != peer->watched) {
		alive = !watch(EPOLL_CTL_MOD, peer->fd, want, peer);
		peer->watched = want;
	}
	if (!alive)
		hang_up(peer);
}

static void end_idle(int64_t now)
{
	struct peer *peer, *next;

	for (peer = peers.next; peer != &peers; peer = next) {
		next = peer->next;
		if (now - peer->seen > (int64_t)options.idle)
			hang_up(peer);
	}
}

/* --- listening */

static int listen_at(int fd, const struct sockaddr *address, socklen_t len)
{
	const int one = 1;

	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(fd, address, len) || listen(fd, 1024)) {
		const int err = -errno;

		close(fd);
		return err;
	}
	listener = fd;
	return 0;
}

#define SOCKET (SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC)

static int listen_local(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	struct stat st;
	mode_t mask;
	int err;

	if (strlen(options.path) >= sizeof(address.sun_path))
		return -ENAMETOOLONG;
	strcpy(address.sun_path, options.path);
	/* One that an earlier run has left behind. */
	if (!lstat(options.path, &st) && S_ISSOCK(st.st_mode))
		unlink(options.path);
	mask = umask(0077);
	err = listen_at(socket(AF_UNIX, SOCKET, 0),
			(const struct sockaddr *)&address, sizeof(address));
	umask(mask);
	return err;
}

static int listen_tcp(void)
{
	const in_port_t port = htons((uint16_t)options.port);
	struct sockaddr_in v4 = { .sin_family = AF_INET, .sin_port = port };
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6, .sin6_port = port };

	if (inet_pton(AF_INET, options.address, &v4.sin_addr) == 1)
		return listen_at(socket(AF_INET, SOCKET, 0),
				 (const struct sockaddr *)&v4, sizeof(v4));
	if (inet_pton(AF_INET6, options.address, &v6.sin6_addr) == 1)
		return listen_at(socket(AF_INET6, SOCKET, 0),
				 (const struct sockaddr *)&v6, sizeof(v6));
	return -EINVAL;
}

/* As many descriptors as connections want. */
static void limit_connections(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit))
		return;
	if (limit.rlim_cur < options.connections + FDS_SPARE) {
		limit.rlim_cur = options.connections + FDS_SPARE;
		if (limit.rlim_cur > limit.rlim_max)
			limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
	if (options.connections + FDS_SPARE > limit.rlim_cur)
		options.connections = limit.rlim_cur - FDS_SPARE;
	server.connections_max = (unsigned int)options.connections;
}

static int prepare(void)
{
	sigset_t set;
	int err;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigprocmask(SIG_BLOCK, &set, NULL);
	limit_connections();
	server.value_max = (uint32_t)options.value_max;
	epoll = epoll_create1(EPOLL_CLOEXEC);
	signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (epoll < 0 || signals < 0)
		return fail("epoll", -errno);
	err = options.path ? listen_local() : listen_tcp();
	if (err)
		return fail(options.path ? options.path : options.address, err);
	err = watch(EPOLL_CTL_ADD, signals, EPOLLIN, &signals);
	if (!err)
		err = watch(EPOLL_CTL_ADD, listener, EPOLLIN, &listener);
	return err ? fail("epoll", err) : 0;
}

/* --- */

/*
 * Mapped directly, the store has no manager.  The clock is all servers' that
 * use the file: the machine's, the same for them.
 */
static void keep_clock(void)
{
	struct kv_setup *setup = direct_data();

	if (options.file)
		__atomic_store_n(&setup->clock,
				 (uint64_t)seconds(CLOCK_BOOTTIME) + 2,
				 __ATOMIC_RELAXED);
}

static void tick(void)
{
	static int64_t last = -1;
	const int64_t now = seconds(CLOCK_MONOTONIC);

	if (now == last)
		return;
	last = now;
	keep_clock();
	kv_server_tick(&server, seconds(CLOCK_REALTIME));
	if (options.idle)
		end_idle(now);
}

static int loop(void)
{
	struct epoll_event events[EVENTS];
	int n, i;

	if (options.path)
		printf("READY %s\n", options.path);
	else
		printf("READY %lu\n", options.port);
	fflush(stdout);
	while (!server.lost) {
		n = epoll_wait(epoll, events, EVENTS, 1000);
		if (n < 0 && errno != EINTR)
			return fail("epoll", -errno);
		for (i = 0; i < n; i++) {
			void *what = events[i].data.ptr;

			if (what == &signals)
				return 0;
			if (what == &listener)
				greet();
			else
				serve(what, events[i].events);
		}
		tick();
	}
	fprintf(stderr, "kv_memcached: the store is gone\n");
	return 1;
}

static bool number(const char *text, unsigned long max, unsigned long *value)
{
	char *end;

	*value = strtoul(text, &end, 10);
	return *text >= '0' && *text <= '9' && !*end && *value && *value <= max;
}

int main(int argc, char **argv)
{
	const char *why = NULL;
	bool ok = true;
	int c, err, rc;

	while ((c = getopt(argc, argv, "n:d:m:l:p:s:c:I:t:h")) != -1) {
		switch (c) {
		case 'n':
			options.name = optarg;
			break;
		case 'd':
			options.file = optarg;
			break;
		case 'm':
			ok &= number(optarg, 256, &options.mib);
			break;
		case 'l':
			options.address = optarg;
			break;
		case 'p':
			ok &= number(optarg, 65535, &options.port);
			break;
		case 's':
			options.path = optarg;
			break;
		case 'c':
			ok &= number(optarg, 1000000, &options.connections);
			break;
		case 'I':
			ok &= number(optarg, KV_VALUE_MAX, &options.value_max);
			break;
		case 't':
			ok &= number(optarg, 1000000, &options.idle);
			break;
		case 'h':
			return usage(stdout);
		default:
			ok = false;
		}
	}
	if (!ok || optind != argc)
		return usage(stderr);
	if (options.file) {
		why = options.file;
		err = kv_link_open_direct(&store, options.file,
					  options.mib << 20, KV_PROTO_XBUF);
	} else {
		err = kv_link_open(&store, options.name, KV_PROTO_XBUF, &why);
	}
	rc = err ? fail(why, err) : prepare();
	if (!rc) {
		tick();
		rc = loop();
	}
	while (peers.next != &peers)
		hang_up(peers.next);
	if (options.path && listener >= 0)
		unlink(options.path);
	kv_link_close(&store);
	return rc;
}
