// SPDX-License-Identifier: GPL-2.0-only
/*
 * elisa_gate_eptp_ok() against an independent disassembler, for every page
 * below 4 GiB.
 */
#include "gate_code.h"
#include "gate_model.h"
#include "test.h"

#define REGIONS	     256 /* of 16 MiB, by the EPTP's highest byte */
#define REGION_PAGES 4096
#define LOW_BYTE     0x1e

static u8 page[4096];
static unsigned int accepted[REGIONS], accepted_full[REGIONS];
static unsigned int too_strict;

/*
 * Does no decode that begins at @start, one of the EPTP's bytes, do harm
 * before it reaches the constant bytes?  Those are harmless from each offset,
 * and so is every jump target (test_gate_code.c).
 */
static bool harmless_from(unsigned int start)
{
	struct x86_insn insn;

	while (start < GATE_EPTP_END) {
		insn = x86_decode(page + start, sizeof(page) - start);
		switch (insn.kind) {
		case X86_FAULT:
		case X86_JUMP:
		case X86_INDIRECT:
			return true;
		case X86_PLAIN:
		case X86_BRANCH:
			start += insn.len;
			break;
		default:
			return false;
		}
	}
	return true;
}

static bool harmless(void)
{
	unsigned int start;

	for (start = GATE_EPTP; start < GATE_EPTP_END; start++)
		if (!harmless_from(start))
			return false;
	return true;
}

static void check_eptp(u32 eptp)
{
	bool safe;

	elisa_gate_set_eptp(page, eptp);
	safe = harmless();
	if (elisa_gate_eptp_ok(eptp, false)) {
		if (!safe)
			fail_msg("EPTP 0x%x is accepted but not harmless",
				 eptp);
		accepted[eptp >> 24]++;
	} else if (safe) {
		too_strict++;
	}
}

static void every_page(void **state)
{
	u32 n;

	(void)state;
	elisa_gate_build(page, false);
	for (n = 0; n < REGIONS * REGION_PAGES; n++)
		check_eptp(n << 12 | LOW_BYTE);
}

/*
 * The full variant: each page that is accepted against the model, because what
 * matters there is not in one instruction.
 */
static void every_page_full(void **state)
{
	struct gate_finding finding;
	u32 n, eptp;

	(void)state;
	elisa_gate_build(page, true);
	for (n = 0; n < REGIONS * REGION_PAGES; n++) {
		eptp = n << 12 | LOW_BYTE;
		if (!elisa_gate_eptp_ok(eptp, true))
			continue;
		/* What is harmful in the sealed gate is so in the full one. */
		assert_true(elisa_gate_eptp_ok(eptp, false));
		elisa_gate_set_eptp(page, eptp);
		if (!gate_model_check_full(page, GATE_FULL_END, eptp, &finding))
			fail_msg("EPTP 0x%x, offset 0x%x: %s: %s", eptp,
				 finding.offset, finding.text, finding.what);
		accepted_full[eptp >> 24]++;
	}
}

/* After every_page. */
static void acceptance(void **state)
{
	unsigned int i, total = 0, poor = 0, none = 0, least = REGION_PAGES;

	(void)state;
	for (i = 0; i < REGIONS; i++) {
		total += accepted[i];
		if (accepted[i] < REGION_PAGES / 100)
			poor++;
		if (!accepted[i])
			none++;
		else if (accepted[i] < least)
			least = accepted[i];
	}
	print_message("accepted %u of %u pages (%.1f %%)\n", total,
		      REGIONS * REGION_PAGES,
		      100.0 * total / (REGIONS * REGION_PAGES));
	print_message("16 MiB regions with less than 1 %% accepted: %u of %u",
		      poor, REGIONS);
	print_message("; with none: %u; least of the others: %u of %u\n", none,
		      least, REGION_PAGES);
	print_message("poor regions, address bits 31:24:");
	for (i = 0; i < REGIONS; i++)
		if (accepted[i] < REGION_PAGES / 100)
			print_message(" %02x", i);
	print_message("\nharmless but refused: %u pages\n", too_strict);
	/* table.c: "about one page in seven" */
	assert_in_range(total, REGIONS * REGION_PAGES / 10,
			REGIONS * REGION_PAGES / 4);
}

static void acceptance_full(void **state)
{
	unsigned int i, total = 0, full = 0;

	(void)state;
	for (i = 0; i < REGIONS; i++) {
		total += accepted[i];
		full += accepted_full[i];
	}
	print_message("accepted for full trust: %u of %u pages\n", full,
		      REGIONS * REGION_PAGES);
	/* One in five of those that the sealed gate accepts is lost. */
	assert_in_range(full, total / 4 * 3, total / 10 * 9);
}

static u64 first_accepted(bool is_full)
{
	u64 base = 0;

	while (!elisa_gate_eptp_ok(base | LOW_BYTE, is_full)) {
		base += 4096;
		assert_int_equal(base >> 32, 0);
	}
	return base;
}

static void check_low_byte(bool is_full)
{
	const u64 base = first_accepted(is_full);
	unsigned int i;

	for (i = 0; i < 256; i++)
		assert_int_equal(elisa_gate_eptp_ok(base | i, is_full),
				 i == LOW_BYTE);
}

static void other_low_byte(void **state)
{
	(void)state;
	check_low_byte(false);
	check_low_byte(true);
}

static void check_above_4g(bool is_full)
{
	const u64 base = first_accepted(is_full);
	unsigned int bit;

	for (bit = 32; bit < 64; bit++)
		assert_false(elisa_gate_eptp_ok(1ULL << bit | base | LOW_BYTE,
						is_full));
}

static void above_4g(void **state)
{
	(void)state;
	check_above_4g(false);
	check_above_4g(true);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_page),
		cmocka_unit_test(acceptance),
		cmocka_unit_test(every_page_full),
		cmocka_unit_test(acceptance_full),
		cmocka_unit_test(other_low_byte),
		cmocka_unit_test(above_4g),
	};

	return cmocka_run_group_tests_name("gate EPTP", tests, NULL, NULL);
}
