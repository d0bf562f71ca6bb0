// SPDX-License-Identifier: GPL-2.0-only
/*
 * Classification of x86 instructions.  What is not on a list here is
 * X86_OTHER.
 */
#include <Zydis/Zydis.h>

#include "x86.h"

#define LIST_HAS(list, value) \
	list_has(list, sizeof(list) / sizeof((list)[0]), value)

static const ZydisMnemonic plain[] = {
	ZYDIS_MNEMONIC_ADC,   ZYDIS_MNEMONIC_ADD,  ZYDIS_MNEMONIC_AND,
	ZYDIS_MNEMONIC_BSWAP, ZYDIS_MNEMONIC_CBW,  ZYDIS_MNEMONIC_CDQ,
	ZYDIS_MNEMONIC_CDQE,  ZYDIS_MNEMONIC_CLC,  ZYDIS_MNEMONIC_CLD,
	ZYDIS_MNEMONIC_CLI,   ZYDIS_MNEMONIC_CMC,  ZYDIS_MNEMONIC_CMP,
	ZYDIS_MNEMONIC_CQO,   ZYDIS_MNEMONIC_CWD,  ZYDIS_MNEMONIC_CWDE,
	ZYDIS_MNEMONIC_DEC,   ZYDIS_MNEMONIC_DIV,  ZYDIS_MNEMONIC_FWAIT,
	ZYDIS_MNEMONIC_HLT,   ZYDIS_MNEMONIC_IDIV, ZYDIS_MNEMONIC_IMUL,
	ZYDIS_MNEMONIC_INC,   ZYDIS_MNEMONIC_LAHF, ZYDIS_MNEMONIC_LEA,
	ZYDIS_MNEMONIC_LEAVE, ZYDIS_MNEMONIC_MOV,  ZYDIS_MNEMONIC_MOVSXD,
	ZYDIS_MNEMONIC_MUL,   ZYDIS_MNEMONIC_NEG,  ZYDIS_MNEMONIC_NOP,
	ZYDIS_MNEMONIC_NOT,   ZYDIS_MNEMONIC_OR,   ZYDIS_MNEMONIC_PAUSE,
	ZYDIS_MNEMONIC_POP,   ZYDIS_MNEMONIC_RCL,  ZYDIS_MNEMONIC_RCR,
	ZYDIS_MNEMONIC_ROL,   ZYDIS_MNEMONIC_ROR,  ZYDIS_MNEMONIC_SAHF,
	ZYDIS_MNEMONIC_SALC,  ZYDIS_MNEMONIC_SAR,  ZYDIS_MNEMONIC_SBB,
	ZYDIS_MNEMONIC_SHL,   ZYDIS_MNEMONIC_SHR,  ZYDIS_MNEMONIC_STC,
	ZYDIS_MNEMONIC_STD,   ZYDIS_MNEMONIC_STI,  ZYDIS_MNEMONIC_SUB,
	ZYDIS_MNEMONIC_TEST,  ZYDIS_MNEMONIC_XCHG, ZYDIS_MNEMONIC_XOR,
};

static const ZydisMnemonic faults[] = {
	ZYDIS_MNEMONIC_INT, ZYDIS_MNEMONIC_INT1, ZYDIS_MNEMONIC_INT3,
	ZYDIS_MNEMONIC_UD0, ZYDIS_MNEMONIC_UD1,	 ZYDIS_MNEMONIC_UD2,
};

static const ZydisMnemonic branches[] = {
	ZYDIS_MNEMONIC_JB,    ZYDIS_MNEMONIC_JBE,   ZYDIS_MNEMONIC_JECXZ,
	ZYDIS_MNEMONIC_JL,    ZYDIS_MNEMONIC_JLE,   ZYDIS_MNEMONIC_JNB,
	ZYDIS_MNEMONIC_JNBE,  ZYDIS_MNEMONIC_JNL,   ZYDIS_MNEMONIC_JNLE,
	ZYDIS_MNEMONIC_JNO,   ZYDIS_MNEMONIC_JNP,   ZYDIS_MNEMONIC_JNS,
	ZYDIS_MNEMONIC_JNZ,   ZYDIS_MNEMONIC_JO,    ZYDIS_MNEMONIC_JP,
	ZYDIS_MNEMONIC_JRCXZ, ZYDIS_MNEMONIC_JS,    ZYDIS_MNEMONIC_JZ,
	ZYDIS_MNEMONIC_LOOP,  ZYDIS_MNEMONIC_LOOPE, ZYDIS_MNEMONIC_LOOPNE,
};

static const ZydisMnemonic forbidden_in_sub[] = {
	ZYDIS_MNEMONIC_VMFUNC,	    ZYDIS_MNEMONIC_WRPKRU,
	ZYDIS_MNEMONIC_XRSTOR,	    ZYDIS_MNEMONIC_XRSTOR64,
	ZYDIS_MNEMONIC_XRSTORS,	    ZYDIS_MNEMONIC_XRSTORS64,
	ZYDIS_MNEMONIC_WRFSBASE,    ZYDIS_MNEMONIC_WRGSBASE,
	ZYDIS_MNEMONIC_LDTILECFG,   ZYDIS_MNEMONIC_STTILECFG,
	ZYDIS_MNEMONIC_TILERELEASE, ZYDIS_MNEMONIC_TILELOADD,
	ZYDIS_MNEMONIC_TILELOADDT1, ZYDIS_MNEMONIC_TILESTORED,
	ZYDIS_MNEMONIC_TILEZERO,    ZYDIS_MNEMONIC_TDPBF16PS,
	ZYDIS_MNEMONIC_TDPBSSD,	    ZYDIS_MNEMONIC_TDPBSUD,
	ZYDIS_MNEMONIC_TDPBUSD,	    ZYDIS_MNEMONIC_TDPBUUD,
};

/* SDM vol. 2, table A-2: one-byte opcodes that are invalid in 64-bit mode. */
static const u8 invalid_opcode[] = {
	0x06, 0x07, 0x0e, 0x16, 0x17, 0x1e, 0x1f, 0x27, 0x2f, 0x37,
	0x3f, 0x60, 0x61, 0x82, 0x9a, 0xce, 0xd4, 0xd5, 0xd6, 0xea,
};

static bool list_has(const ZydisMnemonic *list, size_t n, ZydisMnemonic value)
{
	while (n--)
		if (list[n] == value)
			return true;
	return false;
}

static ZyanStatus decode(const u8 *code, size_t left,
			 ZydisDecodedInstruction *insn,
			 ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT])
{
	static ZydisDecoder decoder;
	static bool ready;

	if (!ready) {
		ZydisDecoderInit(&decoder, ZYDIS_MACHINE_MODE_LONG_64,
				 ZYDIS_STACK_WIDTH_64);
		ready = true;
	}
	return ZydisDecoderDecodeFull(&decoder, code, left, insn, operands);
}

static bool is_prefix(u8 byte)
{
	static const u8 prefix[] = {
		0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65,
		0x66, 0x67, 0xf0, 0xf2, 0xf3,
	};

	return (byte & 0xf0) == 0x40 || memchr(prefix, byte, sizeof(prefix));
}

/*
 * That Zydis does not know an encoding does not mean that no CPU does.  Is it
 * one that the SDM defines to be invalid?
 */
static bool known_invalid(const u8 *code, size_t left)
{
	u8 modrm;

	while (left && is_prefix(*code)) {
		code++;
		left--;
	}
	if (left && memchr(invalid_opcode, *code, sizeof(invalid_opcode)))
		return true;
	if (left < 2)
		return false;
	modrm = code[1];
	if (*code == 0xc6 || *code == 0xc7) /* only /0, XABORT, XBEGIN */
		return modrm >> 3 & 7 && modrm != 0xf8;
	if ((*code & 0xf8) == 0xd8) /* x87, reserved encodings */
		return modrm >= 0xc0;
	if (*code == 0xfe)
		return (modrm >> 3 & 7) > 1;
	if (*code == 0xff) /* /7; far ones from registers */
		return (modrm >> 3 & 7) == 7 ||
		       (modrm >= 0xc0 && (modrm >> 3 & 5) == 1 &&
			(modrm >> 3 & 7) != 1);
	return false;
}

static bool writes(const ZydisDecodedOperand *op)
{
	return op->actions & ZYDIS_OPERAND_ACTION_MASK_WRITE;
}

/* A register whose value no protocol step relies on. */
static bool is_general(ZydisRegister reg)
{
	switch (ZydisRegisterGetClass(reg)) {
	case ZYDIS_REGCLASS_GPR8:
	case ZYDIS_REGCLASS_GPR16:
	case ZYDIS_REGCLASS_GPR32:
	case ZYDIS_REGCLASS_GPR64:
	case ZYDIS_REGCLASS_FLAGS:
	case ZYDIS_REGCLASS_X87:
		return true;
	default:
		return reg == ZYDIS_REGISTER_X87CONTROL ||
		       reg == ZYDIS_REGISTER_X87STATUS ||
		       reg == ZYDIS_REGISTER_X87TAG;
	}
}

/* x87 instructions, of which only those with a memory operand store. */
static bool is_x87(const ZydisDecodedInstruction *insn)
{
	return insn->opcode_map == ZYDIS_OPCODE_MAP_DEFAULT &&
	       (insn->opcode & 0xf8) == 0xd8;
}

static enum x86_kind by_operands(const ZydisDecodedInstruction *insn,
				 const ZydisDecodedOperand *operands)
{
	enum x86_kind kind = X86_PLAIN;
	unsigned int i;

	for (i = 0; i < insn->operand_count; i++) {
		if (!writes(&operands[i]))
			continue;
		if (operands[i].type == ZYDIS_OPERAND_TYPE_MEMORY)
			kind = X86_STORE;
		else if (operands[i].type != ZYDIS_OPERAND_TYPE_REGISTER ||
			 !is_general(operands[i].reg.value))
			return X86_OTHER;
	}
	return kind;
}

static bool is_relative(const ZydisDecodedOperand *operand)
{
	return operand->type == ZYDIS_OPERAND_TYPE_IMMEDIATE &&
	       operand->imm.is_relative;
}

/** x86_decode() - classify the instruction at @code, of @left bytes */
struct x86_insn x86_decode(const u8 *code, size_t left)
{
	ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];
	struct x86_insn result = { X86_OTHER, 0, 0 };
	ZydisDecodedInstruction insn;
	ZyanStatus status;

	status = decode(code, left, &insn, operands);
	if (status == ZYDIS_STATUS_NO_MORE_DATA) {
		result.kind = X86_NONE;
		return result;
	}
	if (!ZYAN_SUCCESS(status)) {
		if (known_invalid(code, left))
			result.kind = X86_FAULT;
		return result;
	}
	result.len = insn.length;
	if (LIST_HAS(plain, insn.mnemonic) || is_x87(&insn)) {
		result.kind = by_operands(&insn, operands);
	} else if (LIST_HAS(faults, insn.mnemonic)) {
		result.kind = X86_FAULT;
	} else if (LIST_HAS(branches, insn.mnemonic)) {
		result.kind = X86_BRANCH;
		result.rel = operands[0].imm.value.s;
	} else if (insn.mnemonic == ZYDIS_MNEMONIC_JMP &&
		   insn.meta.branch_type != ZYDIS_BRANCH_TYPE_FAR) {
		if (is_relative(&operands[0])) {
			result.kind = X86_JUMP;
			result.rel = operands[0].imm.value.s;
		} else {
			result.kind = X86_INDIRECT;
		}
	} else if (insn.mnemonic == ZYDIS_MNEMONIC_RET &&
		   insn.meta.branch_type != ZYDIS_BRANCH_TYPE_FAR) {
		result.kind = X86_INDIRECT;
	} else if (insn.mnemonic == ZYDIS_MNEMONIC_VMFUNC) {
		result.kind = X86_VMFUNC;
	}
	return result;
}

/** x86_text() - the instruction in Intel syntax, "invalid" without one */
void x86_text(char text[X86_TEXT], const u8 *code, size_t left)
{
	ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];
	ZydisDecodedInstruction insn;
	ZydisFormatter formatter;

	strcpy(text, "invalid");
	if (!ZYAN_SUCCESS(decode(code, left, &insn, operands)))
		return;
	ZydisFormatterInit(&formatter, ZYDIS_FORMATTER_STYLE_INTEL);
	ZydisFormatterSetProperty(&formatter, ZYDIS_FORMATTER_PROP_FORCE_SIZE,
				  ZYAN_TRUE);
	ZydisFormatterSetProperty(&formatter,
				  ZYDIS_FORMATTER_PROP_FORCE_RELATIVE_BRANCHES,
				  ZYAN_TRUE);
	ZydisFormatterFormatInstruction(&formatter, &insn, operands,
					insn.operand_count_visible, text,
					X86_TEXT, ZYDIS_RUNTIME_ADDRESS_NONE,
					NULL);
}

/** x86_is_forbidden_in_sub() - is there an instruction sub may not have? */
bool x86_is_forbidden_in_sub(const u8 *code, size_t left)
{
	ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];
	ZydisDecodedInstruction insn;

	return ZYAN_SUCCESS(decode(code, left, &insn, operands)) &&
	       LIST_HAS(forbidden_in_sub, insn.mnemonic);
}

/** x86_writes_ecx() - may the instruction change any part of RCX? */
bool x86_writes_ecx(const u8 *code, size_t left)
{
	ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];
	ZydisDecodedInstruction insn;
	unsigned int i;

	if (!ZYAN_SUCCESS(decode(code, left, &insn, operands)))
		return false;
	for (i = 0; i < insn.operand_count; i++)
		if (writes(&operands[i]) &&
		    operands[i].type == ZYDIS_OPERAND_TYPE_REGISTER &&
		    ZydisRegisterGetLargestEnclosing(ZYDIS_MACHINE_MODE_LONG_64,
						     operands[i].reg.value) ==
			    ZYDIS_REGISTER_RCX)
			return true;
	return false;
}
