// SPDX-License-Identifier: GPL-2.0-only
/*
 * elisactl-metrics-http: the HTTP server of `elisactl metrics --listen`, which
 * starts it as a user without rights: what reads requests of strangers cannot
 * ask the module for anything but the metrics (see metrics_http.h).
 *
 * One thread.  Each connection serves one request and lives for LIFE_MS at most,
 * however slowly its client reads and writes; CONNECTIONS are open at a time, and
 * others wait in the kernel's queue.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <microhttpd.h>

#include "metrics_http.h"

/* Tests do not wait that long. */
#ifndef LIFE_MS
#define LIFE_MS 15000
#endif
#ifndef ANSWER_MS
#define ANSWER_MS 5000
#endif
#define LOOK_MS	    500 /* for connections that are too old */
#define CONNECTIONS 16
#define MEMORY	    (16 * 1024) /* of a connection: request and headers */

#define TEXT_TYPE    "text/plain; charset=utf-8"
#define METRICS_TYPE "text/plain; version=0.0.4; charset=utf-8"

struct connection {
	bool used;
	int fd;
	long long began;
};

static struct connection connections[CONNECTIONS];

static long long now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

/* --- metrics from elisactl */

/* The file that came with number *NUMBER, or -1. */
static int receive(__u32 *number)
{
	union {
		struct cmsghdr align;
		char buf[CMSG_SPACE(sizeof(int))];
	} control;
	struct metrics_http_msg body;
	struct iovec iov = { .iov_base = &body, .iov_len = sizeof(body) };
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control),
	};
	struct cmsghdr *cmsg;
	ssize_t n;
	int fd = -1;

	n = recvmsg(METRICS_HTTP_SOURCE, &msg, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	*number = n == sizeof(body) ? body.number : 0;
	cmsg = n > 0 ? CMSG_FIRSTHDR(&msg) : NULL;
	if (cmsg && cmsg->cmsg_level == SOL_SOCKET &&
	    cmsg->cmsg_type == SCM_RIGHTS &&
	    cmsg->cmsg_len == CMSG_LEN(sizeof(fd)))
		memcpy(&fd, CMSG_DATA(cmsg), sizeof(fd));
	return fd;
}

/* A file with the metrics as they are now, or -1. */
static int ask(void)
{
	static struct metrics_http_msg question;
	struct pollfd in = { .fd = METRICS_HTTP_SOURCE, .events = POLLIN };
	long long end = now_ms() + ANSWER_MS, left;
	__u32 number;
	int fd;

	/* Never 0 */
	if (!++question.number)
		question.number = 1;
	if (send(METRICS_HTTP_SOURCE, &question, sizeof(question),
		 MSG_NOSIGNAL | MSG_DONTWAIT) != sizeof(question))
		return -1;
	while ((left = end - now_ms()) > 0 && poll(&in, 1, left) >= 0) {
		if (in.revents & (POLLHUP | POLLERR))
			return -1;
		if (!(in.revents & POLLIN))
			continue;
		fd = receive(&number);
		if (fd >= 0 && number == question.number)
			return fd;
		/* An answer that came too late */
		if (fd >= 0)
			close(fd);
	}
	return -1;
}

/* --- requests */

/* Takes over RESPONSE, which may be NULL. */
static enum MHD_Result reply(struct MHD_Connection *connection,
			     unsigned int status, const char *type,
			     struct MHD_Response *response)
{
	enum MHD_Result ret = MHD_NO;

	if (!response)
		return MHD_NO;
	if (MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE,
				    type) &&
	    MHD_add_response_header(response, MHD_HTTP_HEADER_CONNECTION,
				    "close") &&
	    (status != MHD_HTTP_METHOD_NOT_ALLOWED ||
	     MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW,
				     "GET, HEAD")))
		ret = MHD_queue_response(connection, status, response);
	MHD_destroy_response(response);
	return ret;
}

static enum MHD_Result refuse(struct MHD_Connection *connection,
			      unsigned int status, const char *text)
{
	return reply(connection, status, TEXT_TYPE,
		     MHD_create_response_from_buffer(strlen(text), (void *)text,
						     MHD_RESPMEM_PERSISTENT));
}

static enum MHD_Result send_metrics(struct MHD_Connection *connection)
{
	struct MHD_Response *response;
	int fd = ask();
	struct stat st;

	if (fd < 0)
		return refuse(connection, MHD_HTTP_SERVICE_UNAVAILABLE,
			      "elisactl does not answer\n");
	if (fstat(fd, &st) || !S_ISREG(st.st_mode)) {
		close(fd);
		return MHD_NO;
	}
	response = MHD_create_response_from_fd64(st.st_size, fd);
	if (!response)
		close(fd);
	return reply(connection, MHD_HTTP_OK, METRICS_TYPE, response);
}

/* First with the header, then with each part of a body, then at the end. */
static enum MHD_Result on_request(void *arg, struct MHD_Connection *connection,
				  const char *url, const char *method,
				  const char *version, const char *data,
				  size_t *size, void **state)
{
	static int seen;

	(void)arg;
	(void)version;
	(void)data;
	if (strcmp(method, MHD_HTTP_METHOD_GET) &&
	    strcmp(method, MHD_HTTP_METHOD_HEAD))
		return refuse(connection, MHD_HTTP_METHOD_NOT_ALLOWED,
			      "only GET and HEAD\n");
	if (strcmp(url, "/metrics"))
		return refuse(connection, MHD_HTTP_NOT_FOUND,
			      "the metrics are at /metrics\n");
	if (!*state || *size) {
		*state = &seen;
		*size = 0;
		return MHD_YES;
	}
	return send_metrics(connection);
}

/* --- connections */

static void on_connection(void *arg, struct MHD_Connection *connection,
			  void **context,
			  enum MHD_ConnectionNotificationCode code)
{
	const union MHD_ConnectionInfo *info;
	struct connection *c;

	(void)arg;
	if (code == MHD_CONNECTION_NOTIFY_CLOSED) {
		c = *context;
		if (c)
			c->used = false;
		return;
	}
	info = MHD_get_connection_info(connection,
				       MHD_CONNECTION_INFO_CONNECTION_FD);
	*context = NULL;
	for (c = connections; info && c < connections + CONNECTIONS; c++) {
		if (c->used)
			continue;
		*c = (struct connection){ true, info->connect_fd, now_ms() };
		*context = c;
		return;
	}
}

/* The library's own time limit begins anew with each byte. */
static void end_old(void)
{
	long long now = now_ms();
	struct connection *c;

	for (c = connections; c < connections + CONNECTIONS; c++)
		if (c->used && now - c->began > LIFE_MS)
			shutdown(c->fd, SHUT_RDWR);
}

static bool may_accept(void)
{
	const struct connection *c;

	for (c = connections; c < connections + CONNECTIONS; c++)
		if (!c->used)
			return true;
	return false;
}

/* False: elisactl has ended. */
static bool drop_late_answer(void)
{
	struct pollfd hangup = { .fd = METRICS_HTTP_SOURCE };
	__u32 number;
	int fd;

	if (poll(&hangup, 1, 0))
		return false;
	fd = receive(&number);
	if (fd >= 0)
		close(fd);
	return true;
}

/*
 * By select(), because with epoll the library does not see the end of a client
 * that comes together with its last bytes.
 */
static int serve(struct MHD_Daemon *http)
{
	const struct metrics_http_msg ready = { 0 };
	MHD_UNSIGNED_LONG_LONG ms;
	fd_set in, out, other;
	struct timeval left;
	int max;

	if (send(METRICS_HTTP_SOURCE, &ready, sizeof(ready), MSG_NOSIGNAL) < 0)
		return 1;
	for (;;) {
		FD_ZERO(&in);
		FD_ZERO(&out);
		FD_ZERO(&other);
		max = METRICS_HTTP_SOURCE;
		if (MHD_get_fdset(http, &in, &out, &other, &max) != MHD_YES)
			return 1;
		FD_SET(METRICS_HTTP_SOURCE, &in);
		if (!may_accept())
			FD_CLR(METRICS_HTTP_LISTEN, &in);
		if (MHD_get_timeout(http, &ms) != MHD_YES || ms > LOOK_MS)
			ms = LOOK_MS;
		left = (struct timeval){ .tv_usec = ms * 1000 };
		if (select(max + 1, &in, &out, &other, &left) < 0) {
			if (errno != EINTR)
				return 1;
			continue;
		}
		if (FD_ISSET(METRICS_HTTP_SOURCE, &in) && !drop_late_answer())
			return 0;
		end_old();
		if (MHD_run_from_select(http, &in, &out, &other) != MHD_YES)
			return 1;
	}
}

int main(void)
{
	struct MHD_Daemon *http;
	int flags, ret;

	flags = fcntl(METRICS_HTTP_LISTEN, F_GETFL);
	if (flags < 0 || fcntl(METRICS_HTTP_SOURCE, F_GETFL) < 0 ||
	    fcntl(METRICS_HTTP_LISTEN, F_SETFL, flags | O_NONBLOCK)) {
		fputs(METRICS_HTTP_PROGRAM
		      " is started by elisactl metrics --listen\n",
		      stderr);
		return 2;
	}
	http = MHD_start_daemon(MHD_NO_FLAG, 0, NULL, NULL, on_request, NULL,
				MHD_OPTION_STRICT_FOR_CLIENT, 1,
				MHD_OPTION_LISTEN_SOCKET, METRICS_HTTP_LISTEN,
				MHD_OPTION_CONNECTION_LIMIT, CONNECTIONS,
				MHD_OPTION_CONNECTION_MEMORY_LIMIT,
				(size_t)MEMORY, MHD_OPTION_NOTIFY_CONNECTION,
				on_connection, NULL, MHD_OPTION_END);
	if (!http) {
		fputs("elisactl: cannot start the HTTP server\n", stderr);
		return 1;
	}
	ret = serve(http);
	MHD_stop_daemon(http);
	return ret;
}
