// SPDX-License-Identifier: GPL-2.0-only
/* The guest's image, and the page tables and GDT that it starts with. */
#include <elf.h>
#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "attacker.h"

#define PML4 0x1000
#define PDPT 0x2000
#define GDT  0x3000

void load_elf(const char *path)
{
	FILE *file = fopen(path, "rb");
	Elf64_Ehdr eh;
	Elf64_Phdr ph;
	unsigned int i;
	void *to;

	if (!file)
		err(2, "%s", path);
	if (fread(&eh, sizeof(eh), 1, file) != 1 ||
	    memcmp(eh.e_ident, ELFMAG, SELFMAG) || eh.e_type != ET_EXEC ||
	    eh.e_phentsize != sizeof(ph))
		errx(2, "%s: no static ELF64 program", path);
	for (i = 0; i < eh.e_phnum; i++) {
		if (fseek(file, eh.e_phoff + i * sizeof(ph), SEEK_SET) ||
		    fread(&ph, sizeof(ph), 1, file) != 1)
			errx(2, "%s: program headers", path);
		if (ph.p_type != PT_LOAD || !ph.p_memsz)
			continue;
		to = guest_mem(ph.p_paddr, ph.p_memsz);
		if (!to || ph.p_filesz > ph.p_memsz)
			errx(2, "%s does not fit in memory", path);
		if (fseek(file, ph.p_offset, SEEK_SET) ||
		    (ph.p_filesz && fread(to, ph.p_filesz, 1, file) != 1))
			errx(2, "%s: segment %u", path, i);
	}
	vm.entry = eh.e_entry;
	fclose(file);
}

/* Identity map of 8 GiB, in pages of 2 MiB. */
void build_boot_tables(void)
{
	uint64_t *pml4 = guest_mem(PML4, 4096);
	uint64_t *pdpt = guest_mem(PDPT, 4096);
	uint64_t *gdt = guest_mem(GDT, 4096);
	uint64_t *pd;
	unsigned int i, j;

	pml4[0] = PDPT | 7;
	for (i = 0; i < 8; i++) {
		uint64_t at = 0x10000 + i * 0x1000;

		pd = guest_mem(at, 4096);
		pdpt[i] = at | 7;
		for (j = 0; j < 512; j++)
			pd[j] = (uint64_t)i << 30 | (uint64_t)j << 21 | 0x87;
	}
	gdt[1] = 0x00af9b000000ffff;
	gdt[2] = 0x00cf93000000ffff;
}
