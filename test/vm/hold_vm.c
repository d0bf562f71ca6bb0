// SPDX-License-Identifier: GPL-2.0-only
/*
 * hold_vm: keep a VM's file open, as a process does that was sent it.
 *
 *	hold_vm PID
 *
 * Takes the descriptor of the VM that PID has made, says "held", and holds it
 * until its input ends.
 */
#include <dirent.h>
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The number of PID's descriptor, or -1. */
static int find_vm(const char *pid)
{
	char path[64], target[64];
	struct dirent *entry;
	int fd = -1;
	ssize_t len;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%s/fd", pid);
	dir = opendir(path);
	if (!dir)
		err(1, "%s", path);
	while (fd < 0 && (entry = readdir(dir))) {
		len = readlinkat(dirfd(dir), entry->d_name, target,
				 sizeof(target) - 1);
		if (len < 0)
			continue;
		target[len] = '\0';
		if (!strcmp(target, "anon_inode:kvm-vm"))
			fd = atoi(entry->d_name);
	}
	closedir(dir);
	return fd;
}

int main(int argc, char **argv)
{
	int pidfd, fd;
	char c;

	if (argc != 2)
		return 2;
	pidfd = syscall(SYS_pidfd_open, atoi(argv[1]), 0);
	if (pidfd < 0)
		err(1, "pidfd_open");
	fd = find_vm(argv[1]);
	if (fd < 0)
		errx(1, "no VM");
	if (syscall(SYS_pidfd_getfd, pidfd, fd, 0) < 0)
		err(1, "pidfd_getfd");
	puts("held");
	fflush(stdout);
	while (read(STDIN_FILENO, &c, 1) > 0)
		;
	return 0;
}
