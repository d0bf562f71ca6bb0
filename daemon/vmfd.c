// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "vmfd.h"

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

int vmfd_open_process(pid_t pid)
{
	int pidfd = syscall(SYS_pidfd_open, pid, 0);

	return pidfd < 0 ? -errno : pidfd;
}

/*
 * The link of any other file is a path, which begins with a slash, or a name
 * that its own subsystem fixed: nobody can make another file look like a VM.
 * The module checks the file itself.
 */
bool vmfd_is_vm(int dir, const char *name)
{
	char link[sizeof(VM_LINK) + 1];
	ssize_t n;

	n = readlinkat(dir, name, link, sizeof(link));
	return n == sizeof(VM_LINK) - 1 && !memcmp(link, VM_LINK, n);
}

int vmfd_copy(pid_t pid, int number, bool *is_vm)
{
	int pidfd = vmfd_open_process(pid);
	char path[64];
	int fd;

	if (pidfd < 0)
		return pidfd;
	fd = syscall(SYS_pidfd_getfd, pidfd, number, 0);
	if (fd < 0)
		fd = -errno;
	close(pidfd);
	if (fd < 0)
		return fd;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	*is_vm = vmfd_is_vm(AT_FDCWD, path);
	return fd;
}
