// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/* The bytes that the module depends on, and where they end up in a window. */
#define _GNU_SOURCE
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include <cmocka.h>

#include <elisa/hypercall.h>
#include <elisa/layout.h>

#include "mock_vmcall.h"
#include "stubs.h"
#include "window.h"

#define W	ELISA_WINDOW(3)

static const unsigned char restart[] = {
	0xb9, 0x02, 0x00, 0x00, 0x00,	/* mov $2, %ecx */
	0x31, 0xc0,			/* xor %eax, %eax */
	0x0f, 0x01, 0xd4,		/* vmfunc */
};

/* Protection of a page as /proc/self/maps has it, "" if it is not mapped. */
static void protection(uint64_t addr, char prot[5])
{
	unsigned long start, end;
	char line[512];
	FILE *f;

	prot[0] = '\0';
	f = fopen("/proc/self/maps", "r");
	assert_non_null(f);
	while (fgets(line, sizeof(line), f)) {
		char p[5];

		if (sscanf(line, "%lx-%lx %4s", &start, &end, p) == 3 &&
		    start <= addr && addr < end)
			strcpy(prot, p);
	}
	fclose(f);
}

static void check_protection(uint64_t addr, const char *want)
{
	char prot[5];

	protection(addr, prot);
	assert_string_equal(prot, want);
}

static void entry_stub_bytes(void **state)
{
	size_t size = elisa_stub_entry_end - elisa_stub_entry;

	(void)state;
	assert_in_range(size, sizeof(restart), 256);
	assert_memory_equal(elisa_stub_entry + size - sizeof(restart), restart,
			    sizeof(restart));
	assert_int_equal(elisa_stub_entry[0], 0x9c);	/* pushfq */
}

static void return_stub_bytes(void **state)
{
	static const unsigned char begin[] = { 0xfc, 0xdb, 0xe3 };
	size_t size = elisa_stub_return_end - elisa_stub_return;

	(void)state;
	assert_memory_equal(elisa_stub_return, begin, sizeof(begin));
	assert_int_equal(elisa_stub_return[size - 1], 0xc3);
	assert_int_equal(elisa_stub_return[size - 2], 0x9d);	/* popfq */
}

static void aep_stub_bytes(void **state)
{
	const uint32_t resume = ELISA_HC(ELISA_HC_RESUME);
	static const unsigned char vmcall[] = { 0x0f, 0x01, 0xc1 };
	size_t size = elisa_stub_aep_end - elisa_stub_aep;
	int32_t jump;

	(void)state;
	assert_non_null(memmem(elisa_stub_aep, size, vmcall, 3));
	assert_non_null(memmem(elisa_stub_aep, size, &resume, 4));
	assert_int_equal(elisa_stub_aep[size - 5], 0xe9);
	memcpy(&jump, elisa_stub_aep + size - 4, 4);
	assert_int_equal(ELISA_W_AEP + size + jump, ELISA_W_RETURN);
}

static void window_layout(void **state)
{
	const unsigned char *w = (const unsigned char *)W;
	size_t size = elisa_stub_entry_end - elisa_stub_entry;
	size_t i;

	(void)state;
	assert_int_equal(elisa_window_map(W), 0);
	assert_memory_equal(w + ELISA_W_RESTART, restart, sizeof(restart));
	assert_int_equal(ELISA_W_RESTART + sizeof(restart), ELISA_W_GATE);
	assert_true(elisa_window_stub(W) == W + ELISA_PAGE_SIZE - size);
	assert_memory_equal(w + ELISA_PAGE_SIZE - size, elisa_stub_entry, size);
	assert_memory_equal(w + ELISA_W_RETURN, elisa_stub_return,
			    elisa_stub_return_end - elisa_stub_return);
	assert_memory_equal(w + ELISA_W_AEP, elisa_stub_aep,
			    elisa_stub_aep_end - elisa_stub_aep);
	for (i = 0; i < ELISA_PAGE_SIZE - size; i++)
		assert_int_equal(w[i], 0xcc);
	assert_int_equal(w[ELISA_W_RETURN + 0xfff], 0xcc);
	assert_int_equal(w[ELISA_W_AEP + 0xfff], 0xcc);

	check_protection(W + ELISA_W_ENTRY, "r-xp");
	check_protection(W + ELISA_W_GATE, "---p");
	check_protection(W + ELISA_W_RETURN, "r-xp");
	check_protection(W + ELISA_W_AEP, "r-xp");
	elisa_window_unmap(W);
	check_protection(W, "");
	check_protection(W + ELISA_W_AEP, "");
}

static void refuses_other_addresses(void **state)
{
	(void)state;
	assert_int_equal(elisa_window_map(0), -EPROTO);
	assert_int_equal(elisa_window_map(W + ELISA_PAGE_SIZE), -EPROTO);
	assert_int_equal(elisa_window_map(ELISA_WINDOW_BASE - ELISA_WINDOW_SIZE),
			 -EPROTO);
	assert_int_equal(elisa_window_map(ELISA_WINDOW(ELISA_WINDOWS)),
			 -EPROTO);
	assert_int_equal(elisa_window_map(~0ULL & ~0x3fffULL), -EPROTO);
	assert_int_equal(elisa_window_map(ELISA_WINDOW(ELISA_WINDOWS - 1)), 0);
	elisa_window_unmap(ELISA_WINDOW(ELISA_WINDOWS - 1));
}

static void does_not_replace(void **state)
{
	unsigned char *p;

	(void)state;
	/* One page that is in the way is enough, and survives. */
	p = mmap((void *)(W + ELISA_W_RETURN), ELISA_PAGE_SIZE,
		 PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
	assert_true((uint64_t)p == W + ELISA_W_RETURN);
	*p = 0x5a;
	assert_int_equal(elisa_window_map(W), -EEXIST);
	assert_int_equal(*p, 0x5a);
	check_protection(W, "");
	munmap(p, ELISA_PAGE_SIZE);
}

static void failing_mprotect(void **state)
{
	unsigned int n, calls;

	(void)state;
	mock_reset();
	assert_int_equal(elisa_window_map(W), 0);
	elisa_window_unmap(W);
	calls = mock_mprotect_calls;
	assert_int_equal(calls, 6);
	for (n = 1; n <= calls; n++) {
		mock_reset();
		mock_mprotect_fail_at = n;
		assert_int_equal(elisa_window_map(W), -EACCES);
		check_protection(W, "");
		check_protection(W + ELISA_W_AEP, "");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(entry_stub_bytes),
		cmocka_unit_test(return_stub_bytes),
		cmocka_unit_test(aep_stub_bytes),
		cmocka_unit_test(window_layout),
		cmocka_unit_test(refuses_other_addresses),
		cmocka_unit_test(does_not_replace),
		cmocka_unit_test(failing_mprotect),
	};

	return cmocka_run_group_tests_name("stubs", tests, NULL, NULL);
}
