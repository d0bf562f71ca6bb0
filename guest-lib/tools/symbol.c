// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
#include <elf.h>
#include <string.h>

#include "symbol.h"

/* A copy of @n bytes at @offset of the file; false if it does not have them. */
static bool get(void *to, size_t n, const uint8_t *elf, size_t size,
		uint64_t offset)
{
	if (n > size || offset > size - n)
		return false;
	memcpy(to, elf + offset, n);
	return true;
}

static bool get_section(Elf64_Shdr *sh, const uint8_t *elf, size_t size,
			const Elf64_Ehdr *eh, unsigned int n)
{
	/* A sum that wraps, or a bad link, leads to nonsense at most. */
	if (!get(sh, sizeof(*sh), elf, size, eh->e_shoff + n * sizeof(*sh)))
		return false;
	return sh->sh_offset <= size && sh->sh_size <= size - sh->sh_offset;
}

/* The string at @at of a string table, as far as it is printable. */
static void get_name(char *name, size_t room, const uint8_t *elf,
		     const Elf64_Shdr *strings, uint64_t at)
{
	size_t i;

	for (i = 0; i + 1 < room && at < strings->sh_size; i++, at++) {
		const uint8_t c = elf[strings->sh_offset + at];

		if (!c)
			break;
		name[i] = c > ' ' && c < 0x7f ? (char)c : '?';
	}
	name[i] = '\0';
}

static bool find_in(struct symbol *symbol, const uint8_t *elf,
		    const Elf64_Shdr *table, const Elf64_Shdr *strings,
		    uint64_t place)
{
	uint64_t i;
	Elf64_Sym sym;

	for (i = 0; i < table->sh_size / sizeof(sym); i++) {
		memcpy(&sym, elf + table->sh_offset + i * sizeof(sym),
		       sizeof(sym));
		if (ELF64_ST_TYPE(sym.st_info) != STT_FUNC ||
		    place - sym.st_value >= sym.st_size)
			continue;
		get_name(symbol->name, sizeof(symbol->name), elf, strings,
			 sym.st_name);
		symbol->offset = place - sym.st_value;
		return symbol->name[0] != '\0';
	}
	return false;
}

bool symbol_find(struct symbol *symbol, const void *elf, size_t size,
		 uint64_t place)
{
	Elf64_Shdr table, strings;
	Elf64_Ehdr eh;
	unsigned int i;

	if (!get(&eh, sizeof(eh), elf, size, 0))
		return false;
	for (i = 0; i < eh.e_shnum; i++) {
		if (!get_section(&table, elf, size, &eh, i) ||
		    table.sh_type != SHT_SYMTAB ||
		    !get_section(&strings, elf, size, &eh, table.sh_link))
			continue;
		/* There is one; a file that has many is to take no longer. */
		return find_in(symbol, elf, &table, &strings, place);
	}
	return false;
}
