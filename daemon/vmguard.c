// SPDX-License-Identifier: GPL-2.0-only
#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "log.h"
#include "vmfd.h"
#include "vmguard.h"

/* What a child has to end in that was killed, and is kept by nothing */
#define END_MS 100

enum what { READ_CLAIMS, COPY };

struct request {
	enum what what;
	int number;
	struct vm_ident ident;
};

struct reply {
	int ret;
	struct vm_ident ident;
};

/* struct spent - a child that was kept waiting, and by whom */
struct spent {
	pid_t pid; /* 0: it has ended */
	__u64 at;  /* in ms; 0: not used */
	struct vm_ident owner;
};

static struct {
	bool wanted;
	pid_t pid; /* 0: none */
	int sock;
	struct spent spent[GUARD_MAX];
} guard;

static __u64 now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (__u64)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* --- the child */

/* Else they would stay open when the daemon ends and this process cannot. */
static void close_others(int sock)
{
	const struct dirent *entry;
	DIR *dir = opendir("/proc/self/fd");
	int fd;

	if (!dir)
		return;
	while ((entry = readdir(dir))) {
		fd = atoi(entry->d_name);
		if (fd > STDERR_FILENO && fd != sock && fd != dirfd(dir))
			close(fd);
	}
	closedir(dir);
}

static ssize_t send_reply(int sock, const struct reply *reply, int fd)
{
	struct iovec iov = { (void *)reply, sizeof(*reply) };
	union {
		char buf[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control = { 0 };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	struct cmsghdr *cmsg;

	if (fd >= 0) {
		msg.msg_control = control.buf;
		msg.msg_controllen = sizeof(control.buf);
		cmsg = CMSG_FIRSTHDR(&msg);
		cmsg->cmsg_level = SOL_SOCKET;
		cmsg->cmsg_type = SCM_RIGHTS;
		cmsg->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(cmsg), &fd, sizeof(int));
	}
	return sendmsg(sock, &msg, MSG_NOSIGNAL);
}

static void __attribute__((noreturn)) serve(int sock)
{
	struct request request;
	struct reply reply;
	bool is_vm = false;
	int fd = -1;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	close_others(sock);
	for (;;) {
		if (recv(sock, &request, sizeof(request), 0) != sizeof(request))
			_exit(0);
		reply.ident = request.ident;
		if (request.what == COPY) {
			fd = vmfd_copy(request.ident.pid, request.number,
				       &is_vm);
			reply.ret = fd < 0 ? fd : is_vm ? 0 : -EBADF;
		} else {
			reply.ret = vm_ident_read_claims(&reply.ident);
		}
		if (send_reply(sock, &reply, reply.ret ? -1 : fd) < 0)
			_exit(1);
		/* The answer first: the copy may take for ever to be closed. */
		if (request.what == COPY)
			_exit(0);
	}
}

/* --- the daemon */

static int start(void)
{
	int socks[2], error;
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, socks))
		return -errno;
	pid = fork();
	if (!pid)
		serve(socks[1]);
	error = errno;
	close(socks[1]);
	if (pid < 0) {
		close(socks[0]);
		return -error;
	}
	guard.pid = pid;
	guard.sock = socks[0];
	return 0;
}

static bool wait_readable(int fd, __u64 due)
{
	struct pollfd poll_fd = { .fd = fd, .events = POLLIN };
	__u64 now;
	int n;

	do {
		now = now_ms();
		n = poll(&poll_fd, 1, due > now ? (int)(due - now) : 0);
	} while (n < 0 && errno == EINTR);
	return n > 0;
}

/* Also when it was never ours to wait for. */
static bool has_ended(pid_t pid)
{
	return waitpid(pid, NULL, WNOHANG) != 0;
}

/* The child, if it does not end until DUE; else 0. */
static pid_t end_child(__u64 due)
{
	pid_t pid = guard.pid;
	int pidfd;

	guard.pid = 0;
	close(guard.sock);
	pidfd = vmfd_open_process(pid);
	if (pidfd >= 0) {
		wait_readable(pidfd, due);
		close(pidfd);
	}
	return has_ended(pid) ? 0 : pid;
}

/* A user's slice is one, with all sessions and other users' IDs in it. */
static bool same_owner(const struct vm_ident *a, const struct vm_ident *b)
{
	if (strcmp(a->slices, b->slices))
		return false;
	if (!strncmp(a->slices, "user.slice/", strlen("user.slice/")))
		return true;
	if (a->unit[0] || b->unit[0])
		return !strcmp(a->unit, b->unit);
	return a->has_uid == b->has_uid && a->uid == b->uid;
}

/*
 * Where to note that a child was spent on OWNER.  NULL: none may be, *ERROR says
 * why.  Who is slow to tell its name is not kept from being copied for it.
 */
static struct spent *find_room(const struct vm_ident *owner, enum what what,
			       int *error)
{
	unsigned int most = what == COPY ? GUARD_PER_OWNER :
					   GUARD_PER_OWNER - 1;
	struct spent *s, *room = NULL;
	__u64 now = now_ms();
	unsigned int n = 0;

	for (s = guard.spent; s < guard.spent + GUARD_MAX; s++) {
		if (s->pid && has_ended(s->pid))
			s->pid = 0;
		if (s->at && !s->pid && now >= s->at + GUARD_FORGET_MS)
			s->at = 0;
		if (!s->at)
			room = s;
		else if (same_owner(&s->owner, owner))
			n++;
	}
	*error = n < most ? -EAGAIN : -ETIMEDOUT;
	return n < most ? room : NULL;
}

/* The descriptor of a reply, or -1. */
static int take_fd(struct msghdr *msg)
{
	const struct cmsghdr *cmsg = CMSG_FIRSTHDR(msg);
	int fd;

	if (!cmsg || cmsg->cmsg_level != SOL_SOCKET ||
	    cmsg->cmsg_type != SCM_RIGHTS ||
	    cmsg->cmsg_len != CMSG_LEN(sizeof(int)))
		return -1;
	memcpy(&fd, CMSG_DATA(cmsg), sizeof(fd));
	return fd;
}

/* 0: there is a reply; -ETIMEDOUT; -EIO the child has ended. */
static int exchange(const struct request *request, struct reply *reply, int *fd,
		    __u64 due)
{
	struct iovec iov = { reply, sizeof(*reply) };
	union {
		char buf[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control;
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control.buf,
		.msg_controllen = sizeof(control.buf),
	};
	ssize_t n;

	if (send(guard.sock, request, sizeof(*request), MSG_NOSIGNAL) < 0)
		return -EIO;
	if (!wait_readable(guard.sock, due))
		return -ETIMEDOUT;
	n = recvmsg(guard.sock, &msg, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
	if (n != sizeof(*reply))
		return -EIO;
	*fd = take_fd(&msg);
	return 0;
}

/* One try, with a child that is kept only if nothing is wrong with it. */
static int try(const struct request *request, struct reply *reply, int *fd)
{
	__u64 due = now_ms() + GUARD_MS;
	struct spent *room;
	pid_t stuck = 0;
	int ret;

	room = find_room(&request->ident, request->what, &ret);
	if (!room)
		return ret;
	ret = guard.pid ? 0 : start();
	if (ret)
		return ret;
	ret = exchange(request, reply, fd, due);
	if (ret)
		kill(guard.pid, SIGKILL);
	if (ret || request->what == COPY)
		stuck = end_child(ret ? now_ms() + END_MS : due);
	if (ret != -ETIMEDOUT && !stuck)
		return ret;
	room->pid = stuck;
	room->at = now_ms();
	room->owner = request->ident;
	log_warn("vm-look-slow: process %d has made elisactl wait for more than %u ms",
		 request->ident.pid, GUARD_MS);
	return ret;
}

static int ask(const struct request *request, struct reply *reply, int *fd)
{
	int ret;

	*fd = -1;
	ret = try(request, reply, fd);
	/* The child may have ended long ago. */
	return ret == -EIO ? try(request, reply, fd) : ret;
}

void vmguard_start(void)
{
	/* Ignored, as some parent may have left it, children do not wait for us. */
	signal(SIGCHLD, SIG_DFL);
	guard.wanted = true;
}

void vmguard_stop(void)
{
	guard.wanted = false;
	if (guard.pid) {
		kill(guard.pid, SIGKILL);
		end_child(now_ms() + GUARD_MS);
	}
}

int vmguard_read_claims(struct vm_ident *ident)
{
	struct request request = { .what = READ_CLAIMS };
	struct reply reply;
	int ret, fd;

	if (!guard.wanted)
		return vm_ident_read_claims(ident);
	request.ident = *ident;
	ret = ask(&request, &reply, &fd);
	if (ret)
		return ret;
	*ident = reply.ident;
	return reply.ret;
}

int vmguard_copy(const struct vm_ident *ident, int number)
{
	struct request request = { .what = COPY, .number = number };
	struct reply reply;
	bool is_vm = false;
	int ret, fd;

	if (!guard.wanted) {
		fd = vmfd_copy(ident->pid, number, &is_vm);
		if (fd < 0 || is_vm)
			return fd;
		close(fd);
		return -EBADF;
	}
	request.ident = *ident;
	ret = ask(&request, &reply, &fd);
	if (!ret)
		ret = reply.ret;
	if (!ret && fd < 0)
		ret = -EMFILE; /* the kernel drops what has no room here */
	if (ret && fd >= 0)
		close(fd);
	return ret ? ret : fd;
}
