/* SPDX-License-Identifier: LGPL-2.1-or-later OR MIT */
/*
 * The table of entry points in a sub image, shared by <elisa/sub.h>, which
 * makes it, the linker script sub.lds, which places it, and the loader.
 */
#ifndef _ELISA_ENTRY_H
#define _ELISA_ENTRY_H

#include <elisa/hypercall.h>

/* Type of the program header that points at the table; also in sub.lds. */
#define PT_ELISA_ENTRIES 0x60454c49

#ifndef __ASSEMBLER__
#include <linux/types.h>

/**
 * struct elisa_entry_record - one entry point
 * @name: 1..31 bytes of [A-Za-z0-9._-], zero-padded
 * @address: of its first instruction; relative to the image in the file,
 *	absolute after relocation
 */
struct elisa_entry_record {
	char name[ELISA_NAME_SIZE];
	__u64 address;
};
#endif /* __ASSEMBLER__ */

#endif /* _ELISA_ENTRY_H */
