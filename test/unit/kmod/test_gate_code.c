// SPDX-License-Identifier: GPL-2.0-only
/*
 * The gate page: what it does when used as meant, and that it does no harm
 * from any of its 4096 offsets.
 */
#include "gate_code.h"
#include "gate_model.h"
#include "test.h"

#define SAMPLES 400

static const u8 vmfunc[] = { 0x0f, 0x01, 0xd4 };

static u8 page[4096];

static void check_page(u32 eptp, bool is_full)
{
	struct gate_finding finding;

	if (is_full ? !gate_model_check_full(page, 4096, eptp, &finding) :
		      !gate_model_check(page, eptp, &finding))
		fail_msg("EPTP 0x%x, offset 0x%x: %s: %s", eptp, finding.offset,
			 finding.text, finding.what);
}

/* SDM vol. 3, "VM-Execution Control Fields": what VMFUNC accepts. */
static bool eptp_valid(u64 eptp)
{
	unsigned int type = eptp & 7, walk = eptp >> 3 & 7;

	return (type == 0 || type == 6) && (walk == 3 || walk == 4) &&
	       !(eptp & 0xf00);
}

static void layout(void **state)
{
	unsigned int i;

	(void)state;
	elisa_gate_build(page, false);
	assert_int_equal(elisa_gate_entry_end(false), GATE_EPTP_END + 13);
	assert_int_equal(elisa_gate_vmfunc_sub(false),
			 elisa_gate_entry_end(false) - 3);
	assert_memory_equal(page + elisa_gate_vmfunc_sub(false), vmfunc, 3);
	assert_memory_equal(page + 4096 - 3, vmfunc, 3);
	for (i = elisa_gate_entry_end(false); i < elisa_gate_return(false); i++)
		assert_int_equal(page[i], 0xcc);
	assert_true(elisa_gate_return(false) >
		    elisa_gate_entry_end(false) + 2048);
	assert_int_equal(elisa_gate_vmfuncs(false), 3);
}

/* Full: the entry half and nothing else. */
static void layout_full(void **state)
{
	unsigned int i;

	(void)state;
	elisa_gate_build(page, true);
	assert_int_equal(elisa_gate_entry_end(true), GATE_FULL_END);
	assert_int_equal(elisa_gate_vmfunc_sub(true), GATE_FULL_END - 3);
	assert_memory_equal(page + GATE_FULL_END - 3, vmfunc, 3);
	assert_int_equal(elisa_gate_return(true), 4096);
	for (i = GATE_FULL_END; i < 4096; i++)
		assert_int_equal(page[i], 0xcc);
	assert_int_equal(elisa_gate_vmfuncs(true), 2);
}

static void check_line(unsigned int offset, const char *const *line, size_t n)
{
	char text[X86_TEXT];
	size_t i;

	for (i = 0; i < n; i++) {
		x86_text(text, page + offset, sizeof(page) - offset);
		assert_string_equal(text, line[i]);
		offset += x86_decode(page + offset, sizeof(page) - offset).len;
	}
}

/* As run from the entry stub, and from the landing page. */
static void straight_line(void **state)
{
	static const char *const entry[] = {
		"mov qword ptr [0x000000001FD6E010], rsp",
		"mov dword ptr [0x000000001FD6D008], 0x1234501E",
		"dec ecx",
		"and byte ptr [0x000000001FD6D000], 0xC7",
		"vmfunc",
	};
	static const char *const back[] = {
		"or byte ptr [0x000000001FD6D000], 0x18",
		"shl dword ptr [0x000000001FD6D008], 0x1F",
		"mov rsp, qword ptr [0x000000001FD6E010]",
		"xor ecx, ecx",
		"vmfunc",
	};

	static const char *const entry_full[] = {
		"mov qword ptr [0x000000001FD6E010], rsp",
		"mov dword ptr [0x000000001FD6D008], 0x1234501E",
		"dec ecx",
		"vmfunc",
	};

	(void)state;
	elisa_gate_build(page, false);
	elisa_gate_set_eptp(page, 0x1234501e);
	check_line(0, entry, ARRAY_SIZE(entry));
	check_line(elisa_gate_return(false), back, ARRAY_SIZE(back));
	elisa_gate_build(page, true);
	elisa_gate_set_eptp(page, 0x1234501e);
	check_line(0, entry_full, ARRAY_SIZE(entry_full));
}

static void check_set_eptp(bool is_full)
{
	static u8 before[4096];
	u32 eptp;

	elisa_gate_build(page, is_full);
	memcpy(&eptp, page + GATE_EPTP, 4);
	assert_int_equal(eptp, ELISA_GATE_CLOSED);
	memcpy(before, page, 4096);
	elisa_gate_set_eptp(page, 0xabcde01e);
	memcpy(&eptp, page + GATE_EPTP, 4);
	assert_int_equal(eptp, 0xabcde01e);
	assert_memory_equal(page, before, GATE_EPTP);
	assert_memory_equal(page + GATE_EPTP_END, before + GATE_EPTP_END,
			    4096 - GATE_EPTP_END);
	elisa_gate_set_eptp(page, ELISA_GATE_CLOSED);
	assert_memory_equal(page, before, 4096);
}

static void set_eptp(void **state)
{
	(void)state;
	check_set_eptp(false);
	check_set_eptp(true);
}

static void closed_is_invalid(void **state)
{
	(void)state;
	assert_false(eptp_valid(ELISA_GATE_CLOSED));
	/* For a reason that no CPU extension of the other fields changes. */
	assert_int_not_equal(ELISA_GATE_CLOSED & 0xf00, 0);
}

/* The constants, from the instructions. */
static u8 last_byte_of(unsigned int offset)
{
	return page[offset + x86_decode(page + offset, 16).len - 1];
}

static void default_entry(void **state)
{
	/* KVM's, with and without accessed/dirty flags. */
	static const u64 eptps[] = { 0x5e, 0x1e, 0x12345605e, 0xfffffffff01e };
	u64 eptp;
	u8 clear, set;
	size_t i;

	(void)state;
	elisa_gate_build(page, false);
	clear = last_byte_of(GATE_EPTP_END + 2);
	set = last_byte_of(elisa_gate_return(false));
	for (i = 0; i < ARRAY_SIZE(eptps); i++) {
		eptp = eptps[i];
		assert_true(eptp_valid(eptp));
		eptp &= ~0xffULL | clear;
		assert_false(eptp_valid(eptp));
		/* Twice is the same: an interrupted call is restarted. */
		assert_int_equal(eptp & (~0xffULL | clear), eptp);
		eptp |= set;
		assert_int_equal(eptp, eptps[i]);
		assert_int_equal(eptp | set, eptps[i]);
	}
}

static void sub_entry(void **state)
{
	static const u32 eptps[] = {
		0x1e,
		0x1234501e,
		0xfffff01e,
		ELISA_GATE_CLOSED,
	};
	size_t i;

	(void)state;
	elisa_gate_build(page, false);
	for (i = 0; i < ARRAY_SIZE(eptps); i++)
		assert_int_equal(eptps[i] << last_byte_of(
					 elisa_gate_return(false) + 8),
				 0);
}

static void closed_harmless(void **state)
{
	(void)state;
	elisa_gate_build(page, false);
	check_page(ELISA_GATE_CLOSED, false);
	elisa_gate_build(page, true);
	check_page(ELISA_GATE_CLOSED, true);
}

static void check_open(bool is_full)
{
	unsigned int n = 0, tries = 0;
	u32 eptp;

	elisa_gate_build(page, is_full);
	while (n < SAMPLES) {
		assert_true(tries++ < SAMPLES * 100);
		eptp = (u32)test_random() << 12 | 0x1e;
		if (!elisa_gate_eptp_ok(eptp, is_full))
			continue;
		elisa_gate_set_eptp(page, eptp);
		check_page(eptp, is_full);
		n++;
	}
}

static void open_harmless(void **state)
{
	(void)state;
	check_open(false);
}

static void open_harmless_full(void **state)
{
	(void)state;
	check_open(true);
}

/* The model must find what it is there for. */
static void model_finds(void **state)
{
	static const struct {
		unsigned int offset;
		u8 code[4];
	} bad[] = {
		{ 0x400, { 0x50 } },		 /* push rax */
		{ 0x400, { 0x89, 0x07 } },	 /* mov [rdi], eax */
		{ 0x400, { 0xaa } },		 /* stosb */
		{ 0x400, { 0xe8 } },		 /* call */
		{ 0x400, { 0x0f, 0x05 } },	 /* syscall */
		{ 0x400, { 0x0f, 0x34 } },	 /* sysenter */
		{ 0x400, { 0x0f, 0x22, 0xd8 } }, /* mov cr3, rax */
		{ 0x400, { 0x8e, 0xd0 } },	 /* mov ss, eax */
		{ 0x400, { 0xcf } },		 /* iret */
		{ 0x400, { 0x9c } },		 /* pushf */
		{ 0x400, { 0xc8 } },		 /* enter */
		{ 0x400, { 0x0f, 0x01, 0xc1 } }, /* vmcall */
		{ 0x400, { 0xff, 0x2f } },	 /* far jump */
		{ 0x400, { 0xdd, 0x37 } },	 /* fnsave */
		{ 0x400, { 0x0f, 0x01, 0xef } }, /* wrpkru */
		{ 0x400, { 0xf3, 0xa4 } },	 /* rep movsb */
		{ 0x400, { 0xf3, 0x48, 0xab } }, /* rep stosq */
		{ 0x400, { 0x67, 0xaa } },	 /* stosb to EDI */
		{ 0x400, { 0x64, 0x88, 0x00 } }, /* mov fs:[rax], al */
		{ 0x400, { 0x65, 0xaa } },	 /* prefixed stosb */
		{ 0x400, { 0x67, 0x89, 0x07 } }, /* mov [edi], eax */
		{ 0x400, { 0xf0, 0xff, 0x03 } }, /* lock inc [rbx] */
		{ 0x400, { 0x8f, 0x03 } },	 /* pop [rbx] */
		{ 0x400, { 0x6c } },		 /* insb */
		{ 0x400, { 0xd7, 0x86, 0x03 } }, /* xlat; xchg [rbx] */
		{ 0x400, { 0x0f, 0x92, 0x03 } }, /* setb [rbx] */
		{ 0x400, { 0x0f, 0xc3, 0x03 } }, /* movnti */
		{ 0x400, { 0x0f, 0x11, 0x03 } }, /* movups [rbx] */
		{ 0x400, { 0x0f, 0xae, 0x03 } }, /* fxsave */
		/* the right stores, to other places */
		{ 0x004, { 0x10, 0xd0, 0xd6, 0x1f } }, /* RSP to list[2] */
		{ 0x00b, { 0x00, 0xd0, 0xd6, 0x1f } }, /* EPTP to list[0] */
		/* skips the ANDB */
		{ GATE_EPTP_END, { 0xeb, 0x08 } },
		/* leaves with list[1] set: for another page, or anywhere */
		{ GATE_EPTP_END, { 0xe9, 0x00, 0x40 } },
		{ GATE_EPTP_END, { 0xc3 } },
	};
	struct gate_finding finding;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		elisa_gate_build(page, false);
		memcpy(page + bad[i].offset, bad[i].code, 4);
		assert_false(
			gate_model_check(page, ELISA_GATE_CLOSED, &finding));
	}
	/* Sub entered elsewhere than at landing's start: jmp 0x30. */
	elisa_gate_build(page, false);
	memcpy(page + elisa_gate_vmfunc_sub(false), "\xeb\x11", 2);
	memcpy(page + 0x30, vmfunc, sizeof(vmfunc));
	assert_false(gate_model_check(page, ELISA_GATE_CLOSED, &finding));
	/* A return that leaves the stack pointer of sub. */
	elisa_gate_build(page, false);
	memset(page + elisa_gate_return(false) + 16, 0x90, 8);
	assert_false(gate_model_check(page, ELISA_GATE_CLOSED, &finding));
}

/* In the full variant too, above all what leads back with list[1] set. */
static void model_finds_full(void **state)
{
	static const struct {
		unsigned int offset;
		u8 code[4];
	} bad[] = {
		{ 0x400, { 0x89, 0x07 } }, /* mov [rdi], eax */
		{ 0x400, { 0x0f, 0x05 } }, /* syscall */
		/* loop, dec ecx, pop rcx, xor ecx: then back to the store */
		{ 0x400, { 0xe2, 0x06, 0x90, 0xc3 } },
		{ 0x400, { 0xff, 0xc9, 0xc3 } },
		{ 0x400, { 0x59, 0xc3 } },
		{ 0x400, { 0x31, 0xc9, 0xc3 } },
		/* mov cl, ch; xchg ecx, eax */
		{ 0x400, { 0x88, 0xe9, 0xc3 } },
		{ 0x400, { 0x91, 0xc3 } },
		/* the EPTP's second byte: LOOPNE back to the store */
		{ GATE_EPTP + 1, { 0xe0, 0xf6, 0x90 } },
		{ GATE_EPTP + 2, { 0xe2, 0xf5 } },
		/* VMFUNC with another index than the gate's */
		{ GATE_EPTP_END, { 0xff, 0xc9, 0xff, 0xc9 } },
	};
	struct gate_finding finding;
	size_t i, n;
	u32 eptp;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		elisa_gate_build(page, true);
		/* Closed, but for what is written over it. */
		for (n = 0; n < 4 && (bad[i].code[n] || !n); n++)
			page[bad[i].offset + n] = bad[i].code[n];
		if (i == ARRAY_SIZE(bad) - 1)
			memcpy(page + GATE_EPTP_END + 4, vmfunc, 3);
		memcpy(&eptp, page + GATE_EPTP, 4);
		if (gate_model_check_full(page, 4096, eptp, &finding))
			fail_msg("case %zu is taken for harmless", i);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(layout),
		cmocka_unit_test(layout_full),
		cmocka_unit_test(straight_line),
		cmocka_unit_test(set_eptp),
		cmocka_unit_test(closed_is_invalid),
		cmocka_unit_test(default_entry),
		cmocka_unit_test(sub_entry),
		cmocka_unit_test(closed_harmless),
		cmocka_unit_test(open_harmless),
		cmocka_unit_test(open_harmless_full),
		cmocka_unit_test(model_finds),
		cmocka_unit_test(model_finds_full),
	};

	return cmocka_run_group_tests_name("gate code", tests, NULL, NULL);
}
