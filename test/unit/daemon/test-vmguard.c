// SPDX-License-Identifier: GPL-2.0-only
/*
 * A process that keeps its reader waiting is played: no user can be sure to have
 * FUSE.  test/attack/scenarios/look has the real thing.
 */
#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "vmguard.h"

#define SLOW_PID 0x7fffff01

static bool immortal;
static pid_t last_child;

int __real_vm_ident_read_claims(struct vm_ident *ident);
int __wrap_vm_ident_read_claims(struct vm_ident *ident);
int __real_kill(pid_t pid, int sig);
int __wrap_kill(pid_t pid, int sig);
pid_t __real_fork(void);
pid_t __wrap_fork(void);

int __wrap_vm_ident_read_claims(struct vm_ident *ident)
{
	if (ident->pid == SLOW_PID) {
		for (;;)
			pause();
	}
	return __real_vm_ident_read_claims(ident);
}

/* FUSE keeps a process that was killed. */
int __wrap_kill(pid_t pid, int sig)
{
	return immortal ? 0 : __real_kill(pid, sig);
}

pid_t __wrap_fork(void)
{
	pid_t pid = __real_fork();

	if (pid > 0)
		last_child = pid;
	return pid;
}

static long long ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000LL + ts.tv_nsec / 1000000;
}

static int start(void **state)
{
	(void)state;
	immortal = false;
	vmguard_start();
	return 0;
}

static int stop(void **state)
{
	(void)state;
	vmguard_stop();
	return 0;
}

static bool is_same_file(int a, int b)
{
	struct stat sa, sb;

	return !fstat(a, &sa) && !fstat(b, &sb) && sa.st_dev == sb.st_dev &&
	       sa.st_ino == sb.st_ino;
}

static void claims(void **state)
{
	struct vm_ident ident, direct;

	(void)state;
	assert_int_equal(vm_ident_read(&ident, getpid()), 0);
	direct = ident;
	assert_int_equal(vm_ident_read_claims(&direct), 0);
	assert_int_equal(vmguard_read_claims(&ident), 0);
	assert_memory_equal(&ident, &direct, sizeof(ident));
	ident.pid = 0x7ffffff0;
	assert_int_equal(vmguard_read_claims(&ident), -ESRCH);
}

static void copies(void **state)
{
	struct vm_ident ident;
	int vm = memfd_create("elisa-test-vm", MFD_CLOEXEC);
	int other = open("/dev/null", O_RDONLY | O_CLOEXEC);
	int i, fd;

	(void)state;
	assert_int_equal(vm_ident_read(&ident, getpid()), 0);
	/* More often than a child may be spent: none is by these. */
	for (i = 0; i < 2 * GUARD_MAX; i++) {
		fd = vmguard_copy(&ident, vm);
		assert_true(fd >= 0);
		assert_true(is_same_file(fd, vm));
		assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
		close(fd);
		assert_int_equal(vmguard_copy(&ident, other), -EBADF);
		assert_int_equal(vmguard_copy(&ident, 4000), -EBADF);
	}
	ident.pid = 0x7ffffff0;
	assert_int_equal(vmguard_copy(&ident, vm), -ESRCH);
	close(vm);
	close(other);
}

static void dead_child(void **state)
{
	struct vm_ident ident;
	pid_t first;

	(void)state;
	assert_int_equal(vm_ident_read(&ident, getpid()), 0);
	assert_int_equal(vmguard_read_claims(&ident), 0);
	first = last_child;
	assert_int_equal(kill(first, SIGKILL), 0);
	assert_int_equal(vmguard_read_claims(&ident), 0);
	assert_int_not_equal(last_child, first);
}

static void slow(void **state)
{
	struct vm_ident a = { .pid = SLOW_PID, .has_uid = true, .uid = 2 };
	struct vm_ident b = a, c = a, d, e, good;
	long long begin;
	int i;

	(void)state;
	assert_int_equal(vm_ident_read(&good, getpid()), 0);
	begin = ms();
	assert_int_equal(vmguard_read_claims(&a), -ETIMEDOUT);
	assert_int_equal(vmguard_read_claims(&good), 0);
	assert_in_range(ms() - begin, GUARD_MS, 6 * GUARD_MS);
	/* He has had his share; others are looked at. */
	begin = ms();
	for (i = 0; i < 1000; i++)
		assert_int_equal(vmguard_read_claims(&a), -ETIMEDOUT);
	assert_in_range(ms() - begin, 0, GUARD_MS / 2);
	assert_int_equal(vmguard_read_claims(&good), 0);
	/* To be slow in one way is no reason to be refused the other. */
	assert_int_equal(vmguard_copy(&a, 0), -ESRCH);

	/* Another unit is another owner, another user of the same is not. */
	strcpy(b.slices, "machine.slice");
	strcpy(b.unit, "b.scope");
	begin = ms();
	assert_int_equal(vmguard_read_claims(&b), -ETIMEDOUT);
	assert_in_range(ms() - begin, GUARD_MS, 6 * GUARD_MS);
	b.uid = 3;
	begin = ms();
	assert_int_equal(vmguard_read_claims(&b), -ETIMEDOUT);
	assert_in_range(ms() - begin, 0, GUARD_MS / 2);
	c.uid = 3;
	begin = ms();
	assert_int_equal(vmguard_read_claims(&c), -ETIMEDOUT);
	assert_in_range(ms() - begin, GUARD_MS, 6 * GUARD_MS);
	/* Sessions of one user, and IDs that he may give away. */
	d = a;
	strcpy(d.slices, "user.slice/user-4.slice");
	strcpy(d.unit, "session-1.scope");
	begin = ms();
	assert_int_equal(vmguard_read_claims(&d), -ETIMEDOUT);
	assert_in_range(ms() - begin, GUARD_MS, 6 * GUARD_MS);
	e = d;
	e.uid = 100005;
	strcpy(e.unit, "session-2.scope");
	begin = ms();
	assert_int_equal(vmguard_read_claims(&e), -ETIMEDOUT);
	assert_in_range(ms() - begin, 0, GUARD_MS / 2);
	assert_int_equal(vmguard_read_claims(&good), 0);
}

/* Last: these stay. */
static void stuck(void **state)
{
	struct vm_ident ident = { .pid = SLOW_PID, .has_uid = true }, good;
	pid_t children[GUARD_MAX];
	unsigned int n = 0, i;
	long long begin;
	int ret;

	(void)state;
	assert_int_equal(vm_ident_read(&good, getpid()), 0);
	immortal = true;
	for (ident.uid = 100; ident.uid < 100 + GUARD_MAX; ident.uid++) {
		last_child = 0;
		ret = vmguard_read_claims(&ident);
		if (last_child)
			children[n++] = last_child;
		assert_int_equal(ret, last_child ? -ETIMEDOUT : -EAGAIN);
	}
	/* What the tests before have spent counts, too. */
	assert_in_range(n, 4, GUARD_MAX);
	/* So many are stuck that no more are risked; who asks is not to blame. */
	begin = ms();
	assert_int_equal(vmguard_read_claims(&good), -EAGAIN);
	assert_int_equal(vmguard_copy(&good, 0), -EAGAIN);
	assert_in_range(ms() - begin, 0, GUARD_MS / 2);
	for (i = 0; i < n; i++) {
		assert_int_equal(__real_kill(children[i], SIGKILL), 0);
		waitpid(children[i], NULL, 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(claims, start, stop),
		cmocka_unit_test_setup_teardown(copies, start, stop),
		cmocka_unit_test_setup_teardown(dead_child, start, stop),
		cmocka_unit_test_setup_teardown(slow, start, stop),
		cmocka_unit_test_setup_teardown(stuck, start, stop),
	};

	return cmocka_run_group_tests_name("vmguard", tests, NULL, NULL);
}
