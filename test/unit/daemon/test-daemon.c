// SPDX-License-Identifier: GPL-2.0-only
/*
 * The daemon with real VMs and real uevents, and a module that is played by
 * the functions below.  Needs /dev/kvm, otherwise skipped.
 *
 *	test (this process)         daemon (forked)         VMs (forked, exec)
 *	   |-- starts, signals ------->|                        |
 *	   |-- starts ----------------------------------------->|
 *	   |                           |<------ KVM uevent -----|
 *	   |<-- one line an enrolment--| enl_request()
 */
#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <netlink/genl/genl.h>
#include <netlink/msg.h>

#include "daemon.h"
#include "nl.h"
#include "nl_attr.h"
#include "nl_info.h"
#include "nl_vm.h"

#define FAMILY 0x1234

/* The module's part.  "Enrolled" are VMs by their file's inode and PID. */

static int report_fd = -1; /* to the test */
static int events_fd = -1; /* stands for the event socket */
static unsigned int n_enrolled;
static __u32 enrolled_pid[64];

int enl_open(struct enl *enl)
{
	memset(enl, 0, sizeof(*enl));
	enl->family = FAMILY;
	return 0;
}

int enl_open_events(struct enl *enl)
{
	return enl_open(enl);
}

void enl_close(struct enl *enl)
{
	(void)enl;
}

int enl_fd(const struct enl *enl)
{
	(void)enl;
	return events_fd;
}

int enl_read_events(struct enl *enl, enl_fn fn, void *arg)
{
	(void)enl;
	(void)fn;
	(void)arg;
	return -EAGAIN;
}

struct nl_msg *enl_msg(int family, __u8 cmd, int flags)
{
	struct nl_msg *msg = nlmsg_alloc_size(8192);

	assert_non_null(msg);
	assert_non_null(genlmsg_put(msg, 1, 1, family, 0, flags, cmd, 1));
	return msg;
}

static int play_enrol(struct nlmsghdr *nlh, struct nl_msg *answer)
{
	struct nlattr *tb[ELISA_A_MAX + 1];
	char path[64], link[64] = "", line[256];
	char name[VM_NAME_SIZE];
	unsigned int i;
	__u32 pid;
	int n;

	assert_int_equal(enl_parse(nlh, ELISA_CMD_VM_ENROL, tb), 0);
	enl_get_text(name, sizeof(name), tb[ELISA_A_VM_NAME]);
	pid = enl_get_u32(tb[ELISA_A_VM_PID]);
	for (i = 0; i < n_enrolled; i++) {
		if (enrolled_pid[i] == pid)
			return -EEXIST;
	}
	enrolled_pid[n_enrolled++] = pid;
	assert_int_equal(nla_put_u32(answer, ELISA_A_VM_ID, n_enrolled), 0);

	/* The descriptor is valid while we are asked. */
	snprintf(path, sizeof(path), "/proc/self/fd/%u",
		 enl_get_u32(tb[ELISA_A_VM_FD]));
	readlink(path, link, sizeof(link) - 1);
	n = snprintf(line, sizeof(line), "%s %u %s\n", name, pid, link);
	assert_int_equal(write(report_fd, line, n), n);
	return 0;
}

/* test-reload has more of this. */
int enl_dump(struct enl *enl, __u8 cmd, enl_fn fn, void (*restart)(void *),
	     void *arg)
{
	(void)enl;
	(void)fn;
	(void)restart;
	(void)arg;
	assert_int_equal(cmd, ELISA_CMD_VM_GET);
	return 0;
}

int enl_request(struct enl *enl, struct nl_msg *msg, enl_fn fn, void *arg)
{
	struct nlmsghdr *nlh = nlmsg_hdr(msg);
	const struct genlmsghdr *ghdr = nlmsg_data(nlh);
	struct nl_msg *answer = enl_msg(FAMILY, ghdr->cmd, 0);
	int ret = 0;

	if (ghdr->cmd == ELISA_CMD_INFO)
		nla_put_u32(answer, ELISA_A_ABI, ELISA_ABI_VERSION);
	else if (ghdr->cmd == ELISA_CMD_VM_POLICY_GET)
		ret = -ENOENT;
	else
		ret = play_enrol(nlh, answer);
	if (!ret)
		ret = fn(nlmsg_hdr(answer), arg);
	snprintf(enl->error, sizeof(enl->error), "played");
	nlmsg_free(answer);
	nlmsg_free(msg);
	return ret;
}

/* The test's part */

static char config[32], control[48];
static int report[2];

static void *create_vm(void *arg)
{
	int kvm = open("/dev/kvm", O_RDWR);

	(void)arg;
	if (kvm < 0 || ioctl(kvm, KVM_CREATE_VM, 0) < 0)
		exit(1);
	return NULL;
}

/* As "be-a-thread" the VM's creator is gone when we tell that it is there. */
static int be_a_vm(char **argv)
{
	pthread_t thread;

	if (strcmp(argv[1], "be-a-thread"))
		create_vm(NULL);
	else if (pthread_create(&thread, NULL, create_vm, NULL) ||
		 pthread_join(thread, NULL))
		return 1;
	if (write(atoi(argv[2]), "x", 1) != 1)
		return 1;
	for (;;)
		pause();
}

/* Names of this run: another one may be going on, and all see all VMs. */
static const char *own(const char *name)
{
	static char buf[VM_NAME_SIZE];

	snprintf(buf, sizeof(buf), "%s-%d", name, getpid());
	return buf;
}

/* A child that does not outlive a failed test */
static pid_t start(void)
{
	pid_t parent = getpid();
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() != parent)
			_exit(127);
	}
	return pid;
}

/* Its command line is what the daemon knows it by.  Returns when it is there. */
static pid_t start_vm(const char *how, const char *name)
{
	const char *arg = own(name);
	char ready_fd[16], c;
	int ready[2];
	pid_t pid;

	assert_int_equal(pipe(ready), 0);
	snprintf(ready_fd, sizeof(ready_fd), "%d", ready[1]);
	pid = start();
	if (!pid) {
		close(ready[0]);
		execl("/proc/self/exe", "test-daemon", how, ready_fd, "--name",
		      arg, NULL);
		_exit(127);
	}
	close(ready[1]);
	assert_int_equal(read(ready[0], &c, 1), 1);
	close(ready[0]);
	return pid;
}

static void stop(pid_t pid, int signal, int want)
{
	int status;

	kill(pid, signal);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (want >= 0) {
		assert_true(WIFEXITED(status));
		assert_int_equal(WEXITSTATUS(status), want);
	}
}

/* '@' stands for what own() adds to a name, '$' for our uid. */
static void write_config(const char *text)
{
	FILE *file = fopen(config, "w");

	assert_non_null(file);
	for (; *text; text++) {
		if (*text == '@')
			fputs(own(""), file);
		else if (*text == '$')
			fprintf(file, "%u", getuid());
		else
			fputc(*text, file);
	}
	assert_int_equal(fclose(file), 0);
}

static pid_t start_daemon(void)
{
	int events[2];
	pid_t pid;

	assert_int_equal(pipe2(report, O_CLOEXEC), 0);
	assert_int_equal(pipe2(events, O_CLOEXEC), 0);
	pid = start();
	if (!pid) {
		close(report[0]);
		report_fd = report[1];
		events_fd = events[0];
		exit(daemon_run(config, control));
	}
	close(report[1]);
	close(events[0]);
	close(events[1]);
	return pid;
}

/* The next enrolment must be of this VM; no name: there must be none. */
static void expect(const char *name, pid_t pid)
{
	struct pollfd poll_fd = { .fd = report[0], .events = POLLIN };
	char line[256], want[256];
	ssize_t n;

	/* Long for what must come, short for what must not. */
	if (poll(&poll_fd, 1, name ? 10000 : 300) != 1) {
		assert_null(name);
		return;
	}
	n = read(report[0], line, sizeof(line) - 1);
	assert_true(n > 0);
	line[n] = '\0';
	if (!name)
		fail_msg("enrolled, and should not be: %s", line);
	snprintf(want, sizeof(want), "%s %d anon_inode:kvm-vm\n", own(name),
		 pid);
	assert_string_equal(line, want);
}

static void life(void **state)
{
	pid_t before, after, other, daemon;

	(void)state;
	write_config("vms:\n"
		     "- { match: { name: before@, uid: $ }, export: [ x ] }\n"
		     "- { match: { name: after@, uid: $ }, attach: [ x ] }\n");
	before = start_vm("be-a-vm", "before");

	/* One that was there first is found by the scan, */
	daemon = start_daemon();
	expect("before", before);
	/* one that comes later by its uevent, */
	after = start_vm("be-a-vm", "after");
	expect("after", after);
	/* and one that the policy does not know is left alone. */
	other = start_vm("be-a-vm", "other");
	expect(NULL, 0);

	/* A bad policy changes nothing, */
	write_config("vms: [ { match: { name: other@, uid: $ } } ]\n");
	kill(daemon, SIGHUP);
	expect(NULL, 0);
	/* a good one counts for those that are not enrolled. */
	write_config(
		"vms: [ { match: { name: other@, uid: $ }, attach: [ x ] } ]\n");
	kill(daemon, SIGHUP);
	expect("other", other);
	expect(NULL, 0);

	stop(daemon, SIGTERM, 0);
	stop(before, SIGKILL, -1);
	stop(after, SIGKILL, -1);
	stop(other, SIGKILL, -1);
	close(report[0]);
}

static void bad_policy(void **state)
{
	pid_t daemon;

	(void)state;
	write_config("vmz: []\n");
	daemon = start_daemon();
	stop(daemon, 0, 1);
	close(report[0]);
}

/* Each announced before its descriptor can be seen, all at once */
static void many(void **state)
{
	char seen[16] = { 0 };
	pid_t pids[16], daemon;
	unsigned int i, n;
	char name[VM_NAME_SIZE];

	(void)state;
	write_config("vms:\n"
		     "- { match: { name: crowd@, uid: $ }, attach: [ y ] }\n");
	daemon = start_daemon();
	for (i = 0; i < 16; i++)
		pids[i] = start_vm("be-a-vm", "crowd");
	for (n = 0; n < 16; n++) {
		struct pollfd poll_fd = { .fd = report[0], .events = POLLIN };
		char line[64] = "";
		pid_t pid;

		assert_int_equal(poll(&poll_fd, 1, 10000), 1);
		for (i = 0; i < sizeof(line) - 1; i++) {
			assert_int_equal(read(report[0], line + i, 1), 1);
			if (line[i] == '\n')
				break;
		}
		assert_int_equal(sscanf(line, "%63s %d", name, &pid), 2);
		for (i = 0; i < 16; i++) {
			if (pids[i] == pid)
				seen[i]++;
		}
	}
	for (i = 0; i < 16; i++)
		assert_int_equal(seen[i], 1);
	stop(daemon, SIGTERM, 0);
	for (i = 0; i < 16; i++)
		stop(pids[i], SIGKILL, -1);
	close(report[0]);
}

/* KVM tells a thread that is no more when the daemon comes to look at it. */
static void creator_gone(void **state)
{
	pid_t vm, daemon;

	(void)state;
	write_config("vms:\n"
		     "- { match: { name: first@, uid: $ }, attach: [ y ] }\n"
		     "- { match: { name: orphan@, uid: $ }, attach: [ y ] }\n");
	daemon = start_daemon();
	/* Its enrolment shows that the daemon listens. */
	vm = start_vm("be-a-vm", "first");
	expect("first", vm);
	stop(vm, SIGKILL, -1);

	kill(daemon, SIGSTOP);
	vm = start_vm("be-a-thread", "orphan");
	kill(daemon, SIGCONT);
	expect("orphan", vm);
	stop(daemon, SIGTERM, 0);
	stop(vm, SIGKILL, -1);
	close(report[0]);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(life),
		cmocka_unit_test(bad_policy),
		cmocka_unit_test(many),
		cmocka_unit_test(creator_gone),
	};
	int kvm, vm, ret;

	if (argc > 2 && !strncmp(argv[1], "be-a-", 5))
		return be_a_vm(argv);

	kvm = open("/dev/kvm", O_RDWR);
	vm = kvm < 0 ? -1 : ioctl(kvm, KVM_CREATE_VM, 0);
	if (vm < 0) {
		printf("daemon: skipped: cannot create a KVM VM: %s\n",
		       strerror(errno));
		return 0;
	}
	close(vm);
	close(kvm);

	strcpy(config, "/tmp/elisa-test-XXXXXX");
	close(mkstemp(config));
	snprintf(control, sizeof(control), "%s.control", config);
	ret = cmocka_run_group_tests_name("daemon", tests, NULL, NULL);
	unlink(config);
	return ret;
}
