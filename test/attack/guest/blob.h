/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Code that runs in sub contexts: position independent, copied into an export
 * by export_blob().  In a .S file:
 *
 *	BLOB_BEGIN name
 *		...
 *		ret
 *	BLOB_END name
 *
 * and in C: BLOB(name);  export_blob(&export, name);
 *
 * An entry point gets its arguments in RDI RSI RDX RCX R8 R9 and returns RAX.
 */
#ifndef BLOB_H
#define BLOB_H

#ifdef __ASSEMBLER__

/* clang-format off */
	.macro BLOB_BEGIN name
	.pushsection .rodata.blobs, "a"
	.balign	16
	.globl	blob_\name
blob_\name:
	.endm

	.macro BLOB_END name
	.globl	blob_\name\()_end
blob_\name\()_end:
	.popsection
	.endm
/* clang-format on */

#else

#define BLOB(name) extern const u8 blob_##name[], blob_##name##_end[]

#endif
#endif /* BLOB_H */
