// SPDX-License-Identifier: GPL-2.0-only
/*
 * guestctl: run commands in a test guest, over its control channel.
 *
 *	guestctl SOCKET [-t SECONDS] run COMMAND...
 *	guestctl SOCKET [-t SECONDS] wait-ready
 *
 * The protocol is told in test/guest/agent.c.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "buf.h"

#define STATUS_USAGE   2
#define STATUS_TIMEOUT 124
#define STATUS_BROKEN  125 /* no VM there, or it ended */

/* How often to ask a guest that is still booting. */
#define PING_MS 250

struct guestctl {
	const char *path;
	int fd;
	bool forever; /* no time limit */
	struct timespec end;
	char id[32];
	struct buf in;
};

static volatile sig_atomic_t interrupted;

static void on_signal(int sig)
{
	interrupted = sig;
}

static void usage(void)
{
	fputs("usage: guestctl SOCKET [-t SECONDS] run COMMAND...\n"
	      "       guestctl SOCKET [-t SECONDS] wait-ready\n",
	      stderr);
	exit(STATUS_USAGE);
}

static int ms_left(struct guestctl *g)
{
	struct timespec now;
	long ms;

	if (g->forever)
		return -1;
	clock_gettime(CLOCK_MONOTONIC, &now);
	ms = (g->end.tv_sec - now.tv_sec) * 1000 +
	     (g->end.tv_nsec - now.tv_nsec) / 1000000;
	return ms > 0 ? ms : 0;
}

/* Connect; wait-ready also waits for the VMM to make its socket. */
static int guest_connect(struct guestctl *g, bool wait)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int err;

	if (strlen(g->path) >= sizeof(addr.sun_path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	strcpy(addr.sun_path, g->path);
	for (;;) {
		g->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
		if (g->fd < 0)
			return -1;
		if (!connect(g->fd, (void *)&addr, sizeof(addr)))
			return 0;
		err = errno;
		close(g->fd);
		errno = err;
		if (!wait || (err != ENOENT && err != ECONNREFUSED) ||
		    !ms_left(g) || interrupted)
			return -1;
		poll(NULL, 0, 20);
	}
}

static int send_all(struct guestctl *g, struct buf *buf)
{
	while (!buf_empty(buf)) {
		ssize_t sent =
			send(g->fd, buf_bytes(buf), buf_len(buf), MSG_NOSIGNAL);

		if (sent < 0 && errno == EINTR)
			continue;
		if (sent < 0)
			return -1;
		buf_consume(buf, sent);
	}
	return 0;
}

/* Send a request: the id, its kind and the command, which gets escaped. */
static int send_request(struct guestctl *g, char kind, const char *command)
{
	struct buf buf = {};
	int ret;

	/* The newline ends what the line may have picked up before. */
	buf_append(&buf, "\n", 1);
	buf_append(&buf, g->id, strlen(g->id));
	buf_append(&buf, &kind, 1);
	for (; *command; command++) {
		if (*command == '\n')
			buf_append(&buf, "\\n", 2);
		else if (*command == '\\')
			buf_append(&buf, "\\\\", 2);
		else
			buf_append(&buf, command, 1);
	}
	buf_append(&buf, "\n", 1);
	ret = send_all(g, &buf);
	buf_free(&buf);
	return ret;
}

/* A line for us: print output. True if it was the last; then *@status is set. */
static bool handle_line(struct guestctl *g, const char *line, size_t len,
			int *status)
{
	size_t id = strlen(g->id);

	if (len < id + 2 || memcmp(line, g->id, id) || line[id + 1] != ' ')
		return false;
	line += id;
	len -= id;
	switch (*line) {
	case '|':
		fwrite(line + 2, 1, len - 2, stdout);
		putchar('\n');
		fflush(stdout);
		return false;
	case '=':
		*status = atoi(line + 2);
		return true;
	}
	return false;
}

/* Take whole lines out of the buffer. */
static bool handle_input(struct guestctl *g, int *status)
{
	char *line, *end;
	size_t len;
	bool done;

	while (!buf_empty(&g->in)) {
		line = (char *)buf_bytes(&g->in);
		end = memchr(line, '\n', buf_len(&g->in));
		if (!end)
			return false;
		*end = '\0';
		len = end - line;
		if (len && line[len - 1] == '\r')
			line[--len] = '\0';
		done = handle_line(g, line, len, status);
		buf_consume(&g->in, end + 1 - line);
		if (done)
			return true;
	}
	return false;
}

/*
 * Wait for the end of the request. With @ping, repeat it from time to time, as
 * the guest may not be listening yet.
 */
static int wait_answer(struct guestctl *g, bool ping)
{
	struct pollfd pfd = { .fd = g->fd, .events = POLLIN };
	char data[4096];
	int status, left, n;
	ssize_t got;

	for (;;) {
		left = ms_left(g);
		if (interrupted)
			return 128 + interrupted;
		if (!left)
			return STATUS_TIMEOUT;
		if (ping && (left < 0 || left > PING_MS))
			left = PING_MS;
		n = poll(&pfd, 1, left);
		if (n < 0)
			continue;
		if (!n) {
			if (ping && send_request(g, '?', "") < 0)
				return STATUS_BROKEN;
			continue;
		}
		got = recv(g->fd, data, sizeof(data), 0);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return STATUS_BROKEN;
		buf_append(&g->in, data, got);
		if (handle_input(g, &status))
			return status;
	}
}

static char *join_words(char **words)
{
	struct buf buf = {};
	char **word;

	for (word = words; *word; word++) {
		if (word != words)
			buf_append(&buf, " ", 1);
		buf_append(&buf, *word, strlen(*word));
	}
	buf_append(&buf, "", 1);
	return (char *)buf_bytes(&buf);
}

static int do_request(struct guestctl *g, char **argv)
{
	bool ping = !strcmp(*argv, "wait-ready");
	int status;

	if (ping ? !!argv[1] : strcmp(*argv, "run") || !argv[1])
		usage();
	if (guest_connect(g, ping) < 0) {
		if (ping && errno != ENAMETOOLONG && !ms_left(g))
			status = STATUS_TIMEOUT;
		else
			status = STATUS_BROKEN;
		fprintf(stderr, "guestctl: %s: %s\n", g->path, strerror(errno));
		return status;
	}
	if (send_request(g, ping ? '?' : ' ', ping ? "" : join_words(argv + 1)))
		status = STATUS_BROKEN;
	else
		status = wait_answer(g, ping);

	if (status == STATUS_TIMEOUT)
		fprintf(stderr, "guestctl: %s: no answer in time\n", g->path);
	if (status == STATUS_BROKEN)
		fprintf(stderr, "guestctl: %s: the VM ended\n", g->path);
	/* Do not leave it running. */
	if (!ping && (status == STATUS_TIMEOUT || interrupted))
		send_request(g, '!', "");
	return status;
}

int main(int argc, char **argv)
{
	struct sigaction sa = { .sa_handler = on_signal };
	struct guestctl g = { .forever = true };
	char *end;
	double seconds;
	int i = 2;

	if (argc < 3)
		usage();
	g.path = argv[1];
	if (!strcmp(argv[i], "-t")) {
		if (argc < i + 3)
			usage();
		seconds = strtod(argv[i + 1], &end);
		if (*end || seconds <= 0 || seconds > 1e6)
			usage();
		clock_gettime(CLOCK_MONOTONIC, &g.end);
		g.end.tv_sec += (long)seconds;
		g.end.tv_nsec += (seconds - (long)seconds) * 1e9;
		g.forever = false;
		i += 2;
	}
	sigaction(SIGTERM, &sa, NULL);
	sigaction(SIGINT, &sa, NULL);
	snprintf(g.id, sizeof(g.id), "c%d", getpid());
	return do_request(&g, argv + i);
}
