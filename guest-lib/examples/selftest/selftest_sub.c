// SPDX-License-Identifier: MIT
/*
 * A sub image with an entry point for each thing that tests want to see a call
 * do, including everything that should make it fail.
 */
#include <linux/errno.h>

#include <elisa/sub.h>
#include <elisa/alloc.h>
#include <elisa/sub_batch.h>

#include "selftest.h"

/* Both need relocations, and the image data of its own. */
static uint64_t image_counter = 1000;
static uint64_t *const counter_pointer[] = { &image_counter };

ELISA_ENTRY(nop, void)
{
	return 0;
}

ELISA_ENTRY(sum6, uint64_t a0, uint64_t a1, uint64_t a2, uint64_t a3,
	    uint64_t a4, uint64_t a5)
{
	return selftest_sum6(a0, a1, a2, a3, a4, a5);
}

ELISA_ENTRY(spin, uint64_t n)
{
	return selftest_spin(n);
}

/* Never returns. */
ELISA_ENTRY(hang, void)
{
	for (;;)
		elisa_pause();
	return 0;
}

/* Checksum of a range of the exchange buffer. */
ELISA_ENTRY(xsum, uint64_t offset, uint64_t len)
{
	const void *p = elisa_xbuf_range(offset, len);

	return p ? selftest_sum(p, len) : (uint64_t)-EINVAL;
}

/* Writes a pattern into the exchange buffer. */
ELISA_ENTRY(xfill, uint64_t offset, uint64_t len, uint64_t seed)
{
	volatile unsigned char *p = elisa_xbuf_range(offset, len);
	uint64_t i;

	if (!p)
		return -EINVAL;
	for (i = 0; i < len; i++)
		p[i] = selftest_fill_byte(i, seed);
	return 0;
}

/* Adds to a 64-bit cell of the shared data; returns the sum. */
ELISA_ENTRY(data_add, uint64_t index, uint64_t value)
{
	uint64_t *cell = elisa_data_at(index, 1, sizeof(*cell));

	if (!cell)
		return -EINVAL;
	return __atomic_add_fetch(cell, value, __ATOMIC_RELAXED);
}

ELISA_ENTRY(data_read, uint64_t index)
{
	const uint64_t *cell = elisa_data_at(index, 1, sizeof(*cell));

	if (!cell)
		return -EINVAL;
	return __atomic_load_n(cell, __ATOMIC_RELAXED);
}

/*
 * Adds 1 to @n cells under a lock in cell 0, which shows torn critical
 * sections; returns -EAGAIN if the lock cannot be had.
 */
ELISA_ENTRY(data_locked, uint64_t n)
{
	struct elisa_spinlock *lock = elisa_data();
	volatile uint64_t *cell = elisa_data_at(1, n, sizeof(*cell));
	uint64_t i;

	if (!cell)
		return -EINVAL;
	if (!elisa_spin_lock_tries(lock, 4096))
		return -EAGAIN;
	for (i = 0; i < n; i++)
		cell[i]++;
	elisa_spin_unlock(lock);
	return 0;
}

/* A round of heap_cycle: blocks of several sizes and contents. */
static int64_t heap_round(struct elisa_heap *heap, uint64_t seed)
{
	uint64_t block[4], i, k;
	int err;

	for (i = 0; i < 4; i++) {
		uint64_t size = 64 << (seed + i) % 5, *word;

		err = elisa_heap_alloc(heap, size, &block[i]);
		if (err)
			return err;
		word = elisa_heap_at(heap, block[i], size);
		elisa_assert(word);
		for (k = 0; k < size / 8; k++)
			word[k] = block[i] + seed + k;
	}
	for (i = 0; i < 4; i++) {
		uint64_t size = 64 << (seed + i) % 5;
		const uint64_t *word = elisa_heap_at(heap, block[i], size);

		elisa_assert(word);
		for (k = 0; k < size / 8; k++)
			if (word[k] != block[i] + seed + k)
				return -EIO;
		err = elisa_heap_free(heap, &block[i]);
		if (err)
			return err;
	}
	return 0;
}

/* Allocates and releases in a heap that all callers share; 0 if all is well. */
ELISA_ENTRY(heap_cycle, uint64_t rounds)
{
	struct elisa_heap *heap;
	int64_t err;

	heap = elisa_data_at(SELFTEST_HEAP, SELFTEST_HEAP_SIZE, 1);
	if (!heap)
		return -EINVAL;
	err = elisa_heap_init(heap, SELFTEST_HEAP + sizeof(*heap),
			      SELFTEST_HEAP + SELFTEST_HEAP_SIZE);
	for (; rounds && !err; rounds--)
		err = heap_round(heap, rounds);
	return err;
}

/* Counts in the image's own data: starts at 1000. */
ELISA_ENTRY(image_count, void)
{
	return __atomic_add_fetch(counter_pointer[0], 1, __ATOMIC_RELAXED);
}

ELISA_ENTRY(info_vm, void)
{
	return elisa_info()->vm;
}

ELISA_ENTRY(info_attachment, void)
{
	return elisa_info()->attachment;
}

ELISA_ENTRY(info_rights, void)
{
	return elisa_info()->rights;
}

ELISA_ENTRY(info_abi, void)
{
	return elisa_info()->abi;
}

ELISA_ENTRY(info_data_size, void)
{
	return elisa_data_size();
}

ELISA_ENTRY(info_xbuf_size, void)
{
	return elisa_xbuf_size();
}

/* RSP inside an entry point, to check that it is on the stack. */
ELISA_ENTRY(stack_pointer, void)
{
	uint64_t rsp;

	__asm__ volatile("mov %%rsp, %0" : "=r"(rsp));
	return rsp;
}

ELISA_ENTRY(flags, void)
{
	uint64_t flags;

	__asm__ volatile("pushfq\n\tpop %0" : "=r"(flags));
	return flags;
}

/*
 * Returns 77 and leaves a mess in everything else that a caller could depend
 * on: the callee-saved registers, DF, x87 stack and control word, MXCSR.
 */
static __attribute__((naked)) uint64_t mess(void)
{
	__asm__ volatile("sub $8, %rsp\n\t"
			 "movl $0x1f00, (%rsp)\n\t"
			 "ldmxcsr (%rsp)\n\t"
			 "movl $0x40, (%rsp)\n\t"
			 "fldcw (%rsp)\n\t"
			 "fldz\n\t"
			 "fldz\n\t"
			 "add $8, %rsp\n\t"
			 "mov $-1, %rbx\n\t"
			 "mov %rbx, %rcx\n\t"
			 "mov %rbx, %rdx\n\t"
			 "mov %rbx, %rsi\n\t"
			 "mov %rbx, %rdi\n\t"
			 "mov %rbx, %rbp\n\t"
			 "mov %rbx, %r8\n\t"
			 "mov %rbx, %r9\n\t"
			 "mov %rbx, %r10\n\t"
			 "mov %rbx, %r11\n\t"
			 "mov %rbx, %r12\n\t"
			 "mov %rbx, %r13\n\t"
			 "mov %rbx, %r14\n\t"
			 "mov %rbx, %r15\n\t"
			 "mov $77, %eax\n\t"
			 "std\n\t"
			 "ret");
}

ELISA_ENTRY_FOR(mess);

static __attribute__((noinline)) uint64_t recurse(uint64_t n)
{
	volatile unsigned char frame[128];

	frame[n % sizeof(frame)] = 1;
	if (!n)
		return 0;
	return recurse(n - 1) + frame[n % sizeof(frame)];
}

/* Recurses @n deep, about 200 bytes each; returns @n if the stack lasts. */
ELISA_ENTRY(stack_depth, uint64_t n)
{
	return recurse(n);
}

/* @n, which is above 0. */
ELISA_ENTRY(positive, uint64_t n)
{
	elisa_assert((int64_t)n > 0);
	return n;
}

static const uint64_t batched[] = {
	ELISA_BATCHED(sum6),
	ELISA_BATCHED(positive),
};

ELISA_BATCH(batched);

/* From here on: what must end the call with -EFAULT. */

ELISA_ENTRY(fault_read, uint64_t address)
{
	return *(volatile uint64_t *)address;
}

ELISA_ENTRY(fault_write, uint64_t address, uint64_t value)
{
	*(volatile uint64_t *)address = value;
	return 0;
}

ELISA_ENTRY(fault_jump, uint64_t address)
{
	return ((uint64_t(*)(void))address)();
}

ELISA_ENTRY(fault_ud, void)
{
	__asm__ volatile("ud2");
	return 0;
}

ELISA_ENTRY(fault_div, uint64_t divisor)
{
	uint64_t rax = 1, rdx = 0;

	__asm__ volatile("div %2" : "+a"(rax), "+d"(rdx) : "r"(divisor));
	return rax;
}

ELISA_ENTRY(fault_int3, void)
{
	__asm__ volatile("int3");
	return 0;
}

ELISA_ENTRY(fault_int80, void)
{
	__asm__ volatile("int $0x80" : : "a"(20) : "memory");
	return 0;
}

ELISA_ENTRY(fault_syscall, void)
{
	uint64_t rax = 39;

	__asm__ volatile("syscall" : "+a"(rax) : : "rcx", "r11", "memory");
	return rax;
}

ELISA_ENTRY(fault_sysenter, void)
{
	__asm__ volatile("sysenter" : : : "memory");
	return 0;
}

ELISA_ENTRY(fault_hlt, void)
{
	__asm__ volatile("hlt");
	return 0;
}

ELISA_ENTRY(fault_tf, void)
{
	__asm__ volatile("pushfq\n\t"
			 "orq $0x100, (%%rsp)\n\t"
			 "popfq\n\t"
			 "nop"
			 :
			 :
			 : "cc", "memory");
	return 0;
}

ELISA_ENTRY(fault_cpuid, void)
{
	uint32_t eax = 0, ecx = 0;

	__asm__ volatile("cpuid" : "+a"(eax), "+c"(ecx) : : "rbx", "rdx");
	return eax;
}

ELISA_ENTRY(fault_vmcall, uint64_t rax, uint64_t rdi)
{
	__asm__ volatile("vmcall" : "+a"(rax), "+D"(rdi) : : "memory");
	return rax;
}
