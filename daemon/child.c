// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "child.h"

/* Fixed: the caller's PATH is not root's. */
#define CHILD_PATH "PATH=/usr/sbin:/usr/bin:/sbin:/bin"

static void __attribute__((noreturn))
become(const char *const argv[], int in, int out, bool both)
{
	static char *const environ_[] = { CHILD_PATH, "LC_ALL=C", NULL };
	sigset_t none;

	if (in < 0)
		in = open("/dev/null", O_RDONLY);
	if (in < 0 || dup2(in, STDIN_FILENO) < 0 ||
	    dup2(out, STDOUT_FILENO) < 0 ||
	    (both && dup2(out, STDERR_FILENO) < 0))
		_exit(127);
	signal(SIGPIPE, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	/* execvpe() takes PATH from here. */
	if (clearenv() || putenv(CHILD_PATH))
		_exit(127);
	execvpe(argv[0], (char *const *)argv, environ_);
	_exit(127);
}

pid_t child_start(const char *const argv[], int in, int out, bool both)
{
	pid_t pid = fork();

	if (!pid)
		become(argv, in, out, both);
	return pid < 0 ? -errno : pid;
}

int child_wait(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0) {
		if (errno != EINTR)
			return -errno;
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static long long now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

/*
 * Until the end (then *ALL), the limit or END; the bytes that were read, or
 * -errno.
 */
static ssize_t read_until(int fd, char *buf, size_t size, long long end,
			  bool *all)
{
	struct pollfd in = { .fd = fd, .events = POLLIN };
	size_t done = 0;
	long long left;
	ssize_t n;

	*all = false;
	while (done < size) {
		left = end - now_ms();
		if (left <= 0)
			break;
		n = poll(&in, 1, left);
		if (n > 0)
			n = read(fd, buf + done, size - done);
		else if (!n)
			break;
		if (n < 0 && errno != EINTR)
			return -errno;
		*all = !n;
		if (!n)
			break;
		if (n > 0)
			done += n;
	}
	return done;
}

char *child_output(const char *const argv[], size_t size_max,
		   unsigned int seconds, size_t *size, int *status)
{
	char *buf = malloc(size_max + 1), *less;
	int fds[2], error = 0;
	ssize_t n;
	pid_t pid;
	bool all;

	if (!buf)
		return NULL;
	if (pipe2(fds, O_CLOEXEC)) {
		error = errno;
		goto err_free;
	}
	pid = child_start(argv, -1, fds[1], true);
	close(fds[1]);
	if (pid < 0) {
		error = -pid;
		close(fds[0]);
		goto err_free;
	}
	n = read_until(fds[0], buf, size_max, now_ms() + seconds * 1000LL,
		       &all);
	close(fds[0]);
	if (!all)
		kill(pid, SIGKILL);
	*status = child_wait(pid);
	if (n < 0) {
		error = -n;
		goto err_free;
	}
	buf[n] = '\0';
	*size = n;
	less = realloc(buf, n + 1);
	return less ? less : buf;

err_free:
	free(buf);
	errno = error;
	return NULL;
}
