// SPDX-License-Identifier: GPL-2.0-only
/*
 * full_gate: a hostile caller of an export that is trusted fully.
 *
 *	full_gate EXPORT
 *
 * Maps a page of its own at W+1 in the default context and enters the gate at
 * each offset, by VMFUNC(2), with RCX and flags that suit a LOOP.  Whatever the
 * gate does then, afterwards list[1] must be closed: VMFUNC(1), tried from
 * everywhere, must be an invalid opcode.  The calls themselves go on working.
 *
 * Prints "offsets N calls N faults N invalid N open N": how the entries ended,
 * and how often the list was open after one.
 */
#include <errno.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include <elisa/guest.h>
#include <elisa/hypercall.h>
#include <elisa/layout.h>

#define PAGE   4096
#define VMFUNC 3 /* bytes */

static sigjmp_buf back;

static void caught(int sig)
{
	(void)sig;
	siglongjmp(back, 1);
}

/*
 * As the entry stub, but jumps to @target, where a VMFUNC is, with @rcx.  The
 * return stub takes the frame apart, which is at the same place each time.
 * Returns RAX.
 */
static __attribute__((noinline)) int64_t enter(uint64_t target, uint64_t rcx)
{
	int64_t rax;

	__asm__ volatile("sub $128, %%rsp\n\t"
			 "call 1f\n\t"
			 "add $128, %%rsp\n\t"
			 "jmp 2f\n"
			 "1:\n\t"
			 "pushfq\n\tpush %%rbp\n\tpush %%rbx\n\t"
			 "stmxcsr -8(%%rsp)\n\tfnstcw -4(%%rsp)\n\t"
			 "mov %%fs:0, %%r10\n\tmov %%r10, -16(%%rsp)\n\t"
			 "xor %%r11d, %%r11d\n\t"
			 "test %%rsp, %%rsp\n\t" /* ZF = 0 */
			 "mov $0, %%eax\n\t"
			 "jmp *%%rdx\n"
			 "2:"
			 : "=a"(rax), "+d"(target), "+c"(rcx)
			 :
			 : "rsi", "rdi", "r8", "r9", "r10", "r11", "r12", "r13",
			   "r14", "r15", "memory", "cc");
	return rax;
}

/* Did VMFUNC with this index raise #UD?  1: yes; 0: it went on, or a call. */
static __attribute__((noinline)) int is_invalid(uint64_t target, uint64_t rcx,
						int64_t *rax)
{
	if (sigsetjmp(back, 1))
		return 1;
	*rax = enter(target, rcx);
	return 0;
}

/* VMFUNC at the end of what @offset begins; INT3 around it. */
static uint64_t place(uint8_t *page, unsigned int offset)
{
	static const uint8_t vmfunc[] = { 0x0f, 0x01, 0xd4 };

	memset(page, 0xcc, PAGE);
	memcpy(page + offset - VMFUNC, vmfunc, VMFUNC);
	return (uintptr_t)page + offset - VMFUNC;
}

int main(int argc, char **argv)
{
	unsigned int offset, calls = 0, faults = 0, invalid = 0, open = 0;
	const struct sigaction act = {
		.sa_handler = caught,
		.sa_flags = SA_ONSTACK,
	};
	static char stack[65536];
	const stack_t ss = { .ss_sp = stack, .ss_size = sizeof(stack) };
	struct elisa_attachment *att;
	struct elisa_entry nop;
	uint64_t ret, target;
	uint8_t *page;
	cpu_set_t cpu;
	int64_t rax;
	int err;

	if (argc != 2)
		return 2;
	/* One vCPU: the gate remembers the stack pointer of its last call. */
	CPU_ZERO(&cpu);
	CPU_SET(0, &cpu);
	sched_setaffinity(0, sizeof(cpu), &cpu);
	sigaltstack(&ss, NULL);
	sigaction(SIGILL, &act, NULL);
	sigaction(SIGSEGV, &act, NULL);
	sigaction(SIGTRAP, &act, NULL);
	err = elisa_attach(&att, argv[1], NULL, 0);
	if (!err)
		err = elisa_lookup(att, "nop", &nop);
	/* Binds an instance, so that list[1] has something to be left with. */
	if (!err)
		err = elisa_call0(&nop, &ret);
	if (err) {
		printf("no call: %s\n", strerror(-err));
		return 1;
	}
	if (!(elisa_rights(att) & ELISA_RIGHT_FULL_TRUST)) {
		puts("not trusted fully");
		return elisa_detach(att) ? 1 : 3;
	}
	/* The stub lies in the window's first page. */
	page = (uint8_t *)((uintptr_t)nop.stub & ~(PAGE - 1ul)) + PAGE;
	if (mmap(page, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) != page) {
		printf("mmap: %s\n", strerror(errno));
		return 1;
	}
	/* The stub's own; the gate knows our frame from then on. */
	if (is_invalid((uintptr_t)page - VMFUNC, ELISA_IDX_GATE, &rax) || rax) {
		puts("the stub does not work");
		return 1;
	}
	for (offset = VMFUNC; offset <= PAGE; offset++) {
		target = place(page, offset);
		rax = -1;
		if (is_invalid(target, 1ull << 32 | ELISA_IDX_GATE, &rax))
			invalid++;
		else if (!rax)
			calls++;
		else if (rax == -EFAULT)
			faults++;
		else
			printf("offset %#x: RAX %lld\n", offset,
			       (long long)rax);
		/* An exit has closed it; look after a few of those too. */
		if (!rax || offset < 64)
			open += !is_invalid(target, ELISA_IDX_SUB, &rax);
	}
	munmap(page, PAGE);
	err = elisa_call0(&nop, &ret);
	printf("offsets %u calls %u faults %u invalid %u open %u after %d\n",
	       offset - VMFUNC, calls, faults, invalid, open, err);
	err = elisa_detach(att);
	return err || open;
}
