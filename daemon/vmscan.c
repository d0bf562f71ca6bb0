// SPDX-License-Identifier: GPL-2.0-only
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "vmfd.h"
#include "vmguard.h"
#include "vmscan.h"

/* More descriptors than that: the rest is not looked at. */
#define NUMBERS_MAX 65536

static int parse_number(const char *s)
{
	unsigned long n;
	char *end;

	if (*s < '0' || *s > '9')
		return -1;
	n = strtoul(s, &end, 10);
	return *end || n > INT_MAX ? -1 : (int)n;
}

static int find_fds(struct vmscan *scan)
{
	const struct dirent *entry;
	unsigned int left = NUMBERS_MAX;
	char path[64];
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/fd", scan->ident.pid);
	dir = opendir(path);
	if (!dir)
		return errno == ENOENT ? -ESRCH : -errno;
	while ((entry = readdir(dir))) {
		int number = parse_number(entry->d_name);

		if (number < 0)
			continue;
		if (!left--) {
			scan->more = true;
			break;
		}
		if (!vmfd_is_vm(dirfd(dir), entry->d_name))
			continue;
		if (scan->n_fds == VMSCAN_FDS_MAX) {
			scan->more = true;
			break;
		}
		scan->fds[scan->n_fds++] = number;
	}
	closedir(dir);
	return 0;
}

static bool alive(const struct vmscan *scan)
{
	struct pollfd poll_fd = { .fd = scan->pidfd, .events = POLLIN };

	/* A pidfd becomes readable when its process ends. */
	return poll(&poll_fd, 1, 0) == 0;
}

/* The process that a thread belongs to. */
static pid_t process_of(pid_t pid)
{
	struct vm_ident ident;
	int ret;

	ret = vm_ident_read(&ident, pid);
	return ret ? ret : ident.pid;
}

int vmscan_open(struct vmscan *scan, pid_t pid)
{
	int ret;

	memset(scan, 0, sizeof(*scan));
	scan->ident.pid = pid;
	scan->pidfd = vmfd_open_process(pid);
	if (scan->pidfd == -EINVAL || scan->pidfd == -ENOENT) {
		/* A thread; KVM tells the one that created the VM. */
		pid = process_of(pid);
		if (pid < 0)
			return pid;
		scan->ident.pid = pid;
		scan->pidfd = vmfd_open_process(pid);
	}
	if (scan->pidfd < 0)
		return scan->pidfd;

	ret = find_fds(scan);
	if (!ret && scan->n_fds) {
		ret = vm_ident_read(&scan->ident, pid);
		if (!ret && scan->ident.pid != pid)
			ret = -ESRCH;
		if (!ret)
			ret = vmguard_read_claims(&scan->ident);
		/* Who does not tell is somebody without a name. */
		if (ret == -ETIMEDOUT) {
			scan->ident.is_silent = true;
			ret = 0;
		}
	}
	if (!ret && !alive(scan))
		ret = -ESRCH;
	if (ret)
		vmscan_close(scan);
	return ret;
}

void vmscan_close(struct vmscan *scan)
{
	if (scan->pidfd >= 0)
		close(scan->pidfd);
	scan->pidfd = -1;
}

int vmscan_get(const struct vmscan *scan, int number)
{
	int fd = vmguard_copy(&scan->ident, number);

	/* Its PID may be another process's otherwise. */
	if (alive(scan))
		return fd;
	if (fd >= 0)
		close(fd);
	return -ESRCH;
}

int vmscan_all(void (*fn)(pid_t pid, void *arg), void *arg)
{
	const struct dirent *entry;
	DIR *dir;

	dir = opendir("/proc");
	if (!dir)
		return -errno;
	while ((entry = readdir(dir))) {
		int pid = parse_number(entry->d_name);

		if (pid > 0)
			fn(pid, arg);
	}
	closedir(dir);
	return 0;
}
