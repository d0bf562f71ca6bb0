// SPDX-License-Identifier: GPL-2.0-only
/*
 * threads: who continues a call, in a Linux process.
 *
 *	threads nested CALLS	signals interrupt calls, and their handler makes
 *				calls of its own
 *	threads other TIMES	another thread of the process resumes the call
 *	threads hang N		N threads in a call that never ends, until
 *				somebody kills the process
 *	threads wait		call until it is not -EBUSY any more
 *
 * All on the export "selftest".  Prints one line with what was counted.
 */
#include <asm/prctl.h>
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <ucontext.h>
#include <unistd.h>

#include <elisa/guest.h>
#include <elisa/hypercall.h>
#include <elisa/layout.h>

#include "selftest.h"

#define LONG_CALL    200000
#define RESUMED_CALL (2 * LONG_CALL)
#define SHORT_CALL   50

static struct elisa_entry spin, hang;
static uint64_t long_value, short_value;

/* In the AEP stub, so that a call of this thread is suspended? */
static bool is_suspended(const ucontext_t *context)
{
	uint64_t offset =
		context->uc_mcontext.gregs[REG_RIP] - ELISA_WINDOW_BASE;

	return offset < ELISA_WINDOWS * ELISA_WINDOW_SIZE &&
	       (offset & (ELISA_WINDOW_SIZE - 1)) >= ELISA_W_AEP;
}

static void on_signal(int sig, void (*handler)(int, siginfo_t *, void *))
{
	struct sigaction act = {
		.sa_sigaction = handler,
		.sa_flags = SA_SIGINFO | SA_RESTART | SA_ONSTACK,
	};

	sigaction(sig, &act, NULL);
}

static void alarm_each_ms(unsigned int ms)
{
	const struct itimerval timer = {
		.it_interval.tv_usec = ms * 1000,
		.it_value.tv_usec = ms * 1000,
	};

	setitimer(ITIMER_REAL, &timer, NULL);
}

/* --- calls in the handler of a signal that interrupted a call */

static atomic_ulong nested, wrong;

static void call_in_handler(int sig, siginfo_t *info, void *context)
{
	uint64_t value;
	int err;

	(void)sig;
	(void)info;
	do {
		err = elisa_call1(&spin, &value, SHORT_CALL);
	} while (err == -EBUSY);
	wrong += err || value != short_value;
	nested += is_suspended(context);
}

static int run_nested(unsigned long calls)
{
	uint64_t value;
	unsigned long i;
	int err;

	on_signal(SIGALRM, call_in_handler);
	alarm_each_ms(3);
	for (i = 0; i < calls; i++) {
		err = elisa_call1(&spin, &value, LONG_CALL);
		wrong += err || value != long_value;
	}
	alarm_each_ms(0);
	printf("calls %lu wrong %lu nested %lu\n", calls, wrong, nested);
	return wrong || !nested;
}

/*
 * --- one thread begins a call, another resumes it.
 *
 * The call comes back on the stack of the thread that made it, with its FS
 * base: so the second becomes the first, looks at the result, and goes back to
 * what it was.
 */

static atomic_ulong handle;
static atomic_bool finished;
static uint64_t result;
static int status;
static sigjmp_buf beginner;
static pid_t beginner_tid;
/* Where the second goes on, and with what. */
static void *helper_ip, *helper_sp;
static unsigned long helper_fs;

static long raw_syscall(long nr, unsigned long a0, unsigned long a1)
{
	long ret = nr;

	__asm__ volatile("syscall"
			 : "+a"(ret)
			 : "D"(a0), "S"(a1)
			 : "rcx", "r11", "memory");
	return ret;
}

static void hand_over(int sig, siginfo_t *info, void *arg)
{
	const ucontext_t *context = arg;

	(void)sig;
	(void)info;
	if (!is_suspended(context) || handle)
		return;
	alarm_each_ms(0);
	handle = context->uc_mcontext.gregs[REG_RDI];
	while (!finished)
		usleep(1000);
	siglongjmp(beginner, 1);
}

static __attribute__((noreturn)) void back_to_helper(void)
{
	raw_syscall(SYS_arch_prctl, ARCH_SET_FS, helper_fs);
	__asm__ volatile("mov %0, %%rsp\n\t"
			 "xor %%eax, %%eax\n\t"
			 "jmp *%1"
			 :
			 : "r"(helper_sp), "r"(helper_ip)
			 : "rax", "memory");
	__builtin_unreachable();
}

/* Whoever it is that comes back from the call. */
static __attribute__((noinline)) void begin(void)
{
	uint64_t value;
	int err = elisa_call1(&spin, &value, RESUMED_CALL);

	result = value;
	status = err;
	if (raw_syscall(SYS_gettid, 0, 0) != beginner_tid)
		back_to_helper();
}

/*
 * Not with __builtin_setjmp(): the compiler drops the landing place when it
 * sees no call that could lead there.
 */
static __attribute__((noinline)) void take_over(void)
{
	uint64_t rax, rdi;

	raw_syscall(SYS_arch_prctl, ARCH_GET_FS, (unsigned long)&helper_fs);
	do {
		rax = ELISA_HC(ELISA_HC_RESUME);
		rdi = handle;
		__asm__ volatile("lea -128(%%rsp), %%rsp\n\t"
				 "push %%rbp\n\t"
				 "push %%rbx\n\t"
				 "mov %%rsp, %[sp]\n\t"
				 "lea 1f(%%rip), %%rcx\n\t"
				 "mov %%rcx, %[ip]\n\t"
				 "vmcall\n"
				 "1:\n\t"
				 "pop %%rbx\n\t"
				 "pop %%rbp\n\t"
				 "lea 128(%%rsp), %%rsp"
				 : "+a"(rax), "+D"(rdi), [sp] "=m"(helper_sp),
				   [ip] "=m"(helper_ip)
				 :
				 : "memory", "cc", "rcx", "rdx", "rsi", "r8",
				   "r9", "r10", "r11", "r12", "r13", "r14",
				   "r15");
	} while ((int64_t)rax == -EAGAIN);
	/* Otherwise begin() has set it. */
	if (rax)
		status = (int)rax;
}

static void *helper(void *arg)
{
	sigset_t all;

	(void)arg;
	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, NULL);
	while (!handle)
		usleep(1000);
	take_over();
	finished = true;
	return NULL;
}

static int run_other(unsigned long times)
{
	volatile unsigned long i, bad = 0, other = 0;
	uint64_t value = selftest_spin(RESUMED_CALL), again;
	stack_t stack = { .ss_sp = malloc(65536), .ss_size = 65536 };
	pthread_t thread;

	beginner_tid = raw_syscall(SYS_gettid, 0, 0);
	sigaltstack(&stack, NULL);
	on_signal(SIGALRM, hand_over);
	for (i = 0; i < times; i++) {
		handle = 0;
		finished = false;
		result = 0;
		status = 1;
		if (pthread_create(&thread, NULL, helper, NULL))
			return 1;
		if (!sigsetjmp(beginner, 1)) {
			alarm_each_ms(3);
			begin();
			alarm_each_ms(0);
			handle = 1; /* nothing came: -ENOLINK */
		} else {
			other++;
		}
		pthread_join(thread, NULL);
		bad += status || result != value;
		bad += elisa_call1(&spin, &again, SHORT_CALL) ||
		       again != short_value;
	}
	printf("calls %lu wrong %lu\n", other, bad);
	return bad || other != times;
}

/* --- for ever */

static void *hang_thread(void *arg)
{
	uint64_t value;

	(void)arg;
	printf("hang: %d\n", elisa_call0(&hang, &value));
	return NULL;
}

static int run_hang(unsigned long threads)
{
	pthread_t thread;

	while (threads--)
		if (pthread_create(&thread, NULL, hang_thread, NULL))
			return 1;
	pthread_join(thread, NULL);
	return 1;
}

static int run_wait(void)
{
	unsigned long busy = 0;
	uint64_t value;
	int err;

	while ((err = elisa_call1(&spin, &value, SHORT_CALL)) == -EBUSY) {
		busy++;
		usleep(100000);
	}
	printf("status %d busy %s\n", err,
	       busy > 10 ? "long" :
	       busy	 ? "short" :
			   "no");
	return err || value != short_value;
}

int main(int argc, char **argv)
{
	unsigned long n = argc > 2 ? strtoul(argv[2], NULL, 10) : 1;
	struct elisa_attachment *att;
	int err;

	if (argc < 2)
		return 2;
	err = elisa_attach(&att, SELFTEST_EXPORT, NULL, 0);
	if (!err)
		err = elisa_lookup(att, "spin", &spin);
	if (!err)
		err = elisa_lookup(att, "hang", &hang);
	if (err) {
		fprintf(stderr, "threads: %s\n", strerror(-err));
		return 1;
	}
	long_value = selftest_spin(LONG_CALL);
	short_value = selftest_spin(SHORT_CALL);
	if (!strcmp(argv[1], "nested"))
		err = run_nested(n);
	else if (!strcmp(argv[1], "other"))
		err = run_other(n);
	else if (!strcmp(argv[1], "hang"))
		err = run_hang(n);
	else
		err = run_wait();
	return elisa_detach(att) || err;
}
