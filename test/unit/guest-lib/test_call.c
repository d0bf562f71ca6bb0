// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/*
 * The inline call and the stubs, with a fake gate: the entry stub's VMFUNC is
 * patched to NOPs, so execution runs on into page W+1, which here holds code
 * that notes all registers, spoils all of them, and jumps to the return stub.
 * That is what a call through the module looks like from outside.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <ucontext.h>

#include <cmocka.h>

#include <elisa/guest.h>
#include <elisa/layout.h>

#include "mock_vmcall.h"
#include "window.h"

#define W ELISA_WINDOW(9)

/* Registers as the fake gate found them. */
struct seen {
	uint64_t rdi, rsi, rdx, r10, r8, r9, r11, rcx, rax, rsp;
};

/* What the fake gate does. */
struct control {
	struct seen seen;
	uint64_t status;  /* RAX at the return stub */
	uint64_t value;	  /* RDX there */
	uint64_t target;  /* where it jumps */
	uint64_t handle;  /* RDI there */
	uint64_t others;  /* found: all registers that are no arguments */
	uint64_t zero_fs; /* null FS and its base */
};

extern const unsigned char fake_gate[], fake_gate_end[];
extern struct control fake_control;

__asm__(".pushsection .text\n"
	"fake_gate:\n\t"
	"lea	-128(%rsp), %rsp\n\t"
	"push	%r15\n\t"
	"or	%rbx, %r15\n\tor	%rbp, %r15\n\tor	%r12, %r15\n\t"
	"or	%r13, %r15\n\tor	%r14, %r15\n\t"
	"mov	%r15, %rbx\n\t"
	"movabs	$fake_control, %r15\n\t"
	"mov	%rbx, 112(%r15)\n\t"
	"mov	%rdi, 0(%r15)\n\t"
	"mov	%rsi, 8(%r15)\n\t"
	"mov	%rdx, 16(%r15)\n\t"
	"mov	%r10, 24(%r15)\n\t"
	"mov	%r8, 32(%r15)\n\t"
	"mov	%r9, 40(%r15)\n\t"
	"mov	%r11, 48(%r15)\n\t"
	"mov	%rcx, 56(%r15)\n\t"
	"mov	%rax, 64(%r15)\n\t"
	"lea	136(%rsp), %rax\n\t"
	"mov	%rax, 72(%r15)\n\t"
	/* Exceptions unmasked would fire at once, so spoil the rounding. */
	"movl	$0x7f80, (%rsp)\n\t"
	"ldmxcsr (%rsp)\n\t"
	"movl	$0xf7f, (%rsp)\n\t"
	"fldcw	(%rsp)\n\t"
	"fldz\n\tfldz\n\tfldz\n\tfldz\n\tfldz\n\tfldz\n\tfldz\n\tfldz\n\t"
	"mov	$-1, %rbx\n\t"
	"movq	%rbx, %xmm0\n\t"
	"punpcklqdq %xmm0, %xmm0\n\t"
	"movdqa	%xmm0, %xmm1\n\tmovdqa	%xmm0, %xmm2\n\t"
	"movdqa	%xmm0, %xmm3\n\tmovdqa	%xmm0, %xmm4\n\t"
	"movdqa	%xmm0, %xmm5\n\tmovdqa	%xmm0, %xmm6\n\t"
	"movdqa	%xmm0, %xmm7\n\tmovdqa	%xmm0, %xmm8\n\t"
	"movdqa	%xmm0, %xmm9\n\tmovdqa	%xmm0, %xmm10\n\t"
	"movdqa	%xmm0, %xmm11\n\tmovdqa	%xmm0, %xmm12\n\t"
	"movdqa	%xmm0, %xmm13\n\tmovdqa	%xmm0, %xmm14\n\t"
	"movdqa	%xmm0, %xmm15\n\t"
	"mov	%rbx, %rcx\n\tmov	%rbx, %rsi\n\t"
	"mov	%rbx, %rbp\n\tmov	%rbx, %r8\n\t"
	"mov	%rbx, %r9\n\tmov	%rbx, %r11\n\t"
	"mov	%rbx, %r12\n\tmov	%rbx, %r13\n\t"
	"mov	%rbx, %r14\n\t"
	"cmpq	$0, 120(%r15)\n\t"
	"je	1f\n\t"
	"xor	%eax, %eax\n\tmov	%eax, %fs\n"
	"1:\n\t"
	"mov	80(%r15), %rax\n\t"
	"mov	88(%r15), %rdx\n\t"
	"mov	96(%r15), %r10\n\t"
	"mov	104(%r15), %rdi\n\t"
	"mov	%rbx, %r15\n\t"
	"lea	136(%rsp), %rsp\n\t"
	"cmp	%rax, %rax\n\t"
	"std\n\t"
	"jmp	*%r10\n"
	"fake_gate_end:\n"
	".popsection\n"
	".pushsection .bss\n"
	".balign 8\n"
	"fake_control: .zero 128\n"
	".popsection\n");

static struct elisa_entry entry;
static uint64_t interrupted;

static void patch(uint64_t addr, const void *bytes, size_t n)
{
	unsigned char *page = (unsigned char *)(addr & ~0xfffULL);

	assert_int_equal(mprotect(page, 4096, PROT_READ | PROT_WRITE), 0);
	memcpy((void *)addr, bytes, n);
	assert_int_equal(mprotect(page, 4096, PROT_READ | PROT_EXEC), 0);
}

static int setup_window(bool is_full)
{
	if (elisa_window_map(W, is_full, &interrupted))
		return -1;
	patch(W + ELISA_W_GATE - 3, "\x90\x90\x90", 3);
	patch(W + ELISA_W_GATE, fake_gate, fake_gate_end - fake_gate);
	memset(&fake_control, 0, sizeof(fake_control));
	fake_control.target = W + ELISA_W_RETURN;
	entry.stub = elisa_window_stub(W, is_full);
	entry.index = 77;
	interrupted = 0;
	return 0;
}

static int setup(void **state)
{
	(void)state;
	return setup_window(false);
}

static int setup_full(void **state)
{
	(void)state;
	return setup_window(true);
}

static int teardown(void **state)
{
	(void)state;
	elisa_window_unmap(W);
	return 0;
}

static void arguments_and_value(void **state)
{
	uint64_t ret = 0;

	(void)state;
	fake_control.value = 0x123456789abcdef0;
	assert_int_equal(elisa_call6(&entry, &ret, 10, 11, 12, 13, 14, 15), 0);
	assert_true(ret == 0x123456789abcdef0);
	assert_int_equal(fake_control.seen.rdi, 10);
	assert_int_equal(fake_control.seen.rsi, 11);
	assert_int_equal(fake_control.seen.rdx, 12);
	assert_int_equal(fake_control.seen.r10, 13);
	assert_int_equal(fake_control.seen.r8, 14);
	assert_int_equal(fake_control.seen.r9, 15);
	assert_int_equal(fake_control.seen.r11, 77);
	assert_int_equal(fake_control.seen.rcx, ELISA_IDX_GATE);
	assert_int_equal(fake_control.seen.rax, 0);
	assert_int_equal(entry.index, 77);
	/* Nothing else of the caller is shown to the export. */
	assert_true(fake_control.others == 0);
}

static void fs_base_survives(void **state)
{
	uint64_t ret;

	(void)state;
	if (!(getauxval(AT_HWCAP2) & 2)) {
		print_message("skipped: no FSGSBASE\n");
		skip();
	}
	fake_control.zero_fs = 1;
	fake_control.value = 5;
	/* Whatever comes next uses thread-local storage, errno at the least. */
	assert_int_equal(elisa_call0(&entry, &ret), 0);
	errno = 7;
	assert_int_equal(errno, 7);
	assert_int_equal(ret, 5);
}

static void fewer_arguments(void **state)
{
	uint64_t ret;

	(void)state;
	assert_int_equal(elisa_call5(&entry, &ret, 1, 2, 3, 4, 5), 0);
	assert_int_equal(fake_control.seen.r8, 5);
	assert_int_equal(fake_control.seen.r9, 0);
	assert_int_equal(elisa_call4(&entry, &ret, 1, 2, 3, 4), 0);
	assert_int_equal(fake_control.seen.r10, 4);
	assert_int_equal(fake_control.seen.r8, 0);
	assert_int_equal(elisa_call3(&entry, &ret, 1, 2, 3), 0);
	assert_int_equal(fake_control.seen.rdx, 3);
	assert_int_equal(fake_control.seen.r10, 0);
	assert_int_equal(elisa_call2(&entry, &ret, 1, 2), 0);
	assert_int_equal(fake_control.seen.rsi, 2);
	assert_int_equal(fake_control.seen.rdx, 0);
	assert_int_equal(elisa_call1(&entry, &ret, 1), 0);
	assert_int_equal(fake_control.seen.rdi, 1);
	assert_int_equal(fake_control.seen.rsi, 0);
	assert_int_equal(elisa_call0(&entry, &ret), 0);
	assert_int_equal(fake_control.seen.rdi, 0);
}

static void errors(void **state)
{
	uint64_t ret;

	(void)state;
	/* EAX counts, whatever is above it. */
	fake_control.status = (uint32_t)-EFAULT;
	fake_control.value = ELISA_FAULT_KIND_VECTOR | 6 << 8;
	assert_int_equal(elisa_call0(&entry, &ret), -EFAULT);
	assert_int_equal(ELISA_FAULT_CODE(ret), 6);
	fake_control.status = (uint64_t)-EBUSY;
	assert_int_equal(elisa_call0(&entry, &ret), -EBUSY);
}

/* Much that is live across a call, in all kinds of registers. */
static __attribute__((noinline)) uint64_t busy(uint64_t n)
{
	uint64_t a = n + 1, b = n * 3, c = n ^ 0x55, d = ~n, e = n << 7;
	double f = (double)n / 3, g = (double)n * 1.5;
	long double h = (long double)n / 7;
	uint64_t ret;

	__asm__ volatile("" : "+r"(a), "+r"(b), "+r"(c), "+r"(d), "+r"(e));
	__asm__ volatile("" : "+x"(f), "+x"(g));
	__asm__ volatile("" : "+t"(h));
	elisa_call2(&entry, &ret, a, b);
	__asm__ volatile("" : "+r"(a), "+r"(b), "+r"(c), "+r"(d), "+r"(e));
	__asm__ volatile("" : "+t"(h));
	return a + b * 3 + c * 5 + d * 7 + e * 11 + ret + (uint64_t)(f * 1000) +
	       (uint64_t)(g * 1000) + (uint64_t)(h * 1000);
}

static uint64_t busy_expected(uint64_t n, uint64_t ret)
{
	volatile double third = (double)n / 3, more = (double)n * 1.5;
	volatile long double seventh = (long double)n / 7;

	return (n + 1) + n * 3 * 3 + (n ^ 0x55) * 5 + ~n * 7 + (n << 7) * 11 +
	       ret + (uint64_t)(third * 1000) + (uint64_t)(more * 1000) +
	       (uint64_t)(seventh * 1000);
}

static void registers_survive(void **state)
{
	uint64_t n;

	(void)state;
	fake_control.value = 99;
	for (n = 0; n < 100; n++)
		assert_true(busy(n) == busy_expected(n, 99));
}

/*
 * A leaf function, the call being inline: the compiler keeps its variables below
 * RSP.
 */
static __attribute__((noinline, flatten)) uint64_t leaf(uint64_t n)
{
	volatile uint64_t v[12];
	uint64_t ret, sum = 0;
	unsigned int i;

	for (i = 0; i < 12; i++)
		v[i] = n + i;
	elisa_call0(&entry, &ret);
	for (i = 0; i < 12; i++)
		sum += v[i];
	return sum;
}

static void red_zone_survives(void **state)
{
	(void)state;
	assert_int_equal(leaf(1000), 12 * 1000 + 66);
}

static void control_registers_survive(void **state)
{
	uint32_t mxcsr, set = 0x3f80, mxcsr2;
	uint16_t cw, cw2, set_cw = 0x27f, tag;
	uint64_t flags, ret;
	unsigned char env[28];

	(void)state;
	__asm__ volatile("stmxcsr %0\n\tfnstcw %1" : "=m"(mxcsr), "=m"(cw));
	__asm__ volatile("ldmxcsr %0\n\tfldcw %1" : : "m"(set), "m"(set_cw));
	elisa_call0(&entry, &ret);
	__asm__ volatile("pushfq\n\tpop %0" : "=r"(flags));
	__asm__ volatile("stmxcsr %0\n\tfnstcw %1" : "=m"(mxcsr2), "=m"(cw2));
	__asm__ volatile("fnstenv %0" : "=m"(env));
	__asm__ volatile("ldmxcsr %0\n\tfldcw %1" : : "m"(mxcsr), "m"(cw));
	memcpy(&tag, env + 8, 2);
	assert_int_equal(mxcsr2, set);
	assert_int_equal(cw2, set_cw);
	assert_int_equal(tag, 0xffff); /* x87 stack is empty */
	assert_false(flags & 0x400);   /* DF */
}

/* RESUME, as SIGTRAP handler: VMCALL in the AEP stub is patched to INT3. */
static unsigned int resumes;
static int64_t resume_answer[4];
static uint64_t resume_rax[4], resume_rdi[4], resume_rsp[4];

static void on_trap(int sig, siginfo_t *info, void *context)
{
	greg_t *regs = ((ucontext_t *)context)->uc_mcontext.gregs;

	(void)sig;
	(void)info;
	if (resumes < 4) {
		resume_rax[resumes] = (uint64_t)regs[REG_RAX];
		resume_rdi[resumes] = (uint64_t)regs[REG_RDI];
		resume_rsp[resumes] = (uint64_t)regs[REG_RSP];
		regs[REG_RAX] = resume_answer[resumes];
		regs[REG_RDI] = 0xbad;
	}
	resumes++;
}

/* RESUME traps. */
static void patch_resume(void)
{
	unsigned char *vmcall;

	vmcall = memmem((void *)(W + ELISA_W_AEP), 64, "\x0f\x01\xc1", 3);
	assert_non_null(vmcall);
	patch((uint64_t)vmcall, "\xcc\x90\x90", 3);
}

static void asynchronous_exit(void **state)
{
	struct sigaction act = { .sa_sigaction = on_trap,
				 .sa_flags = SA_SIGINFO },
			 old;
	uint64_t ret;

	(void)state;
	patch_resume();
	resumes = 0;
	fake_control.target = W + ELISA_W_AEP;
	fake_control.handle = 0xfeedfacecafebeef;
	fake_control.value = 0;
	resume_answer[0] = -EAGAIN;
	resume_answer[1] = -EAGAIN;
	resume_answer[2] = -ENOLINK;
	sigaction(SIGTRAP, &act, &old);
	assert_int_equal(elisa_call0(&entry, &ret), -ENOLINK);
	sigaction(SIGTRAP, &old, NULL);
	assert_int_equal(resumes, 3);
	assert_int_equal(interrupted, 1);
	assert_int_equal(resume_rax[0], ELISA_HC(ELISA_HC_RESUME));
	assert_int_equal(resume_rax[2], ELISA_HC(ELISA_HC_RESUME));
	assert_true(resume_rdi[0] == 0xfeedfacecafebeef);
	assert_true(resume_rdi[1] == 0xfeedfacecafebeef);
	assert_true(resume_rdi[2] == 0xfeedfacecafebeef);
	assert_true(resume_rsp[0] == fake_control.seen.rsp);
	assert_true(resume_rsp[2] == fake_control.seen.rsp);
}

/* A signal arrives while a call is suspended; its handler calls as well. */
static uint64_t nested_ret;
static int nested_err;

static void on_nested(int sig, siginfo_t *info, void *context)
{
	greg_t *regs = ((ucontext_t *)context)->uc_mcontext.gregs;
	const struct control outer = fake_control;

	(void)sig;
	(void)info;
	fake_control.target = W + ELISA_W_RETURN;
	fake_control.value = 4711;
	nested_err = elisa_call2(&entry, &nested_ret, 1, 2);
	fake_control = outer;
	/* The suspended call ends. */
	regs[REG_RAX] = 0;
	regs[REG_RDX] = 99;
}

static void call_in_signal_handler(void **state)
{
	struct sigaction act = { .sa_sigaction = on_nested,
				 .sa_flags = SA_SIGINFO },
			 old;

	(void)state;
	patch_resume();
	fake_control.target = W + ELISA_W_AEP;
	sigaction(SIGTRAP, &act, &old);
	errno = 1234;
	nested_ret = 0;
	nested_err = -1;
	assert_int_equal(leaf(2000), 12 * 2000 + 66);
	assert_int_equal(nested_err, 0);
	assert_int_equal(nested_ret, 4711);
	nested_ret = 0;
	assert_true(busy(7) == busy_expected(7, 99));
	assert_int_equal(nested_ret, 4711);
	assert_int_equal(errno, 1234);
	assert_int_equal(interrupted, 2);
	sigaction(SIGTRAP, &old, NULL);
}

/* A thread that is to be cancelled makes its call to the end. */
static void *call_cancelled(void *arg)
{
	uint64_t ret;

	pthread_cancel(pthread_self());
	*(int *)arg = elisa_call0(&entry, &ret) ? -1 : (int)ret;
	pthread_testcancel();
	return NULL;
}

static void no_cancellation_point(void **state)
{
	pthread_t thread;
	int got = 0;
	void *ret;

	(void)state;
	fake_control.value = 31;
	assert_int_equal(pthread_create(&thread, NULL, call_cancelled, &got),
			 0);
	assert_int_equal(pthread_join(thread, &ret), 0);
	assert_int_equal(got, 31);
	assert_ptr_equal(ret, PTHREAD_CANCELED);
}

/* The functions that other languages use, see inline.c. */
int foreign_call6(const struct elisa_entry *entry, uint64_t *ret, uint64_t a0,
		  uint64_t a1, uint64_t a2, uint64_t a3, uint64_t a4,
		  uint64_t a5) __asm__("elisa_call6");
int foreign_call1(const struct elisa_entry *entry, uint64_t *ret,
		  uint64_t a0) __asm__("elisa_call1");

static void other_languages(void **state)
{
	uint64_t ret;

	(void)state;
	fake_control.value = 17;
	assert_int_equal(foreign_call6(&entry, &ret, 1, 2, 3, 4, 5, 6), 0);
	assert_int_equal(ret, 17);
	assert_int_equal(fake_control.seen.rdi, 1);
	assert_int_equal(fake_control.seen.r10, 4);
	assert_int_equal(fake_control.seen.r9, 6);
	assert_int_equal(foreign_call1(&entry, &ret, 8), 0);
	assert_int_equal(fake_control.seen.rdi, 8);
	assert_int_equal(fake_control.seen.r9, 0);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(arguments_and_value),
		TEST(fewer_arguments),
		TEST(errors),
		TEST(registers_survive),
		cmocka_unit_test_setup_teardown(registers_survive, setup_full,
						teardown),
		TEST(red_zone_survives),
		TEST(control_registers_survive),
		TEST(fs_base_survives),
		TEST(asynchronous_exit),
		TEST(call_in_signal_handler),
		TEST(no_cancellation_point),
		TEST(other_languages),
	};

	return cmocka_run_group_tests_name("call", tests, NULL, NULL);
}
