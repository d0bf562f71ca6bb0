// SPDX-License-Identifier: GPL-2.0-only
/* Pages, page tables, what the compiler calls. */
#include "guest.h"

#define IDENTITY_GIB 8

extern char image_end[];
static u64 free_page;
static u64 *identity; /* PDPT of the first 512 GiB, of all vCPUs */

void *memset(void *to, int c, size_t n)
{
	void *ret = to;

	__asm__ volatile("rep stosb" : "+D"(to), "+c"(n) : "a"(c) : "memory");
	return ret;
}

void *memcpy(void *to, const void *from, size_t n)
{
	void *ret = to;

	__asm__ volatile("rep movsb"
			 : "+D"(to), "+S"(from), "+c"(n)
			 :
			 : "memory");
	return ret;
}

int memcmp(const void *a, const void *b, size_t n)
{
	const u8 *x = a, *y = b;

	for (; n; n--, x++, y++)
		if (*x != *y)
			return *x - *y;
	return 0;
}

size_t strlen(const char *s)
{
	size_t n = 0;

	while (s[n])
		n++;
	return n;
}

int strcmp(const char *a, const char *b)
{
	while (*a && *a == *b) {
		a++;
		b++;
	}
	return (u8)*a - (u8)*b;
}

int strncmp(const char *a, const char *b, size_t n)
{
	for (; n; n--, a++, b++)
		if (!*a || *a != *b)
			return (u8)*a - (u8)*b;
	return 0;
}

void *pages(unsigned int n)
{
	u64 at =
		__atomic_fetch_add(&free_page, n * PAGE_SIZE, __ATOMIC_SEQ_CST);

	if (at + n * PAGE_SIZE > info->ram_size) {
		check(false, "guest memory is enough: give --mem");
		quit();
	}
	return memset((void *)at, 0, n * PAGE_SIZE);
}

static u64 *next_table(u64 *entry, unsigned int level, bool create)
{
	u64 *table, old = *entry;
	unsigned int i;

	if (old & PTE_P && !(level > 1 && old & PTE_PS))
		return (u64 *)(old & PTE_ADDR);
	if (!create)
		return NULL;
	table = pages(1);
	if (old & PTE_P) {
		/* Split a page of 2 MiB (level 2) or 1 GiB (level 3). */
		u64 step = level == 2 ? PAGE_SIZE : PAGE_SIZE << 9;

		for (i = 0; i < 512; i++)
			table[i] =
				((old & ~(level == 2 ? PTE_PS : 0)) + i * step);
	}
	*entry = (u64)table | PTE_RWU;
	return table;
}

u64 *pte(u64 va, bool create)
{
	u64 *table = this_cpu()->root;
	unsigned int level;

	for (level = 4; level > 1; level--) {
		u64 *entry = &table[va >> (12 + 9 * (level - 1)) & 511];

		table = next_table(entry, level, create);
		if (!table)
			return NULL;
	}
	return &table[va >> 12 & 511];
}

void map(u64 va, u64 pa, u64 flags)
{
	*pte(va, true) = flags ? pa | flags : 0;
	__asm__ volatile("invlpg (%0)" : : "r"(va) : "memory");
}

void memory_init(void)
{
	unsigned int i, j;

	free_page = ((u64)image_end + PAGE_SIZE - 1) & ~(PAGE_SIZE - 1);
	identity = pages(1);
	for (i = 0; i < IDENTITY_GIB; i++) {
		u64 *pd = pages(1);

		for (j = 0; j < 512; j++)
			pd[j] = (u64)i << 30 | (u64)j << 21 | PTE_PS | PTE_RWU;
		identity[i] = (u64)pd | PTE_RWU;
	}
}

void memory_init_cpu(struct cpu *cpu)
{
	cpu->root = pages(1);
	cpu->root[0] = (u64)identity | PTE_RWU;
	write_cr3((u64)cpu->root);
}
