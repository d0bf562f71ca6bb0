// SPDX-License-Identifier: GPL-2.0-only
/* A child of ours is the process whose memfd is shared. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <elisa/layout.h>

#include "memfd.h"
#include "test.h"

#define SIZE (3 * 4096)

/* What the child has, one descriptor each. */
enum {
	GOOD,
	BARE,	/* no seal */
	PLAIN,	/* cannot have seals */
	FROZEN, /* against writing, too */
	READ_ONLY,
	EMPTY,
	ODD, /* not whole pages */
	LARGE,
	TMPFS,
	PIPE,
	N_FDS,
};

static pid_t child;
static int fds[N_FDS], end[2];
static struct stat good_stat;

static int make(unsigned int flags, off_t size, int seals)
{
	int fd = memfd_create("test", flags);

	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, size), 0);
	if (seals)
		assert_int_equal(fcntl(fd, F_ADD_SEALS, seals), 0);
	return fd;
}

static int open_tmpfs(void)
{
	char path[] = "/dev/shm/elisa-test-XXXXXX";
	int fd = mkstemp(path);

	if (fd < 0)
		return -1;
	unlink(path);
	assert_int_equal(ftruncate(fd, SIZE), 0);
	return fd;
}

static int start(void **state)
{
	char path[64], c;
	int pipes[2], i;

	(void)state;
	fds[GOOD] = make(MFD_ALLOW_SEALING, SIZE, F_SEAL_SHRINK);
	fds[BARE] = make(MFD_ALLOW_SEALING, SIZE, F_SEAL_GROW);
	fds[PLAIN] = make(0, SIZE, 0);
	fds[FROZEN] =
		make(MFD_ALLOW_SEALING, SIZE, F_SEAL_SHRINK | F_SEAL_WRITE);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fds[GOOD]);
	fds[READ_ONLY] = open(path, O_RDONLY);
	fds[EMPTY] = make(MFD_ALLOW_SEALING, 0, F_SEAL_SHRINK);
	fds[ODD] = make(MFD_ALLOW_SEALING, SIZE + 1, F_SEAL_SHRINK);
	fds[LARGE] = make(MFD_ALLOW_SEALING,
			  (ELISA_DATA_PAGES_MAX + 1ULL) * ELISA_PAGE_SIZE,
			  F_SEAL_SHRINK);
	fds[TMPFS] = open_tmpfs();
	assert_int_equal(pipe(pipes), 0);
	fds[PIPE] = pipes[0];
	assert_int_equal(fstat(fds[GOOD], &good_stat), 0);
	assert_int_equal(pipe(end), 0);

	child = fork();
	if (!child) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		close(end[1]);
		_exit(read(end[0], &c, 1));
	}
	assert_true(child > 0);
	close(end[0]);
	/* From here on they are the child's alone. */
	for (i = 0; i < N_FDS; i++)
		close(fds[i]);
	return 0;
}

static int stop(void **state)
{
	(void)state;
	close(end[1]);
	return waitpid(child, NULL, 0) == child ? 0 : -1;
}

static void names(void **state)
{
	static const char *const bad[] = {
		"",
		":",
		"1",
		"1:",
		":1",
		"0:1",
		"-1:1",
		"1:-1",
		"1: 1",
		" 1:1",
		"1:1 ",
		"1:1x",
		"x:1",
		"1:1:1",
		"2147483648:1",
		"1:2147483648",
		"99999999999999999999:1",
		"1:+1",
	};
	size_t i;
	pid_t pid;
	int fd;

	(void)state;
	assert_int_equal(memfd_parse("4711:0", &pid, &fd), 0);
	assert_int_equal(pid, 4711);
	assert_int_equal(fd, 0);
	assert_int_equal(memfd_parse("2147483647:2147483647", &pid, &fd), 0);
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(memfd_parse(bad[i], &pid, &fd), -EINVAL);
}

static void good(void **state)
{
	char why[MEMFD_WHY_SIZE];
	struct stat st;
	int fd;

	(void)state;
	fd = memfd_copy(child, fds[GOOD], 0, why);
	assert_true(fd >= 0);
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(st.st_ino, good_stat.st_ino);
	assert_int_equal(st.st_dev, good_stat.st_dev);
	assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
	close(fd);
	fd = memfd_copy(child, fds[GOOD], 3, why);
	assert_true(fd >= 0);
	close(fd);
	fd = memfd_copy(child, fds[LARGE], ELISA_DATA_PAGES_MAX, why);
	assert_true(fd >= 0);
	close(fd);
}

/* Nothing of it stays open. */
static void refused(int which, __u32 data_pages, int error, const char *text)
{
	int before = dup(0), after;
	char why[MEMFD_WHY_SIZE] = "";

	close(before);
	assert_int_equal(memfd_copy(child, fds[which], data_pages, why), error);
	if (!strstr(why, text))
		fail_msg("'%s' instead of '%s'", why, text);
	assert_in_range(strlen(why), 1, MEMFD_WHY_SIZE - 2);
	after = dup(0);
	close(after);
	assert_int_equal(before, after);
}

static void bad(void **state)
{
	(void)state;
	refused(BARE, 0, -EINVAL, "F_SEAL_SHRINK");
	refused(PLAIN, 0, -EINVAL, "is not a memfd");
	refused(FROZEN, 0, -EINVAL, "sealed against writing");
	refused(READ_ONLY, 0, -EINVAL, "not open for reading and writing");
	refused(EMPTY, 0, -EINVAL, "has 0 bytes");
	refused(ODD, 0, -EINVAL, "has 12289 bytes");
	refused(LARGE, 0, -EFBIG, "256 MiB");
	refused(GOOD, 4, -EINVAL, "less than --data");
	refused(PIPE, 0, -EINVAL, "is not a memfd");
	if (fds[TMPFS] >= 0)
		refused(TMPFS, 0, -EINVAL, "is not a memfd");
}

static void missing(void **state)
{
	char why[MEMFD_WHY_SIZE];
	pid_t gone;

	(void)state;
	assert_int_equal(memfd_copy(child, 1000, 0, why), -EBADF);
	assert_non_null(strstr(why, "no descriptor 1000"));
	gone = fork();
	if (!gone)
		_exit(0);
	waitpid(gone, NULL, 0);
	assert_int_equal(memfd_copy(gone, fds[GOOD], 0, why), -ESRCH);
	assert_non_null(strstr(why, "no process"));
}

/* A process that has ended and was not waited for has no descriptors. */
static void zombie(void **state)
{
	char why[MEMFD_WHY_SIZE];
	siginfo_t info;
	pid_t pid;

	(void)state;
	pid = fork();
	if (!pid)
		_exit(0);
	assert_int_equal(waitid(P_PID, pid, &info, WEXITED | WNOWAIT), 0);
	assert_int_equal(memfd_copy(pid, 0, 0, why), -ESRCH);
	assert_non_null(strstr(why, "has ended"));
	waitpid(pid, NULL, 0);
}

static void not_allowed(void **state)
{
	char why[MEMFD_WHY_SIZE];
	int status;
	pid_t pid;

	(void)state;
	if (geteuid())
		skip();
	pid = fork();
	if (!pid) {
		if (setuid(65534))
			_exit(2);
		_exit(memfd_copy(child, fds[GOOD], 0, why) != -EPERM ||
		      !strstr(why, "CAP_SYS_PTRACE"));
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names),  cmocka_unit_test(good),
		cmocka_unit_test(bad),	  cmocka_unit_test(missing),
		cmocka_unit_test(zombie), cmocka_unit_test(not_allowed),
	};

	return cmocka_run_group_tests_name("memfd", tests, start, stop);
}
