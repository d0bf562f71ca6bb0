// SPDX-License-Identifier: GPL-2.0-only
/*
 * Forbidden instructions in sub code.
 */
#include <stdlib.h>

#include "test.h"
#include "verify.h"
#include "x86.h"

#define NOTHING ((size_t)-1)

struct pattern {
	u8 code[4];
	enum elisa_verdict verdict;
};

/* The smallest, the largest and one more ModRM byte of each range. */
static const struct pattern patterns[] = {
	{ { 0x0f, 0x01, 0xd4 }, ELISA_CODE_VMFUNC },
	{ { 0x0f, 0x01, 0xef }, ELISA_CODE_WRPKRU },
	{ { 0x0f, 0xae, 0x28 }, ELISA_CODE_XRSTOR }, /* [rax] */
	{ { 0x0f, 0xae, 0x2d }, ELISA_CODE_XRSTOR }, /* [rip] */
	{ { 0x0f, 0xae, 0x6c }, ELISA_CODE_XRSTOR }, /* SIB, disp8 */
	{ { 0x0f, 0xae, 0xaf }, ELISA_CODE_XRSTOR }, /* [rdi + disp32] */
	{ { 0x0f, 0xc7, 0x18 }, ELISA_CODE_XRSTOR }, /* XRSTORS */
	{ { 0x0f, 0xc7, 0x5c }, ELISA_CODE_XRSTOR },
	{ { 0x0f, 0xc7, 0x9f }, ELISA_CODE_XRSTOR },
	{ { 0x0f, 0xae, 0xd0 }, ELISA_CODE_WRFSGSBASE },
	{ { 0x0f, 0xae, 0xd7 }, ELISA_CODE_WRFSGSBASE },
	{ { 0x0f, 0xae, 0xd8 }, ELISA_CODE_WRFSGSBASE },
	{ { 0x0f, 0xae, 0xdf }, ELISA_CODE_WRFSGSBASE },
	{ { 0xc4, 0xe2, 0x78, 0x49 }, ELISA_CODE_AMX }, /* LDTILECFG */
	{ { 0xc4, 0x02, 0x7b, 0x4b }, ELISA_CODE_AMX }, /* TILELOADD */
	{ { 0xc4, 0xc2, 0x03, 0x5e }, ELISA_CODE_AMX }, /* TDPBSSD */
};

static size_t length(const struct pattern *p)
{
	return p->verdict == ELISA_CODE_AMX ? 4 : 3;
}

static void check(const u8 *code, size_t len, enum elisa_verdict verdict,
		  size_t offset)
{
	size_t found = NOTHING;

	assert_int_equal(elisa_verify_code(code, len, &found), verdict);
	assert_int_equal(found, offset);
}

/* On the heap, so that ASan sees a read behind the end. */
static u8 *nops(size_t len)
{
	u8 *code = malloc(len ? len : 1);

	assert_non_null(code);
	memset(code, 0x90, len);
	return code;
}

static void each_position(size_t len, size_t first, size_t last)
{
	u8 *code = nops(len);
	size_t i, at, n;

	for (i = 0; i < ARRAY_SIZE(patterns); i++) {
		n = length(&patterns[i]);
		for (at = first; at <= last && at + n <= len; at++) {
			memcpy(code + at, patterns[i].code, n);
			check(code, len, patterns[i].verdict, at);
			memset(code + at, 0x90, n);
		}
	}
	check(code, len, ELISA_CODE_OK, NOTHING);
	free(code);
}

static void every_position(void **state)
{
	size_t len;

	(void)state;
	for (len = 3; len < 70; len++)
		each_position(len, 0, len - 3);
}

/* Anywhere in two pages, the boundary between them and the end included. */
static void two_pages(void **state)
{
	(void)state;
	each_position(8192, 0, 8191);
}

/* A pattern whose end is cut off is none. */
static void truncated(void **state)
{
	size_t i, len, left;
	u8 *code;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(patterns); i++) {
		for (len = 0; len < 20; len++) {
			for (left = 0;
			     left < length(&patterns[i]) && left <= len;
			     left++) {
				code = nops(len);
				memcpy(code + len - left, patterns[i].code,
				       left);
				check(code, len, ELISA_CODE_OK, NOTHING);
				free(code);
			}
		}
	}
}

static void near_misses(void **state)
{
	static const u8 ok[][4] = {
		{ 0x0f, 0xae, 0xe8, 0x90 }, /* LFENCE */
		{ 0x0f, 0xae, 0xf0, 0x90 }, /* MFENCE */
		{ 0x0f, 0xae, 0xf8, 0x90 }, /* SFENCE */
		{ 0x0f, 0x01, 0xd0, 0x90 }, /* XGETBV */
		{ 0x0f, 0x01, 0xee, 0x90 }, /* RDPKRU */
		{ 0x0f, 0x01, 0xf9, 0x90 }, /* RDTSCP */
		{ 0x0f, 0xc7, 0x0f, 0x90 }, /* CMPXCHG8B [rdi] */
		{ 0x48, 0x0f, 0xc7, 0x0f }, /* CMPXCHG16B [rdi] */
		{ 0x0f, 0xc7, 0xf0, 0x90 }, /* RDRAND */
		{ 0x0f, 0xc7, 0x27, 0x90 }, /* XSAVEC [rdi] */
		{ 0x0f, 0xae, 0x17, 0x90 }, /* LDMXCSR [rdi] */
		{ 0x0f, 0xae, 0x1f, 0x90 }, /* STMXCSR [rdi] */
		{ 0x0f, 0xae, 0x27, 0x90 }, /* XSAVE [rdi] */
		{ 0x0f, 0xae, 0x0f, 0x90 }, /* FXRSTOR [rdi] */
		{ 0xf3, 0x0f, 0xae, 0xc0 }, /* RDFSBASE */
		{ 0xf3, 0x0f, 0xae, 0xc8 }, /* RDGSBASE */
		{ 0xc4, 0xe2, 0x79, 0x58 }, /* VPBROADCASTD */
		{ 0xc4, 0xe2, 0x7d, 0x49 }, /* L = 1: no such instruction */
		{ 0xc4, 0xe2, 0xf8, 0x49 }, /* W = 1: likewise */
		{ 0xc4, 0xe3, 0x79, 0x4b }, /* VBLENDVPD */
		{ 0xc4, 0xe1, 0x78, 0x5c }, /* VSUBPS */
		{ 0x0e, 0x01, 0xd4, 0x90 }, { 0x0f, 0x02, 0xd4, 0x90 },
		{ 0x0f, 0x0f, 0x01, 0xd5 },
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(ok); i++)
		check(ok[i], sizeof(ok[i]), ELISA_CODE_OK, NOTHING);
}

/* The first of several is reported. */
static void first_one(void **state)
{
	static const u8 code[] = {
		0x90, 0x0f, 0x0f, 0x01, 0xef, 0x0f, 0x01, 0xd4,
	};

	(void)state;
	check(code, sizeof(code), ELISA_CODE_WRPKRU, 2);
}

/* From the SDM's opcode maps. */
static enum elisa_verdict expected(u8 opcode, u8 modrm)
{
	unsigned int reg = modrm >> 3 & 7;
	bool memory = modrm < 0xc0;

	if (opcode == 0x01 && modrm == 0xd4)
		return ELISA_CODE_VMFUNC;
	if (opcode == 0x01 && modrm == 0xef)
		return ELISA_CODE_WRPKRU;
	if (memory &&
	    ((opcode == 0xae && reg == 5) || (opcode == 0xc7 && reg == 3)))
		return ELISA_CODE_XRSTOR;
	if (!memory && opcode == 0xae && (reg == 2 || reg == 3))
		return ELISA_CODE_WRFSGSBASE;
	return ELISA_CODE_OK;
}

static void every_opcode(void **state)
{
	u8 code[16] = { 0x0f };
	enum elisa_verdict verdict;
	unsigned int i;

	(void)state;
	for (i = 0; i < 65536; i++) {
		code[1] = i >> 8;
		code[2] = i;
		/* 0F 0F ... is looked at again from the second byte. */
		verdict = expected(code[1], code[2]);
		check(code, sizeof(code), verdict,
		      verdict == ELISA_CODE_OK ? NOTHING : 0);
	}
}

/* With any two prefixes: what a disassembler calls forbidden is found. */
static void every_prefix(void **state)
{
	static const u8 prefixes[] = {
		0x90, 0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65, 0x66,
		0x67, 0xf0, 0xf2, 0xf3, 0x40, 0x41, 0x48, 0x4f,
	};
	const unsigned int n = ARRAY_SIZE(prefixes);
	unsigned int i, j, found = 0;
	u8 code[16] = { 0 };
	size_t offset;

	(void)state;
	code[2] = 0x0f;
	for (i = 0; i < n * n; i++) {
		code[0] = prefixes[i / n];
		code[1] = prefixes[i % n];
		for (j = 0; j < 65536; j++) {
			code[3] = j >> 8;
			code[4] = j;
			if (!x86_is_forbidden_in_sub(code, sizeof(code)) &&
			    !x86_is_forbidden_in_sub(code + 1,
						     sizeof(code) - 1))
				continue;
			found++;
			assert_int_not_equal(elisa_verify_code(code,
							       sizeof(code),
							       &offset),
					     ELISA_CODE_OK);
			assert_int_equal(offset, 2);
		}
	}
	assert_true(found > 1000);
}

static void texts(void **state)
{
	int i, j;

	(void)state;
	for (i = ELISA_CODE_OK; i <= ELISA_CODE_AMX; i++) {
		assert_non_null(elisa_verdict_text(i));
		for (j = ELISA_CODE_OK; j < i; j++)
			assert_string_not_equal(elisa_verdict_text(i),
						elisa_verdict_text(j));
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_position),
		cmocka_unit_test(two_pages),
		cmocka_unit_test(truncated),
		cmocka_unit_test(near_misses),
		cmocka_unit_test(first_one),
		cmocka_unit_test(every_opcode),
		cmocka_unit_test(every_prefix),
		cmocka_unit_test(texts),
	};

	return cmocka_run_group_tests_name("verify", tests, NULL, NULL);
}
