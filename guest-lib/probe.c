// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/*
 * Finding out whether this VM has ELISA, without risk to the process.
 *
 * VMCALL raises #UD on a machine that is no VM and under hypervisors without
 * it (some others try to patch the instruction and fault on our text).  A
 * temporary signal handler would be visible to other threads, so the first
 * VMCALL is executed by a short-lived child that shares our memory but has
 * signal handlers of its own: clone() without CLONE_SIGHAND.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <elisa/guest.h>
#include <elisa/hypercall.h>

#include "hypercall.h"

#define CHILD_STACK_SIZE (128 * 1024)

/* 0: not probed yet.  Threads that race store the same value. */
static int probed_abi;

struct probe {
	int64_t answer;
};

static void child_give_up(int sig)
{
	(void)sig;
	/* Not _exit(), which sanitizers hook: the stack is not theirs. */
	syscall(SYS_exit, 1);
}

static int child_main(void *arg)
{
	static const int caught[] = { SIGILL, SIGSEGV, SIGBUS, SIGTRAP };
	struct sigaction act = { .sa_handler = child_give_up };
	struct elisa_regs regs = { 0 };
	struct probe *probe = arg;
	sigset_t set;
	size_t i;

	/* The parent has blocked every signal; let through what VMCALL raises. */
	sigemptyset(&set);
	for (i = 0; i < sizeof(caught) / sizeof(caught[0]); i++) {
		sigaction(caught[i], &act, NULL);
		sigaddset(&set, caught[i]);
	}
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	probe->answer = elisa_hypercall(ELISA_HC_VERSION, &regs);
	return 0;
}

static int probe_in_child(struct probe *probe)
{
	int rc = 0, cancel;
	sigset_t all, old;
	void *stack;
	pid_t pid;

	stack = mmap(NULL, CHILD_STACK_SIZE, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
	if (stack == MAP_FAILED)
		return -errno;
	/* waitpid() is a cancellation point; who leaves there leaves a child. */
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	/* Exit signal 0: the process's own SIGCHLD handling sees nothing. */
	pid = clone(child_main, (char *)stack + CHILD_STACK_SIZE,
		    CLONE_VM | CLONE_VFORK, probe);
	if (pid < 0)
		rc = -errno;
	else
		while (waitpid(pid, NULL, __WCLONE) < 0 && errno == EINTR)
			;
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	pthread_setcancelstate(cancel, NULL);
	munmap(stack, CHILD_STACK_SIZE);
	return rc;
}

int elisa_probe(void)
{
	struct probe probe = { .answer = -ENOSYS };
	int abi = __atomic_load_n(&probed_abi, __ATOMIC_RELAXED);
	int rc;

	if (!abi) {
		if (!elisa_vmcall_present())
			return -ENOSYS;
		rc = probe_in_child(&probe);
		if (rc < 0)
			return rc;
		if (probe.answer <= 0 || probe.answer > INT32_MAX)
			return -ENOSYS;
		abi = (int)probe.answer;
		__atomic_store_n(&probed_abi, abi, __ATOMIC_RELAXED);
	}
	return abi == ELISA_ABI_VERSION ? 0 : -EPROTONOSUPPORT;
}
