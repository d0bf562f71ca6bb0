// SPDX-License-Identifier: GPL-2.0-only
/* The exports of the host: the same entry points as soak.S of the guests. */
#include <elisa/sub.h>

#include "abi.h"

#define CELL(i) (&((uint64_t *)elisa_data())[i])

ELISA_ENTRY(put, uint64_t cell, uint64_t value)
{
	return __atomic_exchange_n(CELL(cell), value, __ATOMIC_SEQ_CST);
}

ELISA_ENTRY(get, uint64_t cell)
{
	return *(volatile uint64_t *)CELL(cell);
}

ELISA_ENTRY(mix, uint64_t x, uint64_t rounds)
{
	return soak_mix(x, rounds);
}

ELISA_ENTRY(add, uint64_t cell, uint64_t value, uint64_t x, uint64_t rounds)
{
	x = soak_mix(x, rounds);
	__atomic_add_fetch(CELL(cell), value, __ATOMIC_SEQ_CST);
	return x;
}

ELISA_ENTRY(work, uint64_t vm, uint64_t x, uint64_t rounds)
{
	__atomic_add_fetch(CELL(SOAK_BEGUN + vm), 1, __ATOMIC_SEQ_CST);
	x = soak_mix(x, rounds);
	__atomic_add_fetch(CELL(SOAK_DONE + vm), 1, __ATOMIC_SEQ_CST);
	return x;
}

ELISA_ENTRY(fault, uint64_t kind)
{
	switch (kind) {
	case 0:
		__asm__ volatile("ud2");
		break;
	case 1:
		return *(volatile uint64_t *)8;
	case 2:
		__asm__ volatile("int3");
		break;
	default:
		__asm__ volatile("xor %%ecx, %%ecx\n\tdiv %%ecx"
				 :
				 :
				 : "rax", "rcx", "rdx");
	}
	return 0;
}

ELISA_ENTRY(xput, uint64_t cell, uint64_t value)
{
	uint64_t *x = (uint64_t *)ELISA_CHUNK_VA(ELISA_CHUNK_XBUF) + cell;

	return __atomic_exchange_n(x, value, __ATOMIC_SEQ_CST);
}
