// SPDX-License-Identifier: GPL-2.0-only
/*
 * Two processes: this one may ask the module, and never reads a byte that came
 * from the network; its child reads that, and may do nothing else.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cmd.h"
#include "log.h"
#include "metrics_http.h"
#include "metrics_serve.h"
#include "notify.h"

#define NOBODY 65534

/* --- the child */

/* Installed in libexec, built beside elisactl; of root's choice both. */
static int open_program(void)
{
	static const char *const places[] = {
		"../libexec/" METRICS_HTTP_PROGRAM,
		METRICS_HTTP_PROGRAM,
	};
	char self[PATH_MAX], path[PATH_MAX + 64];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	size_t i;
	int fd;

	if (n < 0)
		return -errno;
	self[n] = '\0';
	*(strrchr(self, '/') + 1) = '\0';
	for (i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		snprintf(path, sizeof(path), "%s%s", self, places[i]);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd >= 0)
			return fd;
	}
	return -errno;
}

/*
 * Not root: execve() takes all capabilities then, but the ambient ones.  No
 * process can be started, no file written.
 */
static bool drop_rights(void)
{
	const struct rlimit none = { 0, 0 };

	if (!geteuid() &&
	    (setgroups(0, NULL) || setresgid(NOBODY, NOBODY, NOBODY) ||
	     setresuid(NOBODY, NOBODY, NOBODY)))
		return false;
	return !prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) &&
	       !prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) &&
	       !setrlimit(RLIMIT_FSIZE, &none) &&
	       !setrlimit(RLIMIT_CORE, &none) &&
	       !setrlimit(RLIMIT_NPROC, &none);
}

static void __attribute__((noreturn))
become_server(int listen_fd, int source, int program)
{
	static char name[] = METRICS_HTTP_PROGRAM;
	char *const argv[] = { name, NULL }, *const none[] = { NULL };
	pid_t parent = getppid();
	sigset_t empty;

	/* Out of the way first, each other's and that of what they become. */
	listen_fd = fcntl(listen_fd, F_DUPFD_CLOEXEC, 16);
	source = fcntl(source, F_DUPFD_CLOEXEC, 16);
	program = fcntl(program, F_DUPFD_CLOEXEC, 16);
	sigemptyset(&empty);
	if (listen_fd < 0 || source < 0 || program < 0 ||
	    dup2(listen_fd, METRICS_HTTP_LISTEN) < 0 ||
	    dup2(source, METRICS_HTTP_SOURCE) < 0 ||
	    sigprocmask(SIG_SETMASK, &empty, NULL) || !drop_rights() ||
	    prctl(PR_SET_PDEATHSIG, SIGKILL) || getppid() != parent)
		_exit(126);
	/* What whoever started us has left open; not before Linux 5.11. */
	close_range(METRICS_HTTP_SOURCE + 1, ~0U, CLOSE_RANGE_CLOEXEC);
	fexecve(program, argv, none);
	_exit(127);
}

static pid_t start_server(int listen_fd, int source)
{
	int program = open_program();
	pid_t pid;

	if (program < 0) {
		complain("cannot open the program " METRICS_HTTP_PROGRAM
			 ", which belongs to elisactl: %s",
			 strerror(-program));
		return -1;
	}
	pid = fork();
	if (!pid)
		become_server(listen_fd, source, program);
	if (pid < 0)
		complain("cannot start the HTTP server: %s", strerror(errno));
	close(program);
	return pid;
}

/* --- this process */

/* A file with what WRITE writes, that nobody can change any more; or -1. */
static int text_file(void (*write)(FILE *to))
{
	int fd = memfd_create("elisa-metrics", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	int own = fd < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, 0);
	FILE *to = own < 0 ? NULL : fdopen(own, "w");
	bool bad;

	if (to) {
		write(to);
		bad = ferror(to);
		if (!fclose(to) && !bad &&
		    !fcntl(fd, F_ADD_SEALS,
			   F_SEAL_SEAL | F_SEAL_WRITE | F_SEAL_SHRINK |
				   F_SEAL_GROW))
			return fd;
	} else if (own >= 0) {
		close(own);
	}
	if (fd >= 0)
		close(fd);
	return -1;
}

static void answer(int sock, struct metrics_http_msg body, int fd)
{
	union {
		struct cmsghdr align;
		char buf[CMSG_SPACE(sizeof(int))];
	} control = {};
	struct iovec iov = { .iov_base = &body, .iov_len = sizeof(body) };
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control),
	};
	struct cmsghdr *cmsg = CMSG_FIRSTHDR(&msg);

	cmsg->cmsg_level = SOL_SOCKET;
	cmsg->cmsg_type = SCM_RIGHTS;
	cmsg->cmsg_len = CMSG_LEN(sizeof(fd));
	memcpy(CMSG_DATA(cmsg), &fd, sizeof(fd));
	/* It may have ended, or not read its answers: that is its own loss. */
	sendmsg(sock, &msg, MSG_NOSIGNAL | MSG_DONTWAIT);
}

/* False: the server has ended, or does not keep to the protocol. */
static bool on_message(int sock, void (*write)(FILE *to))
{
	struct metrics_http_msg msg;
	ssize_t n = recv(sock, &msg, sizeof(msg), MSG_TRUNC);
	int fd;

	if (n != sizeof(msg))
		return false;
	if (!msg.number) {
		notify("READY=1\nSTATUS=serving metrics");
		return true;
	}
	fd = text_file(write);
	/* Without a file it says that we do not answer. */
	if (fd >= 0) {
		answer(sock, msg, fd);
		close(fd);
	}
	return true;
}

static int open_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigprocmask(SIG_BLOCK, &set, NULL);
	return signalfd(-1, &set, SFD_CLOEXEC);
}

/* True: until a signal. */
static bool loop(int sock, int signals, void (*write)(FILE *to))
{
	struct pollfd in[] = {
		{ .fd = signals, .events = POLLIN },
		{ .fd = sock, .events = POLLIN },
	};

	for (;;) {
		if (poll(in, 2, -1) < 0 && errno != EINTR)
			return false;
		if (in[0].revents)
			return true;
		if (in[1].revents && !on_message(sock, write))
			return false;
	}
}

int metrics_serve(int listen_fd, void (*write)(FILE *to))
{
	int pair[2], signals, status = 0;
	bool asked_to;
	pid_t pid;

	signals = open_signals();
	if (signals < 0 ||
	    socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair)) {
		complain("cannot start: %s", strerror(errno));
		return CMD_FAILED;
	}
	pid = start_server(listen_fd, pair[1]);
	close(pair[1]);
	asked_to = pid > 0 && loop(pair[0], signals, write);
	/* It ends when it sees that. */
	close(pair[0]);
	if (pid > 0) {
		waitpid(pid, &status, 0);
		if (!asked_to)
			complain("the HTTP server has ended, status %d",
				 WIFEXITED(status) ? WEXITSTATUS(status) :
						     128 + WTERMSIG(status));
	}
	close(signals);
	return asked_to ? CMD_OK : CMD_FAILED;
}
