// SPDX-License-Identifier: GPL-2.0-only
/*
 * junk [SEED]: an unprivileged guest process executes VMCALL with every number
 * and junk in all registers.
 *
 * Nothing may succeed but VERSION, and nothing may change but the registers
 * that carry results: not the privilege level, IOPL or IF, no other register.
 * Prints "N hypercalls, N wrong".
 */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <elisa/hypercall.h>

#define NOBODY	   65534
#define KVM_ENOSYS 1000
#define FLAGS_IF   0x200
#define FLAGS_IOPL 0x3000

struct regs {
	uint64_t rax, rbx, rcx, rdx, rsi, rdi, rbp, r[8];
};

static uint64_t rng;
static unsigned long calls, wrong;

static uint64_t rnd(void)
{
	rng ^= rng >> 12;
	rng ^= rng << 25;
	rng ^= rng >> 27;
	return rng * 0x2545f4914f6cdd1d;
}

/* VMCALL with all of @r, which is then what came back. */
static void vmcall(struct regs *r)
{
	/* Below the red zone. */
	__asm__ volatile("lea -128(%%rsp), %%rsp\n\t"
			 "push %%rbp\n\t"
			 "push %%rbx\n\t"
			 "push %0\n\t"
			 "mov %0, %%rax\n\t"
			 "mov 8(%%rax), %%rbx\n\t"
			 "mov 16(%%rax), %%rcx\n\t"
			 "mov 24(%%rax), %%rdx\n\t"
			 "mov 32(%%rax), %%rsi\n\t"
			 "mov 40(%%rax), %%rdi\n\t"
			 "mov 48(%%rax), %%rbp\n\t"
			 "mov 56(%%rax), %%r8\n\t"
			 "mov 64(%%rax), %%r9\n\t"
			 "mov 72(%%rax), %%r10\n\t"
			 "mov 80(%%rax), %%r11\n\t"
			 "mov 88(%%rax), %%r12\n\t"
			 "mov 96(%%rax), %%r13\n\t"
			 "mov 104(%%rax), %%r14\n\t"
			 "mov 112(%%rax), %%r15\n\t"
			 "mov (%%rax), %%rax\n\t"
			 "vmcall\n\t"
			 "xchg %%rax, (%%rsp)\n\t"
			 "mov %%rbx, 8(%%rax)\n\t"
			 "mov %%rcx, 16(%%rax)\n\t"
			 "mov %%rdx, 24(%%rax)\n\t"
			 "mov %%rsi, 32(%%rax)\n\t"
			 "mov %%rdi, 40(%%rax)\n\t"
			 "mov %%rbp, 48(%%rax)\n\t"
			 "mov %%r8, 56(%%rax)\n\t"
			 "mov %%r9, 64(%%rax)\n\t"
			 "mov %%r10, 72(%%rax)\n\t"
			 "mov %%r11, 80(%%rax)\n\t"
			 "mov %%r12, 88(%%rax)\n\t"
			 "mov %%r13, 96(%%rax)\n\t"
			 "mov %%r14, 104(%%rax)\n\t"
			 "mov %%r15, 112(%%rax)\n\t"
			 "pop %%rbx\n\t"
			 "mov %%rbx, (%%rax)\n\t"
			 "pop %%rbx\n\t"
			 "pop %%rbp\n\t"
			 "lea 128(%%rsp), %%rsp"
			 : "+D"(r)
			 :
			 : "rax", "rcx", "rdx", "rsi", "r8", "r9", "r10", "r11",
			   "r12", "r13", "r14", "r15", "memory", "cc");
}

static int unprivileged(void)
{
	uint64_t flags, cs;

	__asm__ volatile("pushfq\n\tpop %0\n\tmov %%cs, %1"
			 : "=r"(flags), "=r"(cs));
	return (cs & 3) == 3 && flags & FLAGS_IF && !(flags & FLAGS_IOPL);
}

static void complain(const struct regs *in, const struct regs *out)
{
	if (wrong++ < 10)
		printf("VMCALL %#llx returned %#llx\n",
		       (unsigned long long)in->rax,
		       (unsigned long long)out->rax);
}

static void try(const struct regs *in)
{
	int64_t rax;
	struct regs out = *in, same;

	vmcall(&out);
	calls++;
	rax = out.rax;
	same = out;
	same.rax = in->rax;
	if (in->rax == ELISA_HC(ELISA_HC_VERSION)) {
		same.rdi = in->rdi;
		same.rsi = in->rsi;
		if (rax != ELISA_ABI_VERSION)
			complain(in, &out);
	} else if (rax >= 0 || (rax < -4095)) {
		complain(in, &out);
	}
	if (memcmp(&same, in, sizeof(same)) || !unprivileged())
		complain(in, &out);
}

/* Numbers that hardly ever are what they are meant to be. */
static uint64_t some_junk(unsigned int kind)
{
	static const uint64_t edge[] = {
		0,
		1,
		4096,
		~0ULL,
		1ULL << 63,
		0x7fffffffffff,
		1ULL << 47,
		0xffffffff81000000,
		0x3e0000000000,
		0x3e0000001000,
		0xfee00000,
	};

	switch (kind) {
	case 0:
		return 0;
	case 1:
		return ~0ULL;
	case 2:
		return edge[(rnd() >> 32) % (sizeof(edge) / sizeof(edge[0]))];
	case 3:
		return (rnd() >> 32) & ~0xfffULL;
	default:
		return rnd();
	}
}

static void try_number(uint64_t rax)
{
	struct regs in;
	uint64_t *word = (uint64_t *)&in;
	unsigned int kind, i;

	for (kind = 0; kind < 8; kind++) {
		for (i = 0; i < sizeof(in) / sizeof(*word); i++)
			word[i] = some_junk(kind);
		in.rax = rax;
		try(&in);
	}
}

int main(int argc, char **argv)
{
	unsigned int nr;

	rng = (argc > 1 ? strtoull(argv[1], NULL, 0) : 1) * 0x9e3779b97f4a7c15;
	rng |= 1;
	if (setgid(NOBODY) || setuid(NOBODY))
		return 2;
	for (nr = 0; nr < 256; nr++) {
		/* Ours; KVM's own numbers; ours with bits above. */
		try_number(ELISA_HC(nr));
		try_number(nr);
		try_number(rnd() << 32 | ELISA_HC(nr));
	}
	printf("%lu hypercalls, %lu wrong\n", calls, wrong);
	return wrong != 0;
}
