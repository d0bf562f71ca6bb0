// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <libgen.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "control.h"

static int set_address(struct sockaddr_un *addr, const char *path)
{
	memset(addr, 0, sizeof(*addr));
	addr->sun_family = AF_UNIX;
	if (strlen(path) >= sizeof(addr->sun_path))
		return -ENAMETOOLONG;
	strcpy(addr->sun_path, path);
	return 0;
}

static int open_socket(int flags)
{
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | flags, 0);

	return fd < 0 ? -errno : fd;
}

static int connect_to(const struct sockaddr_un *addr)
{
	int fd = open_socket(0);
	int ret;

	if (fd < 0)
		return fd;
	if (!connect(fd, (const struct sockaddr *)addr, sizeof(*addr)))
		return fd;
	ret = -errno;
	close(fd);
	return ret;
}

int control_listen(const char *path)
{
	struct sockaddr_un addr;
	char dir[sizeof(addr.sun_path)];
	struct stat st;
	mode_t mask;
	int fd, ret;

	ret = set_address(&addr, path);
	if (ret)
		return ret;
	/* systemd makes it; by hand we do. */
	strcpy(dir, path);
	mkdir(dirname(dir), 0700);
	fd = connect_to(&addr);
	if (fd >= 0) {
		close(fd);
		return -EADDRINUSE;
	}
	/* Other files refuse connections, too, and stay. */
	if (fd == -ECONNREFUSED && !lstat(path, &st) && S_ISSOCK(st.st_mode))
		unlink(path);

	fd = open_socket(SOCK_NONBLOCK);
	if (fd < 0)
		return fd;
	mask = umask(0177);
	ret = bind(fd, (struct sockaddr *)&addr, sizeof(addr)) ? -errno : 0;
	umask(mask);
	if (!ret && listen(fd, CONTROL_CLIENTS))
		ret = -errno;
	if (!ret)
		return fd;
	close(fd);
	return ret;
}

int control_accept(int sock)
{
	struct ucred peer;
	socklen_t len = sizeof(peer);
	int fd;

	fd = accept4(sock, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (fd < 0)
		return -errno;
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) ||
	    (peer.uid && peer.uid != geteuid())) {
		close(fd);
		return -EPERM;
	}
	return fd;
}

int control_receive(int client, char request[CONTROL_REQUEST_SIZE])
{
	ssize_t n, i;

	n = recv(client, request, CONTROL_REQUEST_SIZE - 1,
		 MSG_DONTWAIT | MSG_TRUNC);
	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? -EAGAIN : -EBADMSG;
	if (!n || n >= CONTROL_REQUEST_SIZE)
		return -EBADMSG;
	for (i = 0; i < n; i++) {
		if (request[i] < 0x20 || request[i] > 0x7e)
			return -EBADMSG;
	}
	request[n] = '\0';
	return 0;
}

int control_ask(const char *path, const char *request,
		char answer[CONTROL_ANSWER_SIZE])
{
	struct sockaddr_un addr;
	ssize_t n;
	int fd, ret;

	ret = set_address(&addr, path);
	if (ret)
		return ret;
	fd = connect_to(&addr);
	if (fd < 0)
		return fd;
	n = send(fd, request, strlen(request), MSG_NOSIGNAL);
	if (n >= 0)
		n = recv(fd, answer, CONTROL_ANSWER_SIZE - 1, 0);
	ret = n < 0 ? -errno : n ? 0 : -ECONNRESET;
	if (!ret)
		answer[n] = '\0';
	close(fd);
	return ret;
}
