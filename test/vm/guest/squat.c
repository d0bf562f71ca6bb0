// SPDX-License-Identifier: GPL-2.0-only
/*
 * squat SLOT: a process that never attached, with a window of its own making
 * at the place of one that has been given back.
 *
 * It executes VMFUNC with many indices, then calls through the window by the
 * stub's own bytes, and by variants of them that the gate does not expect.
 * Prints a line for each, "NAME: RESULT": a signal, or what EAX was where a
 * call returns.
 */
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <elisa/hypercall.h>
#include <elisa/layout.h>

static uint8_t *window;

/* In a child, because most of it ends in a signal. */
static void try(const char *name, int64_t (*fn)(uint64_t), uint64_t arg)
{
	int status;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (!pid) {
		alarm(20);
		printf("%s: %lld\n", name, (long long)fn(arg));
		fflush(stdout);
		_exit(0);
	}
	waitpid(pid, &status, 0);
	if (WIFSIGNALED(status))
		printf("%s: SIG%s\n", name, sigabbrev_np(WTERMSIG(status)));
}

static int64_t vmfunc(uint64_t index)
{
	__asm__ volatile("xor %%eax, %%eax; vmfunc"
			 :
			 : "c"((uint32_t)index)
			 : "rax", "memory");
	return 0;
}

static int64_t vmfunc_leaf(uint64_t leaf)
{
	__asm__ volatile("vmfunc" : : "a"((uint32_t)leaf), "c"(2) : "memory");
	return 0;
}

/* Calls the bytes at @offset of the window. */
static int64_t enter(uint64_t offset)
{
	uint64_t rax = 0, rcx = ELISA_IDX_GATE;

	__asm__ volatile("lea -128(%%rsp), %%rsp\n\t"
			 "call *%2\n\t"
			 "lea 128(%%rsp), %%rsp"
			 : "+a"(rax), "+c"(rcx)
			 : "D"(window + offset)
			 : "rbx", "rdx", "rsi", "r8", "r9", "r10", "r11", "r12",
			   "r13", "r14", "r15", "memory", "cc");
	return (int32_t)rax;
}

int main(int argc, char **argv)
{
	static const uint8_t entry[] = {
		0xb9, ELISA_IDX_GATE, 0, 0, 0, 0x31, 0xc0, 0x0f, 0x01, 0xd4,
	};
	static const uint8_t bare[] = { 0x0f, 0x01, 0xd4 };
	unsigned int slot = argc > 1 ? atoi(argv[1]) : 0;

	if (slot >= ELISA_WINDOWS)
		return 2;
	window = mmap((void *)ELISA_WINDOW(slot), ELISA_WINDOW_SIZE,
		      PROT_READ | PROT_WRITE | PROT_EXEC,
		      MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_POPULATE,
		      -1, 0);
	if (window == MAP_FAILED)
		return 2;
	memset(window, 0xcc, ELISA_WINDOW_SIZE);
	memcpy(window + ELISA_W_RESTART, entry, sizeof(entry));
	/* VMFUNC where the gate's and landing's own are. */
	memcpy(window + ELISA_W_GATE + 0x1d, bare, sizeof(bare));
	memcpy(window + ELISA_W_GATE + 0xfe0, bare, sizeof(bare));
	window[ELISA_W_RETURN] = 0xc3;

	try("VMFUNC(1)", vmfunc, 1);
	try("VMFUNC(2)", vmfunc, 2);
	try("VMFUNC(3)", vmfunc, 3);
	try("VMFUNC(511)", vmfunc, 511);
	try("VMFUNC(512)", vmfunc, 512);
	try("VMFUNC(-1)", vmfunc, -1);
	try("VMFUNC leaf 1", vmfunc_leaf, 1);
	try("VMFUNC leaf -1", vmfunc_leaf, -1);
	try("stub", enter, ELISA_W_RESTART);
	try("stub without its loads", enter, ELISA_W_GATE - 3);
	try("gate's second VMFUNC", enter, ELISA_W_GATE + 0x1d);
	try("landing's VMFUNC", enter, ELISA_W_GATE + 0xfe0);
	try("AEP page", enter, ELISA_W_AEP);
	return 0;
}
