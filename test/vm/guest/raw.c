// SPDX-License-Identifier: GPL-2.0-only
/*
 * raw: the bare instructions, from a guest process.
 *
 *	raw vmcall NR     prints RAX after VMCALL with ELISA_HC(NR)
 *	raw vmfunc INDEX  prints "ok" or the signal after VMFUNC leaf 0
 *	raw desc N        executes SIDT, SGDT and STR N times, prints "ok"
 */
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <elisa/hypercall.h>

static sigjmp_buf back;

static void caught(int sig)
{
	siglongjmp(back, sig);
}

static void descriptor_tables(void)
{
	unsigned char idtr[10], gdtr[10];
	uint16_t tr;

	__asm__ volatile("sidt %0\n\tsgdt %1\n\tstr %2"
			 : "=m"(idtr), "=m"(gdtr), "=r"(tr));
}

int main(int argc, char **argv)
{
	uint64_t rax, rdi = 0, rsi = 0, rdx = 0;
	struct sigaction act = { .sa_handler = caught };
	int sig;

	if (argc != 3)
		return 2;
	sigaction(SIGILL, &act, NULL);
	sigaction(SIGSEGV, &act, NULL);
	sig = sigsetjmp(back, 1);
	if (sig) {
		puts(sig == SIGILL ? "SIGILL" : "SIGSEGV");
		return 0;
	}
	rax = strtoul(argv[2], NULL, 0);
	if (!strcmp(argv[1], "vmcall")) {
		rax = ELISA_HC(rax);
		__asm__ volatile("vmcall"
				 : "+a"(rax), "+D"(rdi), "+S"(rsi), "+d"(rdx)
				 :
				 : "memory");
		printf("%lld\n", (long long)rax);
	} else if (!strcmp(argv[1], "desc")) {
		while (rax--)
			descriptor_tables();
		puts("ok");
	} else {
		__asm__ volatile("xor %%eax, %%eax; vmfunc"
				 :
				 : "c"((uint32_t)rax)
				 : "rax", "memory");
		puts("ok");
	}
	return 0;
}
