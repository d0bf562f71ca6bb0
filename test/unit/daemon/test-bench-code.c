// SPDX-License-Identifier: GPL-2.0-only
/*
 * The code of the VM of `elisactl bench`, as far as a process can run it: with
 * stand-ins for a window, up to its HLT, which is a fault here.
 */
#include "test.h"

#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>

#include "bench_code.h"

#define TURNS 5
#define PER   3

static sigjmp_buf back;
static greg_t at_end[NGREG];
/* Not static: for the assembler. */
uint64_t calls, fail_at;

/* What a call leaves: status, value, and nothing else but RSP. */
void window(void);
__asm__(".pushsection .text\n"
	"window:\n"
	"	lea	(%rdi, %rsi), %rdx\n"
	"	incq	calls(%rip)\n"
	"	mov	calls(%rip), %rax\n"
	"	cmp	%rax, fail_at(%rip)\n"
	"	sete	%al\n"
	"	movzbl	%al, %eax\n"
	"	xor	%ebx, %ebx\n"
	"	xor	%ebp, %ebp\n"
	"	xor	%ecx, %ecx\n"
	"	xor	%esi, %esi\n"
	"	xor	%edi, %edi\n"
	"	xor	%r8d, %r8d\n"
	"	xor	%r9d, %r9d\n"
	"	xor	%r10d, %r10d\n"
	"	mov	$-1, %r11\n"
	"	xor	%r12d, %r12d\n"
	"	xor	%r13d, %r13d\n"
	"	xor	%r14d, %r14d\n"
	"	mov	$-1, %r15\n"
	"	ret\n"
	".popsection\n");

static void on_fault(int sig, siginfo_t *info, void *context)
{
	(void)sig;
	(void)info;
	memcpy(at_end, ((ucontext_t *)context)->uc_mcontext.gregs,
	       sizeof(at_end));
	siglongjmp(back, 1);
}

static __attribute__((noreturn, noinline)) void
enter(const void *code, uint64_t *ticks, uint64_t turns, uint64_t per)
{
	register uint64_t r12 __asm__("r12") = turns;
	register uint64_t r13 __asm__("r13") = per;

	__asm__ volatile("mov	%[window], %%rbp\n\t"
			 "jmp	*%[code]"
			 :
			 : [code] "a"(code), [window] "c"(window), "b"(ticks),
			   "r"(r12), "r"(r13)
			 : "memory");
	__builtin_unreachable();
}

/* A copy somewhere else, as in the VM; where its HLT is, and R15 there. */
static uint64_t run(const uint8_t *code, const uint8_t *end, uint64_t *ticks)
{
	uint8_t *copy = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
			     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct sigaction sa = { .sa_sigaction = on_fault,
				.sa_flags = SA_SIGINFO };
	struct sigaction old;
	uint64_t r15;

	assert_ptr_not_equal(copy, MAP_FAILED);
	memcpy(copy, code, end - code);
	assert_int_equal(mprotect(copy, 4096, PROT_READ | PROT_EXEC), 0);
	assert_int_equal(sigaction(SIGSEGV, &sa, &old), 0);
	if (!sigsetjmp(back, 1))
		enter(copy, ticks, TURNS, PER);
	sigaction(SIGSEGV, &old, NULL);
	assert_ptr_equal((uint8_t *)at_end[REG_RIP], copy + (end - code) - 1);
	assert_int_equal(end[-1], 0xf4);
	r15 = at_end[REG_R15];
	munmap(copy, 4096);
	return r15;
}

static void good_calls(void **state)
{
	uint64_t ticks[TURNS + 1];
	unsigned int i;

	(void)state;
	memset(ticks, 0, sizeof(ticks));
	calls = 0;
	fail_at = 0;
	assert_int_equal(run(bench_code_call, bench_code_call_end, ticks), 0);
	assert_int_equal(calls, TURNS * PER);
	for (i = 0; i < TURNS; i++)
		assert_in_range(ticks[i], 1, 1ULL << 40);
	assert_int_equal(ticks[TURNS], 0);
}

/* One that fails is not forgotten when those after it do not. */
static void bad_call(void **state)
{
	uint64_t ticks[TURNS];

	(void)state;
	calls = 0;
	fail_at = 4;
	assert_int_not_equal(run(bench_code_call, bench_code_call_end, ticks),
			     0);
	assert_int_equal(calls, TURNS * PER);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_calls),
		cmocka_unit_test(bad_call),
	};

	return cmocka_run_group_tests_name("bench_code", tests, NULL, NULL);
}
