// SPDX-License-Identifier: GPL-2.0-only
/*
 * Building and patching gate and landing pages.  Pure computation; compiles
 * in user space too.
 */
#include "gate_code.h"

#include <elisa/layout.h>

extern const u8 elisa_tmpl_gate_entry[], elisa_tmpl_gate_eptp_end[];
extern const u8 elisa_tmpl_gate_vmfunc[], elisa_tmpl_gate_entry_end[];
extern const u8 elisa_tmpl_gate_return[], elisa_tmpl_gate_return_end[];
extern const u8 elisa_tmpl_landing[], elisa_tmpl_landing_count_end[];
extern const u8 elisa_tmpl_landing_jump[], elisa_tmpl_landing_bad[];
extern const u8 elisa_tmpl_landing_end[];
extern const u8 elisa_tmpl_leave[], elisa_tmpl_leave_end[];

static unsigned int eptp_offset(void)
{
	return elisa_tmpl_gate_eptp_end - elisa_tmpl_gate_entry - 4;
}

/** elisa_gate_entry_end() - offset behind the entry half, landing's first */
unsigned int elisa_gate_entry_end(void)
{
	return elisa_tmpl_gate_entry_end - elisa_tmpl_gate_entry;
}

/** elisa_gate_vmfunc_sub() - offset of the entry half's VMFUNC */
unsigned int elisa_gate_vmfunc_sub(void)
{
	return elisa_tmpl_gate_vmfunc - elisa_tmpl_gate_entry;
}

/** elisa_gate_return() - offset of the return half */
unsigned int elisa_gate_return(void)
{
	return ELISA_PAGE_SIZE -
	       (elisa_tmpl_gate_return_end - elisa_tmpl_gate_return);
}

/** elisa_landing_bad_index() - offset of the UD2 for a bad entry index */
unsigned int elisa_landing_bad_index(void)
{
	return elisa_gate_entry_end() +
	       (elisa_tmpl_landing_bad - elisa_tmpl_landing);
}

/**
 * elisa_gate_build() - write a gate page with no instance bound
 * @page: 4096 bytes owned by the caller
 */
void elisa_gate_build(u8 *page)
{
	memset(page, ELISA_GATE_FILL, ELISA_PAGE_SIZE);
	memcpy(page, elisa_tmpl_gate_entry, elisa_gate_entry_end());
	memcpy(page + elisa_gate_return(), elisa_tmpl_gate_return,
	       elisa_tmpl_gate_return_end - elisa_tmpl_gate_return);
}

/**
 * elisa_gate_set_eptp() - choose the sub context that a gate page leads to
 * @page: built by elisa_gate_build()
 * @eptp_low: an EPTP below 4 GiB that passed elisa_gate_eptp_ok(), or
 *	ELISA_GATE_CLOSED
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
 */
void elisa_landing_build(u8 *page, u32 entries)
{
	unsigned int start = elisa_gate_entry_end();
	unsigned int count = start - 4 +
		(elisa_tmpl_landing_count_end - elisa_tmpl_landing);
	unsigned int jump = start +
		(elisa_tmpl_landing_jump - elisa_tmpl_landing);
	unsigned int leave = elisa_gate_return() -
		(elisa_tmpl_leave_end - elisa_tmpl_leave);
	s32 rel = leave - (jump + 5);

	memset(page, ELISA_GATE_FILL, ELISA_PAGE_SIZE);
	memcpy(page + start, elisa_tmpl_landing,
	       elisa_tmpl_landing_end - elisa_tmpl_landing);
	memcpy(page + leave, elisa_tmpl_leave,
	       elisa_tmpl_leave_end - elisa_tmpl_leave);
	memcpy(page + count, &entries, sizeof(entries));
	memcpy(page + jump + 1, &rel, sizeof(rel));
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
 *
 * Gate and landing have no loops and, but for a bad entry index, no branches:
 * each is executed once.
 */
unsigned int elisa_gate_vmfuncs(void)
{
	return count_vmfuncs(elisa_tmpl_gate_entry, elisa_tmpl_gate_entry_end) +
	       count_vmfuncs(elisa_tmpl_landing, elisa_tmpl_landing_end) +
	       count_vmfuncs(elisa_tmpl_leave, elisa_tmpl_leave_end) +
	       count_vmfuncs(elisa_tmpl_gate_return,
			     elisa_tmpl_gate_return_end);
}

/*
 * A deliberately small decoder for elisa_gate_eptp_ok(): it knows a set of
 * instructions that cannot write memory and gives up on all others.  64-bit
 * mode; SDM vol. 2, appendix A, opcode maps.
 */
enum decode {
	DEC_UNSAFE = -1,
	DEC_STOP = 0,		/* faults or leaves: nothing follows */
	/* > 0: length */
};

/* Length of a ModRM operand, the ModRM byte included. */
static int modrm_len(const u8 *p)
{
	unsigned int mod = p[0] >> 6, rm = p[0] & 7, len = 1;

	if (mod == 3)
		return 1;
	if (rm == 4) {
		len++;
		if (mod == 0 && (p[1] & 7) == 5)
			return len + 4;
	} else if (mod == 0 && rm == 5) {
		return len + 4;
	}
	if (mod == 1)
		len += 1;
	else if (mod == 2)
		len += 4;
	return len;
}

static int decode_one(const u8 *p)
{
	unsigned int rex = 0;
	u8 op = *p++, reg;

	if ((op & 0xf0) == 0x40) {	/* REX */
		rex = 1;
		op = *p++;
		if ((op & 0xf0) == 0x40)
			return DEC_UNSAFE;
	}
	reg = (p[0] >> 3) & 7;

	switch (op) {
	/* not valid in 64-bit mode, or an exception by definition */
	case 0x06: case 0x07: case 0x0e: case 0x16: case 0x17: case 0x1e:
	case 0x1f: case 0x27: case 0x2f: case 0x37: case 0x3f: case 0x60:
	case 0x61: case 0x82: case 0x9a: case 0xcc: case 0xce: case 0xd4:
	case 0xd5: case 0xd6: case 0xea: case 0xf1:
		return DEC_STOP;
	case 0xc3:			/* RET: a jump within the gate */
	case 0xeb:			/* JMP rel8: likewise */
	case 0xf4:			/* HLT */
		return DEC_STOP;
	case 0x0f:
		return p[0] == 0xff || p[0] == 0x0b ? DEC_STOP : DEC_UNSAFE;
	/* registers only */
	case 0x58 ... 0x5f: case 0x90 ... 0x99: case 0x9b: case 0x9e:
	case 0x9f: case 0xc9: case 0xf5: case 0xf8 ... 0xfd:
		return rex + 1;
	/* conditional jumps; the target is another offset of the gate */
	case 0x70 ... 0x7f: case 0xe0 ... 0xe3:
	/* op AL, imm8 */
	case 0x04: case 0x0c: case 0x14: case 0x1c: case 0x24: case 0x2c:
	case 0x34: case 0x3c: case 0xa8: case 0xb0 ... 0xb7:
		return rex + 2;
	/* op EAX, imm32 */
	case 0x05: case 0x0d: case 0x15: case 0x1d: case 0x25: case 0x2d:
	case 0x35: case 0x3d: case 0xa9:
		return rex + 5;
	case 0xb8 ... 0xbf:		/* MOV imm32; imm64 with REX.W */
		return rex ? DEC_UNSAFE : 5;
	/* op r, r/m: reads only */
	case 0x02: case 0x03: case 0x0a: case 0x0b: case 0x12: case 0x13:
	case 0x1a: case 0x1b: case 0x22: case 0x23: case 0x2a: case 0x2b:
	case 0x32: case 0x33: case 0x38 ... 0x3b: case 0x63: case 0x84:
	case 0x85: case 0x8a: case 0x8b:
		return rex + 1 + modrm_len(p);
	/* op r/m, r: only to a register */
	case 0x00: case 0x01: case 0x08: case 0x09: case 0x10: case 0x11:
	case 0x18: case 0x19: case 0x20: case 0x21: case 0x28: case 0x29:
	case 0x30: case 0x31: case 0x86 ... 0x89: case 0xd0 ... 0xd3:
		return p[0] >= 0xc0 ? (int)rex + 2 : DEC_UNSAFE;
	case 0x80: case 0x83: case 0xc0: case 0xc1:	/* with imm8 */
		return p[0] >= 0xc0 ? (int)rex + 3 : DEC_UNSAFE;
	case 0x81:					/* with imm32 */
		return p[0] >= 0xc0 ? (int)rex + 6 : DEC_UNSAFE;
	case 0xfe: case 0xff:				/* INC, DEC */
		return p[0] >= 0xc0 && reg < 2 ? (int)rex + 2 : DEC_UNSAFE;
	default:
		return DEC_UNSAFE;
	}
}

/**
 * elisa_gate_eptp_ok() - may this EPTP stand in a gate page?
 * @eptp: EPTP of a sub context
 *
 * True when it lies below 4 GiB and no decode of the gate page that begins in
 * its bytes can write memory.  Its lowest byte is always 1E, an invalid
 * opcode.  What follows the immediate is constant, starts with FF (DEC ECX, a
 * ModRM byte with register operands) and is proven by the unit test.
 */
bool elisa_gate_eptp_ok(u64 eptp)
{
	u8 code[32];
	unsigned int start, pos;
	u32 low = eptp;
	int len;

	if (eptp >> 32 || (u8)eptp != 0x1e)
		return false;
	memset(code, ELISA_GATE_FILL, sizeof(code));
	memcpy(code, &low, sizeof(low));
	memcpy(code + sizeof(low), elisa_tmpl_gate_eptp_end,
	       elisa_tmpl_gate_entry_end - elisa_tmpl_gate_eptp_end);
	for (start = 1; start < sizeof(low); start++) {
		for (pos = start; pos < sizeof(low); pos += len) {
			len = decode_one(code + pos);
			if (len == DEC_UNSAFE)
				return false;
			if (len == DEC_STOP)
				break;
		}
	}
	return true;
}
