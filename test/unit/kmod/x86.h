/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What one x86 instruction can do, by an independent disassembler (Zydis):
 * 64-bit mode, in a context where delivering any event exits.
 */
#ifndef ELISA_TEST_X86_H
#define ELISA_TEST_X86_H

#include "portable.h"

enum x86_kind {
	X86_NONE,  /* the bytes end in the middle of it: the fetch faults */
	X86_FAULT, /* always raises an exception, or is an INT */
	X86_PLAIN, /* writes general, flags or x87 registers, may read memory */
	X86_JUMP,  /* direct; goes @rel bytes beyond its end */
	X86_BRANCH,   /* the same, or the next instruction */
	X86_INDIRECT, /* jump or return to an address from data */
	X86_VMFUNC,
	X86_STORE, /* writes memory, else harmless */
	X86_OTHER, /* anything else, not known to be harmless */
};

/**
 * struct x86_insn - see above
 * @kind: what it is
 * @len: its length; 0 for X86_NONE and when it has no valid encoding
 * @rel: see X86_JUMP
 */
struct x86_insn {
	enum x86_kind kind;
	unsigned int len;
	int rel;
};

#define X86_TEXT 96

struct x86_insn x86_decode(const u8 *code, size_t left);
void x86_text(char text[X86_TEXT], const u8 *code, size_t left);
bool x86_writes_ecx(const u8 *code, size_t left);
bool x86_is_forbidden_in_sub(const u8 *code, size_t left);

#endif /* ELISA_TEST_X86_H */
