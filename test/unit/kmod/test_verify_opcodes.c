// SPDX-License-Identifier: GPL-2.0-only
/*
 * The verifier against the whole instruction set, as Zydis knows it: whatever
 * code in user mode can write that the return stub does not restore must be
 * refused, or be named here with the reason why it is harmless.
 */
#include <Zydis/Zydis.h>
#include <stdlib.h>

#include "test.h"
#include "verify.h"

#define LEN 16

static ZydisDecoder decoder;
static unsigned long strings, valid, refused, forbidden;
static bool harmless[ZYDIS_MNEMONIC_MAX_VALUE + 1];
static bool reported[ZYDIS_MNEMONIC_MAX_VALUE + 1];
static unsigned int holes;

/* General, vector and x87 registers and flags: the caller has saved them. */
static bool restored(ZydisRegister reg)
{
	switch (ZydisRegisterGetClass(reg)) {
	case ZYDIS_REGCLASS_GPR8:
	case ZYDIS_REGCLASS_GPR16:
	case ZYDIS_REGCLASS_GPR32:
	case ZYDIS_REGCLASS_GPR64:
	case ZYDIS_REGCLASS_X87:
	case ZYDIS_REGCLASS_MMX:
	case ZYDIS_REGCLASS_XMM:
	case ZYDIS_REGCLASS_YMM:
	case ZYDIS_REGCLASS_ZMM:
	case ZYDIS_REGCLASS_MASK:
	case ZYDIS_REGCLASS_BOUND:
	case ZYDIS_REGCLASS_FLAGS:
	case ZYDIS_REGCLASS_IP:
		return true;
	default:
		return reg == ZYDIS_REGISTER_NONE ||
		       reg == ZYDIS_REGISTER_MXCSR ||
		       reg == ZYDIS_REGISTER_X87CONTROL ||
		       reg == ZYDIS_REGISTER_X87STATUS ||
		       reg == ZYDIS_REGISTER_X87TAG;
	}
}

/*
 * What is left: written, not restored, not refused.  In a context where the
 * descriptor tables are not mapped and an event is a VM exit.
 */
static const struct {
	ZydisMnemonic mnemonic;
	const char *why;
} exceptions[] = {
	/* A selector other than null is a read of the GDT: -EFAULT. */
	{ ZYDIS_MNEMONIC_MOV, "null selector: known weakness; else -EFAULT" },
	{ ZYDIS_MNEMONIC_POP, "null selector: known weakness; else -EFAULT" },
	{ ZYDIS_MNEMONIC_LFS, "null selector: known weakness; else -EFAULT" },
	{ ZYDIS_MNEMONIC_LGS, "null selector: known weakness; else -EFAULT" },
	{ ZYDIS_MNEMONIC_LSS, "a null SS is #GP in user mode; else -EFAULT" },
	{ ZYDIS_MNEMONIC_LGDT, "privileged" },
	{ ZYDIS_MNEMONIC_SYSCALL, "CPL 0 at an unmapped address: -EFAULT" },
	/* #UD while CET is off, and a vCPU with CET is not armed. */
	{ ZYDIS_MNEMONIC_INCSSPD, "needs CR4.CET" },
	{ ZYDIS_MNEMONIC_INCSSPQ, "needs CR4.CET" },
	{ ZYDIS_MNEMONIC_RSTORSSP, "needs CR4.CET" },
	{ ZYDIS_MNEMONIC_SAVEPREVSSP, "needs CR4.CET" },
	/* #UD while CR4.UINTR is off, and a vCPU with it is not armed. */
	{ ZYDIS_MNEMONIC_CLUI, "needs CR4.UINTR" },
	{ ZYDIS_MNEMONIC_UIRET, "needs CR4.UINTR" },
	{ ZYDIS_MNEMONIC_SENDUIPI, "needs CR4.UINTR" },
	{ ZYDIS_MNEMONIC_ENCLU, "no page of an enclave is mapped" },
};

static bool is_exception(ZydisMnemonic mnemonic)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(exceptions); i++) {
		if (exceptions[i].mnemonic == mnemonic) {
			harmless[mnemonic] = true;
			return true;
		}
	}
	return false;
}

/* The register that @insn changes for good, or ZYDIS_REGISTER_NONE. */
static ZydisRegister lasting(const ZydisDecodedInstruction *insn,
			     const ZydisDecodedOperand *op)
{
	unsigned int i;

	for (i = 0; i < insn->operand_count; i++)
		if (op[i].type == ZYDIS_OPERAND_TYPE_REGISTER &&
		    op[i].actions & ZYDIS_OPERAND_ACTION_MASK_WRITE &&
		    !restored(op[i].reg.value))
			return op[i].reg.value;
	return ZYDIS_REGISTER_NONE;
}

/* Zydis does not list what these write. */
static bool lasting_by_name(ZydisMnemonic mnemonic)
{
	switch (mnemonic) {
	case ZYDIS_MNEMONIC_VMFUNC:
	case ZYDIS_MNEMONIC_WRPKRU:
	case ZYDIS_MNEMONIC_XRSTOR:
	case ZYDIS_MNEMONIC_XRSTOR64:
	case ZYDIS_MNEMONIC_XRSTORS:
	case ZYDIS_MNEMONIC_XRSTORS64:
	case ZYDIS_MNEMONIC_WRFSBASE:
	case ZYDIS_MNEMONIC_WRGSBASE:
	case ZYDIS_MNEMONIC_LDTILECFG:
	case ZYDIS_MNEMONIC_TILERELEASE:
	case ZYDIS_MNEMONIC_INCSSPD:
	case ZYDIS_MNEMONIC_INCSSPQ:
	case ZYDIS_MNEMONIC_RSTORSSP:
	case ZYDIS_MNEMONIC_SAVEPREVSSP:
	case ZYDIS_MNEMONIC_UIRET:
	case ZYDIS_MNEMONIC_SENDUIPI:
	case ZYDIS_MNEMONIC_ENCLU:
		return true;
	default:
		return false;
	}
}

static void try(const u8 *code)
{
	ZydisDecodedOperand op[ZYDIS_MAX_OPERAND_COUNT];
	ZydisDecodedInstruction insn;
	ZydisRegister reg;
	enum elisa_verdict verdict;
	size_t offset = LEN;
	char text[8];

	strings++;
	if (!ZYAN_SUCCESS(
		    ZydisDecoderDecodeFull(&decoder, code, LEN, &insn, op)))
		return;
	valid++;
	/* Only its own bytes: what follows is another instruction. */
	verdict = elisa_verify_code(code, insn.length, &offset);
	if (verdict != ELISA_CODE_OK)
		refused++;
	if (insn.attributes & ZYDIS_ATTRIB_IS_PRIVILEGED)
		return;
	reg = lasting(&insn, op);
	if (!lasting_by_name(insn.mnemonic) && reg == ZYDIS_REGISTER_NONE)
		return;
	forbidden++;
	if (verdict != ELISA_CODE_OK)
		return;
	if (is_exception(insn.mnemonic))
		return;
	if (reported[insn.mnemonic])
		return;
	reported[insn.mnemonic] = true;
	snprintf(text, sizeof(text), "%02x%02x%02x", code[0], code[1], code[2]);
	print_error("%s (%s...) writes %s and is not refused\n",
		    ZydisMnemonicGetString(insn.mnemonic), text,
		    reg ? ZydisRegisterGetString(reg) : "hidden state");
	holes++;
}

static const u8 legacy[] = { 0x26, 0x36, 0x64, 0x65, 0x66,
			     0x67, 0xf0, 0xf2, 0xf3 };

/*
 * @n prefixes of @prefix, then all of the one- and two-byte opcode maps and of
 * 0F 38 and 0F 3A with each ModRM byte.
 */
static void maps(const u8 *prefix, unsigned int n)
{
	static const u8 escape[][2] = { { 0x0f, 0x38 }, { 0x0f, 0x3a } };
	u8 code[LEN] = { 0 };
	unsigned int i, m;

	memcpy(code, prefix, n);
	for (i = 0; i < 65536; i++) {
		memset(code + n, 0, LEN - n);
		code[n] = i >> 8;
		code[n + 1] = i;
		/* The second level of 0F is the next loop. */
		if (code[n] != 0x0f)
			try(code);
		code[n] = 0x0f;
		code[n + 1] = i >> 8;
		code[n + 2] = i;
		try(code);
		for (m = 0; m < ARRAY_SIZE(escape); m++) {
			memcpy(code + n, escape[m], 2);
			code[n + 2] = i >> 8;
			code[n + 3] = i;
			try(code);
		}
	}
}

static void legacy_maps(void **state)
{
	u8 prefix[3] = { 0 };
	unsigned int i, j, rex;

	(void)state;
	maps(prefix, 0);
	for (rex = 0x40; rex < 0x50; rex++) {
		prefix[0] = rex;
		maps(prefix, 1);
	}
	for (i = 0; i < ARRAY_SIZE(legacy); i++) {
		prefix[0] = legacy[i];
		maps(prefix, 1);
		for (j = 0; j < ARRAY_SIZE(legacy); j++) {
			prefix[1] = legacy[j];
			maps(prefix, 2);
		}
		for (rex = 0x40; rex < 0x50; rex += 5) {
			prefix[1] = rex;
			maps(prefix, 2);
		}
	}
}

/* ModRM bytes: memory, SIB, RIP-relative and register, with each /digit. */
static const u8 rm[] = { 0x00, 0x04, 0x05, 0xc0, 0xc7 };

static void each_modrm(u8 *code, unsigned int at)
{
	unsigned int op, reg, i;

	for (op = 0; op < 256; op++) {
		for (reg = 0; reg < 8; reg++) {
			for (i = 0; i < ARRAY_SIZE(rm); i++) {
				code[at] = op;
				code[at + 1] = rm[i] | reg << 3;
				try(code);
			}
		}
	}
}

/* VEX, three and two bytes long; XOP. */
static void vex(void **state)
{
	static const u8 rxb[] = { 0xe0, 0x00, 0x40, 0xa0 };
	static const u8 vvvv[] = { 0x78, 0x00, 0x50 };
	unsigned int i, j, map, wlpp;
	u8 code[LEN] = { 0 };

	(void)state;
	for (map = 0; map < 32; map++) {
		for (i = 0; i < ARRAY_SIZE(rxb); i++) {
			for (j = 0; j < ARRAY_SIZE(vvvv); j++) {
				for (wlpp = 0; wlpp < 16; wlpp++) {
					code[0] = map < 8 ? 0xc4 : 0x8f;
					code[1] = rxb[i] | map;
					code[2] = (wlpp & 8) << 4 | vvvv[j] |
						  (wlpp & 7);
					each_modrm(code, 3);
				}
			}
		}
	}
	memset(code, 0, LEN);
	for (i = 0; i < 256; i++) {
		code[0] = 0xc5;
		code[1] = i;
		each_modrm(code, 2);
	}
}

static void evex(void **state)
{
	static const u8 p2[] = { 0x08, 0x28, 0x48 };
	unsigned int map, wpp, i;
	u8 code[LEN] = { 0 };

	(void)state;
	code[0] = 0x62;
	for (map = 0; map < 8; map++) {
		for (wpp = 0; wpp < 8; wpp++) {
			for (i = 0; i < ARRAY_SIZE(p2); i++) {
				code[1] = 0xf0 | map;
				code[2] = (wpp & 4) << 5 | 0x7c | (wpp & 3);
				code[3] = p2[i];
				each_modrm(code, 4);
			}
		}
	}
}

/* Last: nothing was missed, and no exception is there without need. */
static void nothing_missed(void **state)
{
	unsigned int i, stale = 0;

	(void)state;
	print_message("%lu opcode strings, %lu instructions, %lu of them leave a trace in user mode, %lu refused\n",
		      strings, valid, forbidden, refused);
	for (i = 0; i < ARRAY_SIZE(exceptions); i++) {
		if (!harmless[exceptions[i].mnemonic]) {
			print_error("exception for %s is not needed\n",
				    ZydisMnemonicGetString(
					    exceptions[i].mnemonic));
			stale++;
		}
	}
	assert_true(forbidden > 10000);
	assert_int_equal(holes, 0);
	assert_int_equal(stale, 0);
}

static int setup(void **state)
{
	(void)state;
	return !ZYAN_SUCCESS(ZydisDecoderInit(&decoder,
					      ZYDIS_MACHINE_MODE_LONG_64,
					      ZYDIS_STACK_WIDTH_64));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(legacy_maps),
		cmocka_unit_test(vex),
		cmocka_unit_test(evex),
		cmocka_unit_test(nothing_missed),
	};

	return cmocka_run_group_tests_name("verify_opcodes", tests, setup,
					   NULL);
}
