/* SPDX-License-Identifier: LGPL-2.1-or-later OR MIT */
/* Names for places in an image's code, out of the symbol table of its file. */
#ifndef ELISA_SYMBOL_H
#define ELISA_SYMBOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct symbol {
	char name[64];	 /* printable; a longer one is cut */
	uint64_t offset; /* bytes from the function's start */
};

/**
 * symbol_find() - the function that a place belongs to
 * @symbol: filled in on success
 * @elf: the bytes of the ELF file, hostile, any alignment
 * @size: their number
 * @place: offset in the image
 *
 * Return: false if the file has no symbols, or none for this place.
 */
bool symbol_find(struct symbol *symbol, const void *elf, size_t size,
		 uint64_t place);

#endif /* ELISA_SYMBOL_H */
