// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <elisa/layout.h>

#include "memfd.h"

/* The number at *TEXT, which moves behind it; -1. */
static int take_number(const char **text)
{
	unsigned long n;
	char *end;

	/* strtoul() takes blanks and signs, too. */
	if (**text < '0' || **text > '9')
		return -1;
	errno = 0;
	n = strtoul(*text, &end, 10);
	*text = end;
	return errno || n > INT_MAX ? -1 : (int)n;
}

int memfd_parse(const char *text, pid_t *pid, int *fd)
{
	*pid = take_number(&text);
	if (*pid <= 0 || *text++ != ':')
		return -EINVAL;
	*fd = take_number(&text);
	return *fd < 0 || *text ? -EINVAL : 0;
}

static int __attribute__((format(printf, 3, 4)))
fail(char why[MEMFD_WHY_SIZE], int error, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(why, MEMFD_WHY_SIZE, format, args);
	va_end(args);
	return -error;
}

static int copy(pid_t pid, int fd, char why[MEMFD_WHY_SIZE])
{
	int pidfd, own, error;

	pidfd = syscall(SYS_pidfd_open, pid, 0);
	if (pidfd < 0 && errno == ESRCH)
		return fail(why, ESRCH, "there is no process %d", pid);
	if (pidfd < 0)
		/* EINVAL, in newer kernels ENOENT: a thread */
		return fail(why, errno,
			    "cannot open process %d (a thread's number is none of a process): %s",
			    pid, strerror(errno));
	own = syscall(SYS_pidfd_getfd, pidfd, fd, 0);
	error = errno;
	close(pidfd);
	if (own >= 0)
		return own;
	switch (error) {
	case EBADF:
		return fail(why, error, "process %d has no descriptor %d", pid,
			    fd);
	case ESRCH:
		return fail(why, error, "process %d has ended", pid);
	case EPERM:
		return fail(why, error,
			    "may not copy a descriptor of process %d: that needs CAP_SYS_PTRACE",
			    pid);
	}
	return fail(why, error, "cannot copy descriptor %d of process %d: %s",
		    fd, pid, strerror(error));
}

/* What the module says, too, but it does not know whose memfd it is. */
static int check(int own, pid_t pid, int fd, __u32 data_pages,
		 char why[MEMFD_WHY_SIZE])
{
	int seals = fcntl(own, F_GET_SEALS);
	int flags = fcntl(own, F_GETFL);
	struct stat st;

	if (flags < 0 || fstat(own, &st))
		return fail(why, errno,
			    "cannot look at descriptor %d of process %d: %s",
			    fd, pid, strerror(errno));
	/* Other files of tmpfs have one seal, against seals. */
	if (seals < 0 || seals == F_SEAL_SEAL)
		return fail(why, EINVAL,
			    "descriptor %d of process %d is not a memfd that was made with MFD_ALLOW_SEALING",
			    fd, pid);
	if (!(seals & F_SEAL_SHRINK))
		return fail(why, EINVAL,
			    "the memfd could be made smaller while it is shared; process %d has to seal it: fcntl(%d, F_ADD_SEALS, F_SEAL_SHRINK)",
			    pid, fd);
	if (seals & (F_SEAL_WRITE | F_SEAL_FUTURE_WRITE))
		return fail(why, EINVAL,
			    "the memfd, descriptor %d of process %d, is sealed against writing",
			    fd, pid);
	if ((flags & O_ACCMODE) != O_RDWR)
		return fail(why, EINVAL,
			    "descriptor %d of process %d is not open for reading and writing",
			    fd, pid);
	if (!st.st_size || st.st_size % ELISA_PAGE_SIZE)
		return fail(why, EINVAL,
			    "the memfd has %lld bytes, which is not one or more times %u",
			    (long long)st.st_size, ELISA_PAGE_SIZE);
	if (st.st_size / ELISA_PAGE_SIZE < data_pages)
		return fail(why, EINVAL,
			    "the memfd has %lld bytes, which is less than --data",
			    (long long)st.st_size);
	if (!data_pages && st.st_size / ELISA_PAGE_SIZE > ELISA_DATA_PAGES_MAX)
		return fail(why, EFBIG,
			    "the memfd has %lld bytes, but %u MiB can be shared at most; use --data for its beginning",
			    (long long)st.st_size,
			    ELISA_DATA_PAGES_MAX /
				    (1024 * 1024 / ELISA_PAGE_SIZE));
	return 0;
}

int memfd_copy(pid_t pid, int fd, __u32 data_pages, char why[MEMFD_WHY_SIZE])
{
	int own = copy(pid, fd, why), ret;

	if (own < 0)
		return own;
	ret = check(own, pid, fd, data_pages, why);
	if (!ret)
		return own;
	close(own);
	return ret;
}
