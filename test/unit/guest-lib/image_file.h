/* SPDX-License-Identifier: LGPL-2.1-or-later OR MIT */
/* Images as tests mutate them: the bytes of a file, in memory. */
#ifndef IMAGE_FILE_H
#define IMAGE_FILE_H

#include <elf.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Bytes after the file that a mutation may use for more tables. */
#define IMAGE_FILE_SPARE 4096

struct image_file {
	uint8_t *bytes;
	size_t size;
};

/* Reads $IMAGES/@name; -1 if that fails. */
static inline int image_file_read(struct image_file *f, const char *name)
{
	char path[4096];
	FILE *in;
	long size;

	snprintf(path, sizeof(path), "%s/%s", getenv("IMAGES"), name);
	in = fopen(path, "rb");
	if (!in)
		return -1;
	fseek(in, 0, SEEK_END);
	size = ftell(in);
	rewind(in);
	f->size = (size_t)size;
	f->bytes = calloc(1, f->size + IMAGE_FILE_SPARE);
	if (!f->bytes || fread(f->bytes, 1, f->size, in) != f->size)
		f->size = 0;
	fclose(in);
	return f->size ? 0 : -1;
}

static inline void image_file_free(struct image_file *f)
{
	free(f->bytes);
}

static inline Elf64_Ehdr *ehdr(struct image_file *f)
{
	return (Elf64_Ehdr *)f->bytes;
}

static inline Elf64_Phdr *phdr(struct image_file *f, unsigned int n)
{
	return (Elf64_Phdr *)(f->bytes + ehdr(f)->e_phoff) + n;
}

/* Where the file has the byte at @vaddr of the image. */
static inline void *at(struct image_file *f, uint64_t vaddr)
{
	unsigned int i;

	for (i = 0; i < ehdr(f)->e_phnum; i++) {
		Elf64_Phdr *ph = phdr(f, i);

		if (ph->p_type == PT_LOAD && vaddr >= ph->p_vaddr &&
		    vaddr < ph->p_vaddr + ph->p_filesz)
			return f->bytes + ph->p_offset + vaddr - ph->p_vaddr;
	}
	abort();
}

static inline Elf64_Phdr *phdr_of_type(struct image_file *f, uint32_t type)
{
	unsigned int i;

	for (i = 0; i < ehdr(f)->e_phnum; i++)
		if (phdr(f, i)->p_type == type)
			return phdr(f, i);
	abort();
}

static inline Elf64_Dyn *dyn(struct image_file *f, int64_t tag)
{
	Elf64_Dyn *d = at(f, phdr_of_type(f, PT_DYNAMIC)->p_vaddr);

	while (d->d_tag != tag)
		if ((d++)->d_tag == DT_NULL)
			abort();
	return d;
}

static inline Elf64_Rela *rela(struct image_file *f, unsigned int n)
{
	return (Elf64_Rela *)at(f, dyn(f, DT_RELA)->d_un.d_ptr) + n;
}

#endif /* IMAGE_FILE_H */
