// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <linux/netlink.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "uevent.h"

#define UEVENT_GROUP_KERNEL 1

/* All of the host's uevents pass here, so leave room for a hotplug storm. */
#define UEVENT_RCVBUF (4 * 1024 * 1024)

static pid_t parse_pid(const char *s)
{
	long pid = 0;

	if (!*s)
		return 0;
	for (; *s; s++) {
		if (*s < '0' || *s > '9' || pid > 100000000)
			return 0;
		pid = pid * 10 + (*s - '0');
	}
	return pid;
}

/* "change@/devices/virtual/misc/kvm", then KEY=VALUE strings. */
bool uevent_parse(const char *buf, size_t len, struct uevent_kvm *event)
{
	const char *end = buf + len;
	const char *action = NULL, *subsystem = NULL, *devname = NULL;
	const char *what = NULL, *pid = NULL;
	const char *s, *next;

	/* Every string ends with a zero byte, the last one too. */
	if (!len || buf[len - 1])
		return false;

	for (s = buf; s < end; s = next) {
		next = s + strlen(s) + 1;

		if (s == buf) {
			if (!strchr(s, '@'))
				return false;
		} else if (!strncmp(s, "ACTION=", 7)) {
			action = s + 7;
		} else if (!strncmp(s, "SUBSYSTEM=", 10)) {
			subsystem = s + 10;
		} else if (!strncmp(s, "DEVNAME=", 8)) {
			devname = s + 8;
		} else if (!strncmp(s, "EVENT=", 6)) {
			what = s + 6;
		} else if (!strncmp(s, "PID=", 4)) {
			pid = s + 4;
		}
	}
	if (!action || strcmp(action, "change") || !subsystem ||
	    strcmp(subsystem, "misc") || !devname || strcmp(devname, "kvm") ||
	    !what || !pid)
		return false;

	if (!strcmp(what, "create"))
		event->create = true;
	else if (!strcmp(what, "destroy"))
		event->create = false;
	else
		return false;
	event->pid = parse_pid(pid);
	return event->pid > 0;
}

int uevent_open(void)
{
	struct sockaddr_nl addr = {
		.nl_family = AF_NETLINK,
		.nl_groups = UEVENT_GROUP_KERNEL,
	};
	int size = UEVENT_RCVBUF;
	int fd, ret;

	fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK,
		    NETLINK_KOBJECT_UEVENT);
	if (fd < 0)
		return -errno;
	/* With a smaller buffer we only rescan more often. */
	setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
	if (bind(fd, (struct sockaddr *)&addr, sizeof(addr))) {
		ret = -errno;
		close(fd);
		return ret;
	}
	return fd;
}

int uevent_read(int fd, struct uevent_kvm *event)
{
	char buf[UEVENT_SIZE];
	struct sockaddr_nl from = { 0 };
	struct iovec iov = { .iov_base = buf, .iov_len = sizeof(buf) };
	struct msghdr msg = {
		.msg_name = &from,
		.msg_namelen = sizeof(from),
		.msg_iov = &iov,
		.msg_iovlen = 1,
	};
	ssize_t n;

	n = recvmsg(fd, &msg, 0);
	if (n < 0)
		return -errno;
	/* From the kernel only, and whole. */
	if (msg.msg_namelen != sizeof(from) || from.nl_pid ||
	    from.nl_groups != UEVENT_GROUP_KERNEL ||
	    (msg.msg_flags & MSG_TRUNC))
		return 0;
	return uevent_parse(buf, n, event);
}
