// SPDX-License-Identifier: GPL-2.0-only
/*
 * The landing page, instruction by instruction.
 */
#include <elisa/layout.h>

#include "gate_code.h"
#include "test.h"
#include "x86.h"

static u8 page[4096];

/* Decode at *@offset, compare, move on. */
static void expect(unsigned int *offset, const char *text)
{
	char found[X86_TEXT];

	x86_text(found, page + *offset, sizeof(page) - *offset);
	assert_string_equal(found, text);
	*offset += x86_decode(page + *offset, sizeof(page) - *offset).len;
}

/* Decode JB at *@offset, move on; returns its target. */
static unsigned int expect_jb(unsigned int *offset)
{
	struct x86_insn insn = x86_decode(page + *offset,
					  sizeof(page) - *offset);
	char found[X86_TEXT];

	x86_text(found, page + *offset, sizeof(page) - *offset);
	assert_memory_equal(found, "jb ", 3);
	assert_int_equal(insn.kind, X86_BRANCH);
	*offset += insn.len;
	return *offset + insn.rel;
}

static void check_entry(u32 entries)
{
	unsigned int at = elisa_gate_entry_end(), leave, i;
	char text[X86_TEXT];

	elisa_landing_build(page, entries);
	for (i = 0; i < at; i++)
		assert_int_equal(page[i], 0xcc);

	/* The stack first: nothing before it can use another. */
	sprintf(text, "mov rsp, 0x%llX", ELISA_SUB_STACK_TOP);
	expect(&at, text);
	expect(&at, "cld");
	expect(&at, "mov rcx, r10");
	/* Unsigned bound, then a mask made of the carry it left. */
	if (entries < 10)
		sprintf(text, "cmp r11, 0x0%X", entries);
	else
		sprintf(text, "cmp r11, 0x%X", entries);
	expect(&at, text);
	leave = expect_jb(&at);
	assert_int_equal(at, elisa_landing_bad_index());
	expect(&at, "ud2");
	for (; at < leave; at++)
		assert_int_equal(page[at], 0xcc);

	expect(&at, "sbb rax, rax");
	expect(&at, "and r11, rax");
	sprintf(text, "call qword ptr [rsp+r11*8+0x%llX]",
		ELISA_SUB_ENTRIES - ELISA_SUB_STACK_TOP);
	expect(&at, text);
	expect(&at, "mov rdx, rax");
	expect(&at, "xor esi, esi");
	expect(&at, "xor edi, edi");
	expect(&at, "xor r8d, r8d");
	expect(&at, "xor r9d, r9d");
	expect(&at, "xor r10d, r10d");
	expect(&at, "xor r11d, r11d");
	expect(&at, "mov ecx, 0x02");
	expect(&at, "xor eax, eax");
	expect(&at, "vmfunc");
	assert_int_equal(at, elisa_gate_return());
	for (; at < sizeof(page); at++)
		assert_int_equal(page[at], 0xcc);
}

static void straight_line(void **state)
{
	(void)state;
	check_entry(1);
	check_entry(9);
	check_entry(100);
	check_entry(255);
	check_entry(ELISA_ENTRIES_MAX);
}

/* What follows a branch that is not taken is the UD2 that the module knows. */
static void bad_index(void **state)
{
	unsigned int at = elisa_gate_entry_end(), i;

	(void)state;
	elisa_landing_build(page, 3);
	for (i = 0; i < 4; i++)
		at += x86_decode(page + at, sizeof(page) - at).len;
	assert_true(expect_jb(&at) > at);
	assert_int_equal(at, elisa_landing_bad_index());
	assert_int_equal(page[elisa_landing_bad_index()], 0x0f);
	assert_int_equal(page[elisa_landing_bad_index() + 1], 0x0b);
	assert_int_equal(x86_decode(page + elisa_landing_bad_index(), 16).kind,
			 X86_FAULT);
}

/*
 * Sub code can jump to any byte of the page.  It must find one VMFUNC only,
 * the one that continues at the gate's return half, and nothing else that is
 * forbidden to it.
 */
static void one_vmfunc(void **state)
{
	unsigned int entries, i;

	(void)state;
	for (entries = 1; entries <= ELISA_ENTRIES_MAX; entries++) {
		elisa_landing_build(page, entries);
		for (i = 0; i < sizeof(page); i++)
			assert_int_equal(x86_is_forbidden_in_sub(page + i,
								 sizeof(page) -
								 i),
					 i == elisa_gate_return() - 3);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(straight_line),
		cmocka_unit_test(bad_index),
		cmocka_unit_test(one_vmfunc),
	};

	return cmocka_run_group_tests_name("landing", tests, NULL, NULL);
}
