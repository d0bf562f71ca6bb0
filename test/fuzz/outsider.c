// SPDX-License-Identifier: GPL-2.0-only
/*
 * outsider: callers on the host who have no business with the netlink family.
 *
 *	nobody    uid 65534 without capabilities
 *	userns    all capabilities in a user namespace of its own, the initial
 *	          network namespace
 *	usernet   the same in a network namespace of its own, too
 *	netns     root in another network namespace
 *	inherit   uid 65534 with a socket that root has opened
 *	lent      root with a socket that uid 65534 has opened
 *
 * Each tries every command, to join the group of events, and to hear one.
 * Then VM_FD: files that came by SCM_RIGHTS, VMs of another user, with a
 * wrong PID, of a dead process.  Prints "ok - NAME" or "not ok - NAME: why".
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <elisa/netlink.h>

#include "genl.h"
#include "small_vm.h"

#ifndef SOL_NETLINK
#define SOL_NETLINK 270
#endif

#define NOBODY	    65534
#define N_OF(array) (sizeof(array) / sizeof((array)[0]))

static struct genl_family family;
static int root_sock, root_vm;
static unsigned int failed;

static void result(const char *who, const char *what, int good, const char *why)
{
	if (good)
		printf("ok - %s: %s\n", who, what);
	else
		printf("not ok - %s: %s: %s\n", who, what, why);
	failed += !good;
	fflush(stdout);
}

/* --- messages */

static void build(struct genl_msg *msg, uint8_t cmd, int vm, uint32_t pid,
		  uint32_t id)
{
	int dump = cmd == ELISA_CMD_VM_GET || cmd == ELISA_CMD_EXPORT_GET ||
		   cmd == ELISA_CMD_ATTACHMENT_GET;

	genl_begin(msg, family.id,
		   NLM_F_ACK | (dump ? NLM_F_ROOT | NLM_F_MATCH : 0), cmd);
	if (cmd == ELISA_CMD_VM_ENROL) {
		genl_put_u32(msg, ELISA_A_VM_FD, vm);
		genl_put(msg, ELISA_A_VM_NAME, "outsider", 9);
		if (pid)
			genl_put_u32(msg, ELISA_A_VM_PID, pid);
	}
	if (cmd == ELISA_CMD_VM_DEL || cmd == ELISA_CMD_VM_SET ||
	    cmd == ELISA_CMD_VM_POLICY_GET)
		genl_put_u32(msg, ELISA_A_VM_ID, id);
	if (cmd == ELISA_CMD_EXPORT_DEL)
		genl_put_u32(msg, ELISA_A_EXPORT_ID, id);
	if (cmd == ELISA_CMD_ATTACHMENT_DEL)
		genl_put_u32(msg, ELISA_A_ATTACHMENT_ID, id);
	genl_end(msg);
}

/* Return: 0 or a positive errno. */
static int ask(int sock, uint8_t cmd, int vm, uint32_t pid, uint32_t id,
	       struct genl_answer *answer)
{
	struct genl_msg msg;
	int err;

	build(&msg, cmd, vm, pid, id);
	err = genl_send(sock, &msg, answer);
	if (err)
		return -err;
	return answer->answered ? answer->errnum : ENOMSG;
}

static const char *const command[] = {
	[ELISA_CMD_INFO] = "INFO",
	[ELISA_CMD_VM_ENROL] = "VM_ENROL",
	[ELISA_CMD_VM_DEL] = "VM_DEL",
	[ELISA_CMD_VM_GET] = "VM_GET",
	[ELISA_CMD_EXPORT_GET] = "EXPORT_GET",
	[ELISA_CMD_EXPORT_DEL] = "EXPORT_DEL",
	[ELISA_CMD_EXPORT_ADD] = "EXPORT_ADD",
	[ELISA_CMD_ATTACHMENT_GET] = "ATTACHMENT_GET",
	[ELISA_CMD_ATTACHMENT_DEL] = "ATTACHMENT_DEL",
	[ELISA_CMD_VM_SET] = "VM_SET",
	[ELISA_CMD_VM_POLICY_GET] = "VM_POLICY_GET",
};

/* @expect: the errno with which each command has to be refused. */
static void try_commands(const char *who, int sock, int expect)
{
	struct genl_answer answer;
	char what[64], why[192];
	uint8_t cmd;

	for (cmd = ELISA_CMD_INFO; cmd < N_OF(command); cmd++) {
		int err;

		if (!command[cmd])
			continue;
		/* Number 1 is enrolled. */
		err = ask(sock, cmd, root_vm, 0, 1, &answer);
		snprintf(what, sizeof(what), "%s is refused", command[cmd]);
		snprintf(why, sizeof(why), "%s, %u messages, \"%s\"",
			 strerror(err), answer.messages, answer.text);
		result(who, what, err == expect && !answer.messages, why);
	}
}

/* --- events */

/* Make one, as root; the caller is a child of the one that called this. */
static int make_event(void)
{
	struct genl_answer answer;
	int vm = small_vm_create();
	int err = ask(root_sock, ELISA_CMD_VM_ENROL, vm, 0, 0, &answer);

	if (!err)
		err = ask(root_sock, ELISA_CMD_VM_DEL, 0, 0, answer.vm_id,
			  &answer);
	close(vm);
	return err;
}

static int hears(int sock)
{
	struct pollfd p = { .fd = sock, .events = POLLIN };
	char buf[4096];

	if (poll(&p, 1, 300) <= 0)
		return 0;
	return recv(sock, buf, sizeof(buf), MSG_DONTWAIT) > 0;
}

/*
 * @can_join: it cannot be kept out of the group, of another namespace.  What
 * is asked of the parent goes through @to_root and @from_root.
 */
static void try_events(const char *who, int can_join, int to_root,
		       int from_root)
{
	int sock = genl_open(), one = 1, err;
	char byte = 0;

	if (sock < 0) {
		result(who, "a socket", 0, strerror(-sock));
		return;
	}
	setsockopt(sock, SOL_NETLINK, NETLINK_LISTEN_ALL_NSID, &one,
		   sizeof(one));
	err = genl_join(sock, family.group);
	if (!can_join)
		result(who, "joining the events is refused", err == -EPERM,
		       strerror(-err));
	if (write(to_root, &byte, 1) != 1 || read(from_root, &byte, 1) != 1)
		exit(2);
	result(who, "no event is heard", !byte && !hears(sock),
	       byte ? "there was none" : "it is");
	close(sock);
}

/* --- who */

static void become_nobody(void)
{
	if (setgid(NOBODY) || setuid(NOBODY))
		exit(2);
}

static void unshare_or_die(int flags)
{
	if (unshare(flags)) {
		perror("outsider: unshare");
		exit(2);
	}
}

static void become(const char *who)
{
	if (!strcmp(who, "nobody") || !strcmp(who, "inherit"))
		become_nobody();
	if (!strcmp(who, "userns") || !strcmp(who, "usernet"))
		become_nobody();
	if (!strcmp(who, "userns"))
		unshare_or_die(CLONE_NEWUSER);
	if (!strcmp(who, "usernet"))
		unshare_or_die(CLONE_NEWUSER | CLONE_NEWNET);
	if (!strcmp(who, "netns"))
		unshare_or_die(CLONE_NEWNET);
}

/* A socket that an unprivileged process has opened: root's, for a while. */
static int lent_socket(void)
{
	int sock;

	if (seteuid(NOBODY))
		exit(2);
	sock = genl_open();
	if (seteuid(0))
		exit(2);
	return sock;
}

static void outsider(const char *who, int to_root, int from_root)
{
	int other_net = !strcmp(who, "usernet") || !strcmp(who, "netns");
	struct genl_family found;
	int sock, err;

	become(who);
	if (!strcmp(who, "inherit")) {
		try_commands(who, root_sock, EPERM);
		exit(failed);
	}
	if (!strcmp(who, "lent")) {
		try_commands(who, lent_socket(), EPERM);
		exit(failed);
	}
	sock = genl_open();
	if (sock < 0)
		exit(2);
	if (other_net) {
		err = genl_resolve(sock, &found);
		result(who, "there is no such family", err == -ENOENT,
		       strerror(-err));
	}
	/* The number is no secret. */
	try_commands(who, sock, other_net ? ENOENT : EPERM);
	try_events(who, other_net, to_root, from_root);
	exit(failed);
}

static void run(const char *who)
{
	int up[2], down[2], status;
	char byte;
	pid_t pid;

	if (pipe(up) || pipe(down))
		exit(2);
	fflush(stdout);
	pid = fork();
	if (!pid) {
		close(up[0]);
		close(down[1]);
		outsider(who, up[1], down[0]);
	}
	close(up[1]);
	close(down[0]);
	if (read(up[0], &byte, 1) == 1) {
		byte = make_event();
		if (write(down[1], &byte, 1) != 1)
			exit(2);
	}
	close(up[0]);
	close(down[1]);
	waitpid(pid, &status, 0);
	if (!WIFEXITED(status))
		result(who, "it ends", 0, "a signal");
	else
		failed += WEXITSTATUS(status);
}

/* --- files of VMs */

/* A VM made by uid 65534, its file sent here; the maker lives until killed. */
static int foreign_vm(pid_t *maker)
{
	union {
		char buf[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} u;
	char byte = 0;
	struct iovec iov = { .iov_base = &byte, .iov_len = 1 };
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = u.buf,
		.msg_controllen = sizeof(u.buf),
	};
	struct cmsghdr *c;
	int pair[2], fd;

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair))
		exit(2);
	*maker = fork();
	if (!*maker) {
		become_nobody();
		fd = small_vm_create();
		c = CMSG_FIRSTHDR(&msg);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(c), &fd, sizeof(fd));
		if (fd < 0 || sendmsg(pair[1], &msg, 0) != 1)
			_exit(1);
		close(fd);
		pause();
		_exit(0);
	}
	close(pair[1]);
	if (recvmsg(pair[0], &msg, 0) != 1 || !CMSG_FIRSTHDR(&msg))
		exit(2);
	memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&msg)), sizeof(fd));
	close(pair[0]);
	return fd;
}

static void expect(const char *what, int err, int want)
{
	result("VM_FD", what, err == want, strerror(err));
}

static void try_files(void)
{
	struct genl_answer answer;
	pid_t maker, other;
	uint32_t id;
	int vm, vm2;

	vm = foreign_vm(&maker);
	expect("of another user's VM, with the PID of who holds it",
	       ask(root_sock, ELISA_CMD_VM_ENROL, vm, getpid(), 0, &answer),
	       EINVAL);
	vm2 = foreign_vm(&other);
	expect("of another user's VM, with the PID of a second user",
	       ask(root_sock, ELISA_CMD_VM_ENROL, vm, other, 0, &answer),
	       EINVAL);
	expect("of another user's VM, with the PID of nobody",
	       ask(root_sock, ELISA_CMD_VM_ENROL, vm, 0x3fffff, 0, &answer),
	       EINVAL);
	expect("of another user's VM, with its PID",
	       ask(root_sock, ELISA_CMD_VM_ENROL, vm, maker, 0, &answer), 0);
	id = answer.vm_id;
	expect("of the same VM again",
	       ask(root_sock, ELISA_CMD_VM_ENROL, vm, maker, 0, &answer),
	       EEXIST);
	expect("of the same VM again, after it was deleted",
	       ask(root_sock, ELISA_CMD_VM_DEL, 0, 0, id, &answer) ?:
		       ask(root_sock, ELISA_CMD_VM_ENROL, vm, maker, 0,
			   &answer),
	       0);

	/* The makers die; the files keep the VMs. */
	kill(other, SIGKILL);
	waitpid(other, NULL, 0);
	expect("of a dead process' VM, with its PID",
	       ask(root_sock, ELISA_CMD_VM_ENROL, vm2, other, 0, &answer),
	       EINVAL);
	kill(maker, SIGKILL);
	waitpid(maker, NULL, 0);
	expect("of an enrolled VM whose process is dead",
	       ask(root_sock, ELISA_CMD_VM_ENROL, vm, 0, 0, &answer), EEXIST);
	close(vm);
	/* No process can run it, but it is a VM. */
	expect("of a dead process' VM, without a PID",
	       ask(root_sock, ELISA_CMD_VM_ENROL, vm2, 0, 0, &answer), 0);
	close(vm2);
	expect("that was closed",
	       ask(root_sock, ELISA_CMD_VM_ENROL, vm2, 0, 0, &answer), EBADF);
}

int main(void)
{
	static const char *const who[] = {
		"nobody", "userns", "usernet", "netns", "inherit", "lent",
	};
	struct genl_answer answer;
	unsigned int i;
	int sock, err;

	root_sock = genl_open();
	err = root_sock < 0 ? root_sock : genl_resolve(root_sock, &family);
	root_vm = small_vm_create();
	if (!err)
		err = -ask(root_sock, ELISA_CMD_VM_ENROL, root_vm, 0, 0,
			   &answer);
	if (err) {
		fprintf(stderr, "outsider: %s\n", strerror(-err));
		return 2;
	}
	/* The positive case, so that a silent group would be noticed. */
	sock = genl_open();
	err = genl_join(sock, family.group);
	result("root", "joins and hears events",
	       !err && !make_event() && hears(sock), "it does not");
	close(sock);

	for (i = 0; i < sizeof(who) / sizeof(who[0]); i++)
		run(who[i]);
	try_files();
	return failed != 0;
}
