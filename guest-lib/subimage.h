/* SPDX-License-Identifier: LGPL-2.1-or-later OR MIT */
/*
 * The loader of sub images: from the bytes of an ELF file to pages that can
 * be exported.  No I/O, no global state; the input is hostile.
 *
 * A sub image is an ET_DYN x86-64 object linked at address 0, with
 *
 *  - PT_LOAD segments in ascending order, each starting on a page of its own,
 *    none both writable and executable, all within ELISA_IMAGE_PAGES_MAX
 *    pages;
 *  - one segment of type PT_ELISA_ENTRIES: the table of entry points, an array
 *    of struct elisa_entry_record in a segment that is neither writable nor
 *    executable (sub.lds puts it there);
 *  - relocations of type R_X86_64_RELATIVE only, none in code: the loader
 *    applies them for the image's fixed address, ELISA_SUB_IMAGE.
 *
 * Section headers and the symbol table are not used (a symbol's name appears
 * in a message at most), so images may be stripped.
 */
#ifndef ELISA_SUBIMAGE_H
#define ELISA_SUBIMAGE_H

#include <stddef.h>
#include <stdint.h>

#include <elisa/entry.h>
#include <elisa/hypercall.h>
#include <elisa/layout.h>

#define SUBIMAGE_SEGMENTS_MAX 16
#define SUBIMAGE_ERR_SIZE     160 /* holds every message */

/**
 * struct subimage_segment - pages of one protection
 * @first_page: number of the first page in the image
 * @npages: how many
 * @prot: ELISA_PROT_*
 * @size: bytes from the start of @first_page that the ELF segment defines;
 *	the rest of the last page is zero, or int3 in code
 * @bytes: the contents, @npages whole pages, page-aligned; inside the buffer
 *	of the image
 */
struct subimage_segment {
	uint32_t first_page;
	uint32_t npages;
	uint32_t prot;
	uint32_t size;
	uint8_t *bytes;
};

/**
 * struct subimage_entry - an entry point
 * @name: valid and unique
 * @offset: bytes from the start of the image, in an executable segment
 */
struct subimage_entry {
	char name[ELISA_NAME_SIZE];
	uint64_t offset;
};

/**
 * struct subimage - what subimage_parse() makes of an ELF file
 * @pages: the image as it will lie at ELISA_SUB_IMAGE, page-aligned; gaps
 *	between segments are zero
 * @npages: pages of the image, 1..ELISA_IMAGE_PAGES_MAX
 * @n_segments: segments in @segments, in ascending order
 * @n_entries: entry points in @entries, in the order of the image's table
 */
struct subimage {
	uint8_t *pages;
	uint32_t npages;
	uint32_t n_segments;
	uint32_t n_entries;
	struct subimage_segment segments[SUBIMAGE_SEGMENTS_MAX];
	struct subimage_entry entries[ELISA_ENTRIES_MAX];
};

/**
 * subimage_parse() - check, load and relocate an image
 * @img: filled in; release it with subimage_release() (after an error too, it
 *	does nothing then)
 * @elf: the bytes of the ELF file, any alignment
 * @size: their number
 * @err: filled in with the reason of a refusal, or the empty string
 * @err_size: bytes at @err, at least 1
 *
 * Return: 0; -ENOEXEC refused; -ENOMEM.
 */
int subimage_parse(struct subimage *img, const void *elf, size_t size,
		   char *err, size_t err_size);

/**
 * typedef subimage_verifier - looks for forbidden instructions in code
 * @code: executable pages
 * @len: bytes at @code
 * @offset: where to store the offset of the first forbidden instruction
 *
 * Return: NULL, or the name of that instruction.
 */
typedef const char *(*subimage_verifier)(const uint8_t *code, size_t len,
					 size_t *offset);

/**
 * subimage_verify() - check the executable pages of an image
 * @img: the image
 * @verify: the verifier; called once for each run of contiguous executable
 *	pages, so that it sees instructions that straddle two segments
 * @err: as subimage_parse()
 * @err_size: as subimage_parse()
 *
 * A courtesy that gives a better message: what counts is the module's own
 * check when the export is sealed.
 *
 * Return: 0, or -ENOEXEC.
 */
int subimage_verify(const struct subimage *img, subimage_verifier verify,
		    char *err, size_t err_size);

/**
 * subimage_release() - free what subimage_parse() allocated
 * @img: the image
 */
void subimage_release(struct subimage *img);

#endif /* ELISA_SUBIMAGE_H */
