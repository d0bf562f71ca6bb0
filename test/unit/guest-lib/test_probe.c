// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include <elisa/guest.h>
#include <elisa/manager.h>

#include "mock_vmcall.h"

static volatile sig_atomic_t signals;

static void count(int sig)
{
	(void)sig;
	signals++;
}

/*
 * The library remembers a successful probe, so each case runs in a process of
 * its own.  Exit status: -errno of the probe, or 200 if the process noticed
 * anything of it.
 */
static int probe_on(enum mock_cpu cpu)
{
	int status;
	pid_t pid;

	pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		struct sigaction act = { .sa_handler = count }, old;
		int rc;

		mock_reset();
		mock.cpu = cpu;
		sigaction(SIGCHLD, &act, NULL);
		sigaction(SIGILL, &act, NULL);
		rc = elisa_probe();
		sigaction(SIGILL, NULL, &old);
		if (signals || old.sa_handler != count)
			_exit(200);
		if (waitpid(-1, NULL, WNOHANG | __WALL) != -1 ||
		    errno != ECHILD)
			_exit(201);
		if (!rc && (elisa_probe() || mock.calls != 1))
			_exit(202);
		_exit(-rc);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void answers(void **state)
{
	(void)state;
	assert_int_equal(probe_on(MOCK_ELISA), 0);
	assert_int_equal(probe_on(MOCK_NO_VM), ENOSYS);
	assert_int_equal(probe_on(MOCK_KVM_USER), ENOSYS);
	assert_int_equal(probe_on(MOCK_KVM_KERNEL), ENOSYS);
	assert_int_equal(probe_on(MOCK_OTHER_ABI), EPROTONOSUPPORT);
}

static void survives_faults(void **state)
{
	(void)state;
	assert_int_equal(probe_on(MOCK_SIGILL), ENOSYS);
	assert_int_equal(probe_on(MOCK_SIGSEGV), ENOSYS);
}

/* Every function that has a cancellation point of the C library inside. */
static void *cancelled(void *arg)
{
	struct elisa_attachment *att;
	struct elisa_image *image;
	sigset_t mask;
	int *step = arg;

	pthread_cancel(pthread_self());
	if (elisa_probe())
		return NULL;
	*step = 1;
	pthread_sigmask(SIG_SETMASK, NULL, &mask);
	if (sigismember(&mask, SIGTERM))
		return NULL;
	*step = 2;
	if (elisa_image_load(&image, "/proc/self/exe", NULL, 0) >= 0)
		return NULL;
	*step = 3;
	if (elisa_attach(&att, "a", NULL, 0) || elisa_detach(att))
		return NULL;
	*step = 4;
	pthread_testcancel();
	return NULL;
}

static void no_cancellation_points(void **state)
{
	int status;
	pid_t pid;

	(void)state;
	pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		pthread_t thread;
		int step = 0;
		void *ret;

		mock_reset();
		if (pthread_create(&thread, NULL, cancelled, &step) ||
		    pthread_join(thread, &ret) || step != 4)
			_exit(step + 1);
		if (waitpid(-1, NULL, WNOHANG | __WALL) != -1)
			_exit(101);
		_exit(ret == PTHREAD_CANCELED ? 0 : 100);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void not_here(void **state)
{
	struct elisa_attachment *att;

	(void)state;
	mock_reset();
	mock.cpu = MOCK_SIGILL;
	assert_int_equal(elisa_attach(&att, "name", NULL, 0), -ENOSYS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(answers),
		cmocka_unit_test(survives_faults),
		cmocka_unit_test(no_cancellation_points),
		cmocka_unit_test(not_here),
	};

	return cmocka_run_group_tests_name("probe", tests, NULL, NULL);
}
