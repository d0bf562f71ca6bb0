// SPDX-License-Identifier: GPL-2.0-only
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "vmscan.h"

/* Tests without KVM have other files play VMs. */
#ifndef VM_LINK
#define VM_LINK "anon_inode:kvm-vm"
#endif

#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif
#ifndef SYS_pidfd_getfd
#define SYS_pidfd_getfd 438
#endif

/*
 * The link of any other file is a path, which begins with a slash, or a name
 * that its own subsystem fixed: nobody can make another file look like a VM.
 * The module checks the file itself.
 */
static bool is_vm_link(int dir, const char *name)
{
	char link[sizeof(VM_LINK) + 1];
	ssize_t n;

	n = readlinkat(dir, name, link, sizeof(link));
	return n == sizeof(VM_LINK) - 1 && !memcmp(link, VM_LINK, n);
}

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
	char path[64];
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/fd", scan->ident.pid);
	dir = opendir(path);
	if (!dir)
		return errno == ENOENT ? -ESRCH : -errno;
	while ((entry = readdir(dir))) {
		int number = parse_number(entry->d_name);

		if (number < 0 || !is_vm_link(dirfd(dir), entry->d_name))
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
	scan->pidfd = syscall(SYS_pidfd_open, pid, 0);
	if (scan->pidfd < 0 && (errno == EINVAL || errno == ENOENT)) {
		/* A thread; KVM tells the one that created the VM. */
		pid = process_of(pid);
		if (pid < 0)
			return pid;
		scan->ident.pid = pid;
		scan->pidfd = syscall(SYS_pidfd_open, pid, 0);
	}
	if (scan->pidfd < 0)
		return -errno;

	ret = find_fds(scan);
	if (!ret && scan->n_fds) {
		ret = vm_ident_read(&scan->ident, pid);
		if (!ret && scan->ident.pid != pid)
			ret = -ESRCH;
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
	char path[64];
	int fd;

	fd = syscall(SYS_pidfd_getfd, scan->pidfd, number, 0);
	if (fd < 0)
		return -errno;
	/* The process may have put another file under the number meanwhile. */
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (!is_vm_link(AT_FDCWD, path)) {
		close(fd);
		return -EBADF;
	}
	if (!alive(scan)) {
		close(fd);
		return -ESRCH;
	}
	return fd;
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
