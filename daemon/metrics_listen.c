// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "cmd.h"
#include "metrics_listen.h"

#define BACKLOG	  16
#define PASSED_FD 3 /* sd_listen_fds(3) */

static int __attribute__((format(printf, 3, 4)))
fail(char why[METRICS_LISTEN_WHY_SIZE], int error, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(why, METRICS_LISTEN_WHY_SIZE, format, args);
	va_end(args);
	return -error;
}

/* From systemd; -ENOENT: it has passed none. */
static int passed(char why[METRICS_LISTEN_WHY_SIZE])
{
	const char *pid = getenv("LISTEN_PID"), *fds = getenv("LISTEN_FDS");
	int type = 0, listens = 0;
	socklen_t len = sizeof(type);

	if (!pid || !fds || cmd_id(pid) != (__u32)getpid())
		return -ENOENT;
	if (strcmp(fds, "1"))
		return fail(why, EINVAL,
			    "systemd passed %s sockets, but one can be served: a socket unit needs one ListenStream=",
			    fds);
	if (getsockopt(PASSED_FD, SOL_SOCKET, SO_TYPE, &type, &len) ||
	    getsockopt(PASSED_FD, SOL_SOCKET, SO_ACCEPTCONN, &listens, &len) ||
	    type != SOCK_STREAM || !listens)
		return fail(why, ENOTSOCK,
			    "what systemd passed is not a stream socket that listens: the socket unit needs ListenStream= and Accept=no");
	return PASSED_FD;
}

static int listen_on(int family, const struct sockaddr *addr, socklen_t len)
{
	const int on = 1;
	int fd, ret;

	fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	if (family != AF_UNIX)
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (!bind(fd, addr, len) && !listen(fd, BACKLOG))
		return fd;
	ret = -errno;
	close(fd);
	return ret;
}

/*
 * One that nobody listens on any more.  Other files refuse connections, too, and
 * stay.
 */
static void unlink_stale(const struct sockaddr_un *addr)
{
	struct stat st;
	int fd;

	if (lstat(addr->sun_path, &st) || !S_ISSOCK(st.st_mode))
		return;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return;
	if (connect(fd, (const struct sockaddr *)addr, sizeof(*addr)) &&
	    errno == ECONNREFUSED)
		unlink(addr->sun_path);
	close(fd);
}

static int listen_unix(const char *path, char why[METRICS_LISTEN_WHY_SIZE])
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	mode_t mask;
	int fd;

	if (strlen(path) >= sizeof(addr.sun_path))
		return fail(why, EINVAL,
			    "the path of a socket has %zu bytes at most",
			    sizeof(addr.sun_path) - 1);
	strcpy(addr.sun_path, path);
	unlink_stale(&addr);
	mask = umask(0177);
	fd = listen_on(AF_UNIX, (struct sockaddr *)&addr, sizeof(addr));
	umask(mask);
	if (fd < 0)
		return fail(why, -fd, "cannot listen on %s: %s", path,
			    strerror(-fd));
	return fd;
}

static bool is_loopback(const struct sockaddr *addr)
{
	const struct sockaddr_in6 *in6 = (const void *)addr;
	const struct sockaddr_in *in = (const void *)addr;

	if (addr->sa_family == AF_INET6)
		return IN6_IS_ADDR_LOOPBACK(&in6->sin6_addr);
	return ntohl(in->sin_addr.s_addr) >> 24 == IN_LOOPBACKNET;
}

/* ADDRESS is without brackets. */
static int listen_inet(const char *address, const char *port,
		       char why[METRICS_LISTEN_WHY_SIZE])
{
	const struct addrinfo hints = {
		.ai_socktype = SOCK_STREAM,
		.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV,
	};
	struct addrinfo *info;
	int fd;

	if (!cmd_id(port) || cmd_id(port) > 65535)
		return fail(why, EINVAL,
			    "a port is a number, 1 to 65535, not '%s'", port);
	if (getaddrinfo(address, port, &hints, &info))
		return fail(why, EINVAL, "'%s' is not a numeric address",
			    address);
	if (is_loopback(info->ai_addr))
		fd = listen_on(info->ai_family, info->ai_addr,
			       info->ai_addrlen);
	else
		fd = -EINVAL;
	if (fd == -EINVAL)
		fail(why, EINVAL,
		     "%s is not an address of the loopback; others would read the metrics without a password: let a proxy ask for one, or set ListenStream= of elisactl-metrics.socket",
		     address);
	else if (fd < 0)
		fail(why, -fd, "cannot listen on port %s of %s: %s", port,
		     address, strerror(-fd));
	freeaddrinfo(info);
	return fd;
}

int metrics_listen(const char *where, char why[METRICS_LISTEN_WHY_SIZE])
{
	const char *port;
	char address[64];
	int fd, n;

	if (!where) {
		fd = passed(why);
		if (fd != -ENOENT)
			return fd;
		where = METRICS_LISTEN_DEFAULT;
	}
	if (*where == '/')
		return listen_unix(where, why);
	port = strrchr(where, ':');
	if (!port)
		return listen_inet("127.0.0.1", where, why);
	n = port - where;
	if (n > 2 && where[0] == '[' && where[n - 1] == ']')
		snprintf(address, sizeof(address), "%.*s", n - 2, where + 1);
	else if (!memchr(where, ':', n))
		snprintf(address, sizeof(address), "%.*s", n, where);
	else
		return fail(why, EINVAL,
			    "an IPv6 address goes into brackets: [::1]:PORT");
	return listen_inet(address, port + 1, why);
}
