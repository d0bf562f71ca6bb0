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
	struct x86_insn insn =
		x86_decode(page + *offset, sizeof(page) - *offset);
	char found[X86_TEXT];

	x86_text(found, page + *offset, sizeof(page) - *offset);
	assert_memory_equal(found, "jb ", 3);
	assert_int_equal(insn.kind, X86_BRANCH);
	*offset += insn.len;
	return *offset + insn.rel;
}

/* Of what is at @va in sub, relative to the stack's top in RSP. */
static void expect_at_rsp(unsigned int *offset, const char *format, u64 va)
{
	char text[X86_TEXT];

	sprintf(text, format, ELISA_SUB_STACK_TOP - va);
	expect(offset, text);
}

/* All that the caller could find something in, but what comes right after. */
static const char *const cleared[] = {
	"xor esi, esi", "xor edi, edi",	  "xor r8d, r8d",
	"xor r9d, r9d", "xor r10d, r10d", "xor r11d, r11d",
};

static void check_entry(u32 entries, enum elisa_variant which)
{
	const bool is_full = which == ELISA_VARIANT_FULL;
	const unsigned int bad = elisa_landing_bad_index(which);
	unsigned int at = elisa_gate_entry_end(which), leave, i;
	char text[X86_TEXT];

	elisa_landing_build(page, entries, which);
	for (i = 0; i < at; i++)
		assert_int_equal(page[i], 0xcc);

	/* The stack first: nothing before it can use another. */
	sprintf(text, "mov rsp, 0x%llX", ELISA_SUB_STACK_TOP);
	expect(&at, text);
	/* Full: the list is closed before anything else of the export's runs. */
	if (is_full)
		expect_at_rsp(&at, "mov dword ptr [rsp-0x%lX], 0x00",
			      ELISA_FULL_LIST_VA + 8 * ELISA_IDX_SUB);
	expect(&at, "cld");
	expect(&at, "mov rcx, r10");
	/* Unsigned bound, then a mask made of the carry it left. */
	if (entries < 10)
		sprintf(text, "cmp r11, 0x0%X", entries);
	else
		sprintf(text, "cmp r11, 0x%X", entries);
	expect(&at, text);
	leave = expect_jb(&at);
	assert_int_equal(at, bad);
	expect(&at, "ud2");
	for (; at < leave; at++)
		assert_int_equal(page[at], 0xcc);

	expect(&at, "sbb rax, rax");
	expect(&at, "and r11, rax");
	sprintf(text, "call qword ptr [rsp+r11*8+0x%llX]",
		ELISA_SUB_ENTRIES - ELISA_SUB_STACK_TOP);
	expect(&at, text);
	if (is_full)
		expect_at_rsp(&at, "mov rsp, qword ptr [rsp-0x%lX]",
			      ELISA_FULL_PRIVATE_VA + ELISA_GATE_RSP_OFFSET);
	expect(&at, "mov rdx, rax");
	for (i = 0; i < ARRAY_SIZE(cleared) && !is_full; i++)
		expect(&at, cleared[i]);
	expect(&at, which == ELISA_VARIANT_SEALED ? "mov ecx, 0x02" :
						    "xor ecx, ecx");
	expect(&at, "xor eax, eax");
	if (which == ELISA_VARIANT_INTERPOSED) {
		assert_int_equal(at, elisa_landing_vmcall());
		expect(&at, "vmcall");
	} else {
		expect(&at, "vmfunc");
	}
	assert_int_equal(at, which == ELISA_VARIANT_SEALED ?
				     elisa_gate_return(which) :
				     sizeof(page));
	for (; at < sizeof(page); at++)
		assert_int_equal(page[at], 0xcc);
}

static void check_entries(enum elisa_variant which)
{
	check_entry(1, which);
	check_entry(9, which);
	check_entry(100, which);
	check_entry(255, which);
	check_entry(ELISA_ENTRIES_MAX, which);
}

static void straight_line(void **state)
{
	(void)state;
	check_entries(ELISA_VARIANT_SEALED);
}

static void straight_line_full(void **state)
{
	(void)state;
	check_entries(ELISA_VARIANT_FULL);
}

/* The module enters it at its first instruction: the page's first. */
static void straight_line_interposed(void **state)
{
	(void)state;
	assert_int_equal(elisa_gate_entry_end(ELISA_VARIANT_INTERPOSED), 0);
	check_entries(ELISA_VARIANT_INTERPOSED);
}

/* What follows a branch that is not taken is the UD2 that the module knows. */
static void check_bad_index(enum elisa_variant which)
{
	const unsigned int bad = elisa_landing_bad_index(which);
	unsigned int at = elisa_gate_entry_end(which), i;

	elisa_landing_build(page, 3, which);
	for (i = 0; i < (which == ELISA_VARIANT_FULL ? 5 : 4); i++)
		at += x86_decode(page + at, sizeof(page) - at).len;
	assert_true(expect_jb(&at) > bad);
	assert_int_equal(at, bad);
	assert_int_equal(page[bad], 0x0f);
	assert_int_equal(page[bad + 1], 0x0b);
	assert_int_equal(x86_decode(page + bad, 16).kind, X86_FAULT);
}

static void bad_index(void **state)
{
	(void)state;
	check_bad_index(ELISA_VARIANT_SEALED);
	check_bad_index(ELISA_VARIANT_FULL);
	check_bad_index(ELISA_VARIANT_INTERPOSED);
}

/*
 * Sub code can jump to any byte of the page.  It must find one VMFUNC only,
 * the one that continues at the gate's return half, or with full trust at the
 * return stub, and nothing else that is forbidden to it.
 */
static void check_one_vmfunc(enum elisa_variant which)
{
	unsigned int entries, i;

	for (entries = 1; entries <= ELISA_ENTRIES_MAX; entries++) {
		elisa_landing_build(page, entries, which);
		for (i = 0; i < sizeof(page); i++)
			assert_int_equal(x86_is_forbidden_in_sub(page + i,
								 sizeof(page) -
									 i),
					 i == elisa_gate_return(which) - 3);
	}
}

static void one_vmfunc(void **state)
{
	(void)state;
	check_one_vmfunc(ELISA_VARIANT_SEALED);
	check_one_vmfunc(ELISA_VARIANT_FULL);
}

/* Interposed there is none; any VMCALL but the last one's is a fault. */
static void no_vmfunc(void **state)
{
	unsigned int entries, i;

	(void)state;
	for (entries = 1; entries <= ELISA_ENTRIES_MAX; entries++) {
		elisa_landing_build(page, entries, ELISA_VARIANT_INTERPOSED);
		for (i = 0; i < sizeof(page); i++)
			assert_false(x86_is_forbidden_in_sub(page + i,
							     sizeof(page) - i));
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(straight_line),
		cmocka_unit_test(straight_line_full),
		cmocka_unit_test(straight_line_interposed),
		cmocka_unit_test(bad_index),
		cmocka_unit_test(one_vmfunc),
		cmocka_unit_test(no_vmfunc),
	};

	return cmocka_run_group_tests_name("landing", tests, NULL, NULL);
}
