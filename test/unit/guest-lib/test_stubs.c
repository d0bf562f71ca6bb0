// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/* The bytes that the module depends on, and where they end up in a window. */
#define _GNU_SOURCE
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>

#include <cmocka.h>

#include <elisa/hypercall.h>
#include <elisa/layout.h>

#include "mock_vmcall.h"
#include "stubs.h"
#include "window.h"

#define W	       ELISA_WINDOW(3)
#define STUB_LEN(stub) (stub##_end - (stub))

static const unsigned char interposed[] = {
	0xb8, 0x0c, 0x49, 0x4c, 0x45, /* mov $ELISA_HC(12), %eax */
	0x0f, 0x01, 0xc1,	      /* vmcall */
};

static const unsigned char restart[] = {
	0xb9, 0x02, 0x00, 0x00, 0x00, /* mov $2, %ecx */
	0x31, 0xc0,		      /* xor %eax, %eax */
	0x0f, 0x01, 0xd4,	      /* vmfunc */
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

static const unsigned char rdfsbase_rbx[] = { 0xf3, 0x48, 0x0f, 0xae, 0xc3 };
static const unsigned char wrfsbase_rcx[] = { 0xf3, 0x48, 0x0f, 0xae, 0xd1 };

static void check_entry(const unsigned char *stub, const unsigned char *end,
			const unsigned char *last, size_t last_size, bool fs)
{
	/* xor ebx, ebp, r12d, r13d, r14d, r15d: not the export's to see */
	static const unsigned char clear[] = {
		0x31, 0xdb, 0x31, 0xed, 0x45, 0x31, 0xe4, 0x45,
		0x31, 0xed, 0x45, 0x31, 0xf6, 0x45, 0x31, 0xff,
	};
	size_t size = end - stub;

	assert_in_range(size, last_size + sizeof(clear), 256);
	assert_memory_equal(end - last_size, last, last_size);
	assert_memory_equal(end - last_size - sizeof(clear), clear,
			    sizeof(clear));
	assert_int_equal(stub[0], 0x9c); /* pushfq */
	assert_int_equal(!!memmem(stub, size, rdfsbase_rbx,
				  sizeof(rdfsbase_rbx)),
			 fs);
}

static void entry_stub_bytes(void **state)
{
	(void)state;
	check_entry(elisa_stub_entry, elisa_stub_entry_end, restart,
		    sizeof(restart), false);
	check_entry(elisa_stub_entry_fs, elisa_stub_entry_fs_end, restart,
		    sizeof(restart), true);
	check_entry(elisa_stub_entry_vmcall, elisa_stub_entry_vmcall_end,
		    interposed, sizeof(interposed), false);
	check_entry(elisa_stub_entry_vmcall_fs, elisa_stub_entry_vmcall_fs_end,
		    interposed, sizeof(interposed), true);
	assert_memory_equal(elisa_stub_entry_full_end - sizeof(restart),
			    restart, sizeof(restart));
	assert_memory_equal(elisa_stub_entry_full_fs_end - sizeof(restart),
			    restart, sizeof(restart));
}

static void check_return(const unsigned char *stub, const unsigned char *end,
			 bool fs)
{
	static const unsigned char fninit[] = { 0xdb, 0xe3 };
	size_t size = end - stub;

	assert_non_null(memmem(stub, size, fninit, sizeof(fninit)));
	assert_int_equal(stub[size - 1], 0xc3);
	assert_int_equal(stub[size - 2], 0x9d); /* popfq */
	assert_int_equal(!!memmem(stub, size, wrfsbase_rcx,
				  sizeof(wrfsbase_rcx)),
			 fs);
}

static void return_stub_bytes(void **state)
{
	(void)state;
	check_return(elisa_stub_return, elisa_stub_return_end, false);
	check_return(elisa_stub_return_fs, elisa_stub_return_fs_end, true);
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

static void check_window(bool is_full, const unsigned char *entry, size_t size,
			 const unsigned char *ret, size_t ret_size)
{
	const size_t at = elisa_stub_aep_counter - elisa_stub_aep;
	const unsigned char *w = (const unsigned char *)W;
	uint64_t counter, *counted;
	size_t i;

	assert_int_equal(elisa_window_map(W, is_full, &counter), 0);
	assert_memory_equal(w + ELISA_W_RESTART, restart, sizeof(restart));
	assert_int_equal(ELISA_W_RESTART + sizeof(restart), ELISA_W_GATE);
	assert_true(elisa_window_stub(W, is_full) ==
		    W + ELISA_PAGE_SIZE - size);
	assert_memory_equal(w + ELISA_PAGE_SIZE - size, entry, size);
	assert_memory_equal(w + ELISA_W_RETURN, ret, ret_size);
	memcpy(&counted, w + ELISA_W_AEP + at, sizeof(counted));
	assert_ptr_equal(counted, &counter);
	assert_memory_equal(w + ELISA_W_AEP, elisa_stub_aep, at);
	assert_memory_equal(w + ELISA_W_AEP + at + 8, elisa_stub_aep + at + 8,
			    STUB_LEN(elisa_stub_aep) - at - 8);
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

static void window_layout(void **state)
{
	(void)state;
	if (getauxval(AT_HWCAP2) & 2) {
		check_window(false, elisa_stub_entry_fs,
			     STUB_LEN(elisa_stub_entry_fs),
			     elisa_stub_return_fs,
			     STUB_LEN(elisa_stub_return_fs));
		check_window(true, elisa_stub_entry_full_fs,
			     STUB_LEN(elisa_stub_entry_full_fs),
			     elisa_stub_return_fs,
			     STUB_LEN(elisa_stub_return_fs));
	} else {
		check_window(false, elisa_stub_entry,
			     STUB_LEN(elisa_stub_entry), elisa_stub_return,
			     STUB_LEN(elisa_stub_return));
		check_window(true, elisa_stub_entry_full,
			     STUB_LEN(elisa_stub_entry_full), elisa_stub_return,
			     STUB_LEN(elisa_stub_return));
	}
}

static void interposed_window(void **state)
{
	const bool fs = getauxval(AT_HWCAP2) & 2;
	const size_t size = fs ? STUB_LEN(elisa_stub_entry_vmcall_fs) :
				 STUB_LEN(elisa_stub_entry_vmcall);
	const unsigned char *w = (const unsigned char *)W;
	uint64_t counter;
	int32_t jump;

	(void)state;
	assert_int_equal(elisa_window_map(W, ELISA_WINDOW_INTERPOSED, &counter),
			 0);
	assert_memory_equal(w + ELISA_W_GATE - sizeof(interposed), interposed,
			    sizeof(interposed));
	assert_true(elisa_window_stub(W, ELISA_WINDOW_INTERPOSED) ==
		    W + ELISA_PAGE_SIZE - size);
	/* Where KVM goes on if it answers VMCALL itself. */
	assert_int_equal(w[ELISA_W_GATE], 0xe9);
	memcpy(&jump, w + ELISA_W_GATE + 1, sizeof(jump));
	assert_int_equal(ELISA_W_GATE + 5 + jump, ELISA_W_RETURN);
	assert_int_equal(w[ELISA_W_GATE + 5], 0xcc);
	check_protection(W + ELISA_W_GATE, "r-xp");
	elisa_window_unmap(W);
	check_protection(W + ELISA_W_GATE, "");
}

static void refuses_other_addresses(void **state)
{
	(void)state;
	assert_int_equal(elisa_window_map(0, false, NULL), -EPROTO);
	assert_int_equal(elisa_window_map(W + ELISA_PAGE_SIZE, false, NULL),
			 -EPROTO);
	assert_int_equal(elisa_window_map(ELISA_WINDOW_BASE - ELISA_WINDOW_SIZE,
					  false, NULL),
			 -EPROTO);
	assert_int_equal(elisa_window_map(ELISA_WINDOW(ELISA_WINDOWS), false,
					  NULL),
			 -EPROTO);
	assert_int_equal(elisa_window_map(~0ULL & ~0x3fffULL, false, NULL),
			 -EPROTO);
	assert_int_equal(elisa_window_map(ELISA_WINDOW(ELISA_WINDOWS - 1),
					  false, NULL),
			 0);
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
	assert_int_equal(elisa_window_map(W, false, NULL), -EEXIST);
	assert_int_equal(*p, 0x5a);
	check_protection(W, "");
	munmap(p, ELISA_PAGE_SIZE);
}

static void failing_mprotect(void **state)
{
	unsigned int n, calls;

	(void)state;
	mock_reset();
	assert_int_equal(elisa_window_map(W, false, NULL), 0);
	elisa_window_unmap(W);
	calls = mock_mprotect_calls;
	assert_int_equal(calls, 6);
	for (n = 1; n <= calls; n++) {
		mock_reset();
		mock_mprotect_fail_at = n;
		assert_int_equal(elisa_window_map(W, false, NULL), -EACCES);
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
		cmocka_unit_test(interposed_window),
		cmocka_unit_test(refuses_other_addresses),
		cmocka_unit_test(does_not_replace),
		cmocka_unit_test(failing_mprotect),
	};

	return cmocka_run_group_tests_name("stubs", tests, NULL, NULL);
}
