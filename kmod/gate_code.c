// SPDX-License-Identifier: GPL-2.0-only
/*
 * Building and patching gate and landing pages.  Pure computation; compiles
 * in user space too.
 */
#include "gate_code.h"

#include <elisa/layout.h>

/** struct variant - the templates of one variant, see gate.S */
struct variant {
	const u8 *entry, *eptp_end, *vmfunc, *entry_end;
	const u8 *ret, *ret_end;
	const u8 *landing, *count_end, *bad, *landing_end;
	const u8 *leave, *leave_end;
};

#define TEMPLATES(v)                                                 \
	extern const u8 elisa_##v##_entry[], elisa_##v##_eptp_end[], \
		elisa_##v##_vmfunc[], elisa_##v##_entry_end[],       \
		elisa_##v##_return[], elisa_##v##_return_end[],      \
		elisa_##v##_landing[], elisa_##v##_count_end[],      \
		elisa_##v##_bad[], elisa_##v##_landing_end[],        \
		elisa_##v##_leave[], elisa_##v##_leave_end[];        \
	static const struct variant v = {                            \
		elisa_##v##_entry,   elisa_##v##_eptp_end,           \
		elisa_##v##_vmfunc,  elisa_##v##_entry_end,          \
		elisa_##v##_return,  elisa_##v##_return_end,         \
		elisa_##v##_landing, elisa_##v##_count_end,          \
		elisa_##v##_bad,     elisa_##v##_landing_end,        \
		elisa_##v##_leave,   elisa_##v##_leave_end,          \
	}

TEMPLATES(sealed);
TEMPLATES(full);
TEMPLATES(interposed);

static const struct variant *variant(enum elisa_variant which)
{
	switch (which) {
	case ELISA_VARIANT_FULL:
		return &full;
	case ELISA_VARIANT_INTERPOSED:
		return &interposed;
	default:
		return &sealed;
	}
}

/* The same in both variants. */
static unsigned int eptp_offset(void)
{
	return sealed.eptp_end - sealed.entry - 4;
}

/**
 * elisa_gate_entry_end() - offset behind the entry half, landing's first
 * @which: variant
 */
unsigned int elisa_gate_entry_end(enum elisa_variant which)
{
	return variant(which)->entry_end - variant(which)->entry;
}

/**
 * elisa_gate_vmfunc_sub() - offset of the entry half's VMFUNC
 * @is_full: variant
 */
unsigned int elisa_gate_vmfunc_sub(bool is_full)
{
	return variant(is_full)->vmfunc - variant(is_full)->entry;
}

/**
 * elisa_gate_return() - offset of the return half, and where landing ends
 * @which: variant; where there is no return half: the page's size
 */
unsigned int elisa_gate_return(enum elisa_variant which)
{
	return ELISA_PAGE_SIZE -
	       (variant(which)->ret_end - variant(which)->ret);
}

/**
 * elisa_landing_bad_index() - offset of the UD2 for a bad entry index
 * @which: variant
 */
unsigned int elisa_landing_bad_index(enum elisa_variant which)
{
	return elisa_gate_entry_end(which) +
	       (variant(which)->bad - variant(which)->landing);
}

/** elisa_landing_vmcall() - offset of the VMCALL that ends an interposed landing */
unsigned int elisa_landing_vmcall(void)
{
	return ELISA_PAGE_SIZE - 3;
}

/**
 * elisa_gate_build() - write a gate page with no instance bound
 * @page: 4096 bytes owned by the caller
 * @is_full: variant
 */
void elisa_gate_build(u8 *page, bool is_full)
{
	const struct variant *v = variant(is_full);

	memset(page, ELISA_GATE_FILL, ELISA_PAGE_SIZE);
	memcpy(page, v->entry, v->entry_end - v->entry);
	memcpy(page + elisa_gate_return(is_full), v->ret, v->ret_end - v->ret);
}

/**
 * elisa_gate_set_eptp() - choose the sub context that a gate page leads to
 * @page: built by elisa_gate_build()
 * @eptp_low: an EPTP below 4 GiB that passed elisa_gate_eptp_ok() for the
 *	page's variant, or ELISA_GATE_CLOSED
 *
 * The page's vCPU must not be in the guest: its next VM entry serializes.
 */
void elisa_gate_set_eptp(u8 *page, u32 eptp_low)
{
	memcpy(page + eptp_offset(), &eptp_low, sizeof(eptp_low));
}

/**
 * elisa_landing_build() - write a landing page
 * @page: 4096 bytes owned by the caller
 * @entries: number of entries, 1..ELISA_ENTRIES_MAX
 * @which: variant
 */
void elisa_landing_build(u8 *page, u32 entries, enum elisa_variant which)
{
	const struct variant *v = variant(which);
	unsigned int start = elisa_gate_entry_end(which);
	unsigned int count = start - 4 + (v->count_end - v->landing);
	unsigned int bad = elisa_landing_bad_index(which);
	unsigned int leave =
		elisa_gate_return(which) - (v->leave_end - v->leave);
	s32 rel = leave - bad; /* of the JB that ends there */

	memset(page, ELISA_GATE_FILL, ELISA_PAGE_SIZE);
	memcpy(page + start, v->landing, v->landing_end - v->landing);
	memcpy(page + leave, v->leave, v->leave_end - v->leave);
	memcpy(page + count, &entries, sizeof(entries));
	memcpy(page + bad - sizeof(rel), &rel, sizeof(rel));
}

static unsigned int count_vmfuncs(const u8 *start, const u8 *end)
{
	unsigned int n = 0;

	for (; start + 3 <= end; start++)
		n += start[0] == 0x0f && start[1] == 0x01 && start[2] == 0xd4;
	return n;
}

/**
 * elisa_gate_vmfuncs() - VMFUNC instructions between a call's two stubs
 * @is_full: variant
 *
 * Gate and landing have no loops and, but for a bad entry index, no branches:
 * each is executed once.
 */
unsigned int elisa_gate_vmfuncs(bool is_full)
{
	const struct variant *v = variant(is_full);

	return count_vmfuncs(v->entry, v->entry_end) +
	       count_vmfuncs(v->landing, v->landing_end) +
	       count_vmfuncs(v->leave, v->leave_end) +
	       count_vmfuncs(v->ret, v->ret_end);
}

/*
 * Can the instruction at @p write memory?  A deliberately small table for
 * elisa_gate_eptp_ok(): instructions that are known not to, and that do nothing
 * else but change general, flags or x87 registers, jump within the gate or
 * raise an exception.  What is not listed counts as harmful.  No length is
 * needed, because every offset is looked at.  64-bit mode; SDM vol. 2, appendix
 * A, opcode maps.
 */
static bool harmless_at(const u8 *p)
{
	const u8 modrm = p[1], reg = (modrm >> 3) & 7;
	const bool register_only = modrm >= 0xc0;

	switch (p[0]) {
	/* clang-format off */
	/* prefixes: harmless if the next offset is; never lengthen a store */
	case 0x26: case 0x2e: case 0x36: case 0x3e: case 0x40 ... 0x4f:
	case 0x64 ... 0x67: case 0xf2: case 0xf3:
	/* not valid in 64-bit mode, or an exception by definition */
	case 0x06: case 0x07: case 0x0e: case 0x16: case 0x17: case 0x1e:
	case 0x1f: case 0x27: case 0x2f: case 0x37: case 0x3f: case 0x60:
	case 0x61: case 0x82: case 0x9a: case 0xcc: case 0xcd: case 0xce:
	case 0xd4: case 0xd5: case 0xd6: case 0xea: case 0xf1:
	/* RET, JMP rel8, Jcc, LOOP, JRCXZ: jumps within the gate; HLT */
	case 0xc3: case 0xeb: case 0x70 ... 0x7f: case 0xe0 ... 0xe3:
	case 0xf4:
	/* registers only */
	case 0x58 ... 0x5f: case 0x90 ... 0x99: case 0x9b: case 0x9e:
	case 0x9f: case 0xc9: case 0xf5: case 0xf8 ... 0xfd:
	/* op AL, imm8 and op EAX, imm32; MOV r, imm */
	case 0x04: case 0x05: case 0x0c: case 0x0d: case 0x14: case 0x15:
	case 0x1c: case 0x1d: case 0x24: case 0x25: case 0x2c: case 0x2d:
	case 0x34: case 0x35: case 0x3c: case 0x3d: case 0xa8: case 0xa9:
	case 0xb0 ... 0xbf:
	/* op r, r/m: reads only */
	case 0x02: case 0x03: case 0x0a: case 0x0b: case 0x12: case 0x13:
	case 0x1a: case 0x1b: case 0x22: case 0x23: case 0x2a: case 0x2b:
	case 0x32: case 0x33: case 0x38 ... 0x3b: case 0x63: case 0x84:
	case 0x85: case 0x8a: case 0x8b:
		return true;
	case 0x0f:				/* UD0, UD2 */
		return modrm == 0xff || modrm == 0x0b;
	/* op r/m, r; op r/m, imm; shifts; x87: only with registers */
	case 0x00: case 0x01: case 0x08: case 0x09: case 0x10: case 0x11:
	case 0x18: case 0x19: case 0x20: case 0x21: case 0x28: case 0x29:
	case 0x30: case 0x31: case 0x80: case 0x81: case 0x83:
	case 0x86 ... 0x89: case 0xc0: case 0xc1: case 0xd0 ... 0xd3:
	case 0xd8 ... 0xdf:
		return register_only;
	case 0xf6: case 0xf7:			/* NOT NEG MUL IMUL DIV IDIV */
		return register_only && reg > 1;
	case 0xfe: case 0xff:			/* INC, DEC; /7 is invalid */
		return (register_only && reg < 2) || reg == 7;
	/* clang-format on */
	default:
		return false;
	}
}

/*
 * With list[0] valid, VMFUNC must not be reached with list[1] set and ECX = 0.
 * ECX is 2 in the beginning; LOOP would make it 1 and go back to the store, and
 * RET may go back after something else has changed it.  Other jumps leave it
 * alone, and of two bytes that change it too few are left for one.
 */
static bool may_loop(u8 opcode)
{
	return (opcode >= 0xe0 && opcode <= 0xe2) || opcode == 0xc3;
}

/**
 * elisa_gate_eptp_ok() - may this EPTP stand in a gate page?
 * @eptp: EPTP of a sub context
 * @is_full: variant
 *
 * True when it lies below 4 GiB and no decode of the gate page that begins in
 * its bytes can write memory, or, in the full variant, lead back to default
 * with list[1] set.  Its lowest byte is always 1E, an invalid opcode.  What
 * follows the immediate is constant, starts with FF (DEC ECX, a ModRM byte
 * with register operands) and is proven by the unit test.
 */
bool elisa_gate_eptp_ok(u64 eptp, bool is_full)
{
	u8 code[4 + 2];
	unsigned int pos;
	u32 low = eptp;

	if (eptp >> 32 || (u8)eptp != 0x1e)
		return false;
	memcpy(code, &low, sizeof(low));
	memcpy(code + sizeof(low), variant(is_full)->eptp_end, 2);
	for (pos = 1; pos < sizeof(low); pos++)
		if (!harmless_at(code + pos) ||
		    (is_full && may_loop(code[pos])))
			return false;
	return true;
}
