// SPDX-License-Identifier: GPL-2.0-only
/*
 * Against a real VM without vCPUs, which needs /dev/kvm but no particular
 * hardware support below it; skipped, with the reason, where that is missing.
 */
#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "uevent.h"
#include "vmscan.h"

static int create_vm(void)
{
	int kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	int vm = -1;

	if (kvm >= 0) {
		vm = ioctl(kvm, KVM_CREATE_VM, 0);
		close(kvm);
	}
	return vm;
}

static void need_kvm(void)
{
	int vm = create_vm();

	if (vm < 0) {
		print_message("           skipped: cannot create a KVM VM: %s\n",
			      strerror(errno));
		skip();
	}
	close(vm);
}

/* A process that runs FN and waits; READY is readable when FN is through. */
static pid_t child(void (*fn)(int ready), int *ready)
{
	int fds[2];
	pid_t pid;

	assert_int_equal(pipe(fds), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		close(fds[0]);
		fn(fds[1]);
		for (;;)
			pause();
	}
	close(fds[1]);
	*ready = fds[0];
	return pid;
}

static void end_child(pid_t pid, int ready)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	close(ready);
}

static void two_vms(int ready)
{
	if (create_vm() < 0 || create_vm() < 0 || write(ready, "x", 1) != 1)
		_exit(1);
}

static void find_and_get(void **state)
{
	struct vmscan scan;
	char c, link[64];
	char path[64];
	int ready, fd;
	pid_t pid;
	ssize_t n;

	(void)state;
	need_kvm();
	pid = child(two_vms, &ready);
	assert_int_equal(read(ready, &c, 1), 1);

	assert_int_equal(vmscan_open(&scan, pid), 0);
	assert_int_equal(scan.n_fds, 2);
	assert_false(scan.more);
	assert_int_equal(scan.ident.pid, pid);
	assert_true(scan.ident.has_uid);
	fd = vmscan_get(&scan, scan.fds[0]);
	assert_true(fd >= 0);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	n = readlink(path, link, sizeof(link) - 1);
	assert_true(n > 0);
	link[n] = '\0';
	assert_string_equal(link, "anon_inode:kvm-vm");
	close(fd);

	/* Another file of the same process is not a VM. */
	assert_int_equal(vmscan_get(&scan, 0), -EBADF);
	assert_int_equal(vmscan_get(&scan, 4000), -EBADF);

	/* After its end, nothing, whatever the PID is used for now. */
	end_child(pid, ready);
	assert_int_equal(vmscan_get(&scan, scan.fds[0]), -ESRCH);
	vmscan_close(&scan);
	assert_int_equal(vmscan_open(&scan, pid), -ESRCH);
}

static void zombie(int ready)
{
	if (create_vm() < 0)
		_exit(1);
	close(ready);
	_exit(0);
}

static void ended(void **state)
{
	struct vmscan scan;
	int ready, ret;
	pid_t pid;
	char c;

	(void)state;
	need_kvm();
	pid = child(zombie, &ready);
	assert_int_equal(read(ready, &c, 1), 0);
	waitid(P_PID, pid, NULL, WEXITED | WNOWAIT);
	ret = vmscan_open(&scan, pid);
	assert_int_not_equal(ret, 0);
	end_child(pid, ready);
}

static void *vm_thread(void *arg)
{
	pid_t tid = gettid();

	if (create_vm() < 0 || write(*(int *)arg, &tid, sizeof(tid)) < 0)
		_exit(1);
	for (;;)
		pause();
	return NULL;
}

static void threaded(int ready)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, vm_thread, &ready))
		_exit(1);
	pthread_join(thread, NULL);
}

/* KVM tells the thread that created the VM, pidfd wants the process. */
static void thread(void **state)
{
	struct vmscan scan;
	pid_t pid, tid;
	int ready;

	(void)state;
	need_kvm();
	pid = child(threaded, &ready);
	assert_int_equal(read(ready, &tid, sizeof(tid)), sizeof(tid));
	assert_int_not_equal(tid, pid);
	assert_int_equal(vmscan_open(&scan, tid), 0);
	assert_int_equal(scan.ident.pid, pid);
	assert_int_equal(scan.n_fds, 1);
	vmscan_close(&scan);
	end_child(pid, ready);
}

static void no_vm(void **state)
{
	struct vmscan scan;

	(void)state;
	assert_int_equal(vmscan_open(&scan, getpid()), 0);
	assert_int_equal(scan.n_fds, 0);
	vmscan_close(&scan);
	assert_int_equal(vmscan_open(&scan, 0x7ffffff0), -ESRCH);
}

static void count(pid_t pid, void *arg)
{
	int *own = arg;

	if (pid == getpid())
		(*own)++;
}

static void all(void **state)
{
	int own = 0;

	(void)state;
	assert_int_equal(vmscan_all(count, &own), 0);
	assert_int_equal(own, 1);
}

static void live_uevents(void **state)
{
	struct uevent_kvm event = { 0 };
	bool created = false, destroyed = false;
	struct pollfd poll_fd;
	int ready, fd, vm;
	pid_t pid;
	char c;

	(void)state;
	need_kvm();
	fd = uevent_open();
	assert_true(fd >= 0);
	vm = create_vm();
	assert_true(vm >= 0);
	poll_fd.fd = fd;
	poll_fd.events = POLLIN;
	if (poll(&poll_fd, 1, 2000) != 1) {
		close(fd);
		close(vm);
		print_message("           skipped: no uevents arrive here\n");
		skip();
	}
	pid = child(two_vms, &ready);
	assert_int_equal(read(ready, &c, 1), 1);
	end_child(pid, ready);
	while (poll(&poll_fd, 1, 2000) == 1 && !(created && destroyed)) {
		if (uevent_read(fd, &event) != 1 || event.pid != pid)
			continue;
		if (event.create)
			created = true;
		else
			destroyed = true;
	}
	assert_true(created);
	assert_true(destroyed);
	close(fd);
	close(vm);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(find_and_get), cmocka_unit_test(ended),
		cmocka_unit_test(thread),	cmocka_unit_test(no_vm),
		cmocka_unit_test(all),		cmocka_unit_test(live_uevents),
	};

	return cmocka_run_group_tests_name("vmscan", tests, NULL, NULL);
}
