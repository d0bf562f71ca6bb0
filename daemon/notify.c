// SPDX-License-Identifier: GPL-2.0-only
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "log.h"
#include "notify.h"

void notify(const char *state)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	socklen_t addr_len;
	size_t len;
	int fd;

	if (!path)
		return;
	len = strlen(path);
	if ((path[0] != '/' && path[0] != '@') ||
	    len >= sizeof(addr.sun_path)) {
		log_warn("NOTIFY_SOCKET is not usable");
		return;
	}
	memcpy(addr.sun_path, path, len);
	addr_len = offsetof(struct sockaddr_un, sun_path) + len;
	/* '@' stands for the zero byte of an abstract address. */
	if (path[0] == '@')
		addr.sun_path[0] = '\0';
	else
		addr_len++;

	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return;
	if (sendto(fd, state, strlen(state), MSG_NOSIGNAL,
		   (struct sockaddr *)&addr, addr_len) < 0)
		log_warn("cannot tell the service manager our state");
	close(fd);
}
