// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/* <elisa/xptr.h>, in the image native/xptr.c. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <elisa/sub_test.h>

#define SIZE 4096

static struct elisa_test_export *exp;
static struct elisa_test_vm *vm, *bare;
static unsigned char *data, *xbuf;

static int setup(void **state)
{
	char path[4096];
	unsigned int i;

	(void)state;
	snprintf(path, sizeof(path), "%s/xptr.test.so", getenv("IMAGES"));
	if (elisa_test_export_open(&exp, path, SIZE) ||
	    elisa_test_attach(&vm, exp, ELISA_RIGHT_READ | ELISA_RIGHT_WRITE,
			      SIZE) ||
	    elisa_test_attach(&bare, exp, ELISA_RIGHT_READ, 0))
		return -1;
	data = elisa_test_data(exp);
	xbuf = elisa_test_xbuf(vm);
	for (i = 0; i < SIZE; i++)
		xbuf[i] = (unsigned char)(i * 7 + i / 256);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	elisa_test_detach(vm);
	elisa_test_detach(bare);
	elisa_test_export_close(exp);
	return 0;
}

static int64_t call4(struct elisa_test_vm *by, const char *name, uint64_t a0,
		     uint64_t a1, uint64_t a2, uint64_t a3)
{
	uint64_t ret;

	assert_int_equal(elisa_test_call(by, name, &ret, a0, a1, a2, a3), 0);
	return (int64_t)ret;
}

static void copies(void **state)
{
	unsigned char want[64];
	uint64_t len, at;

	(void)state;
	for (len = 0; len < 40; len++)
		for (at = 0; at < 10; at++) {
			memset(data, 0xee, 64);
			memset(want, 0xee, 64);
			memcpy(want, xbuf + 100 + at, len);
			assert_int_equal(call4(vm, "in", 100, 50, at, len), 0);
			assert_memory_equal(data, want, 64);
			/* And back, elsewhere. */
			memset(xbuf + 1000, 0xdd, 64);
			memset(want, 0xdd, 64);
			memcpy(want + at, data, len);
			assert_int_equal(call4(vm, "out", 1000, 50, at, len),
					 0);
			assert_memory_equal(xbuf + 1000, want, 64);
		}
	/* To the very end. */
	assert_int_equal(call4(vm, "in", SIZE - 9, 9, 1, 8), 0);
	assert_memory_equal(data, xbuf + SIZE - 8, 8);
}

static void ranges(void **state)
{
	static const struct {
		uint64_t offset, part;
	} bad[] = {
		{ 0, SIZE + 1 },   { SIZE, 1 },	      { 1, SIZE },
		{ UINT64_MAX, 1 }, { UINT64_MAX, 2 }, { 2, UINT64_MAX },
		{ SIZE + 1, 0 },
	};
	unsigned int i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(call4(vm, "in", bad[i].offset, bad[i].part, 0,
				       1),
				 -EINVAL);
		assert_int_equal(call4(vm, "useless", bad[i].offset,
				       bad[i].part, 0, 0),
				 1);
	}
	assert_int_equal(call4(vm, "in", SIZE, 0, 0, 0), 0);
	assert_int_equal(call4(vm, "in", SIZE, 0, 0, 1), -EFAULT);
	memset(data, 0xee, 64);
	assert_int_equal(call4(vm, "in", 10, 20, 0, 21), -EFAULT);
	assert_int_equal(call4(vm, "in", 10, 20, 20, 1), -EFAULT);
	assert_int_equal(call4(vm, "in", 10, 20, UINT64_MAX, 2), -EFAULT);
	assert_int_equal(call4(vm, "in", 10, 20, 1, UINT64_MAX), -EFAULT);
	assert_int_equal(data[0], 0xee);
	memset(xbuf, 0xdd, 64);
	assert_int_equal(call4(vm, "out", 10, 20, 0, 21), -EFAULT);
	assert_int_equal(call4(vm, "out", 10, 20, UINT64_MAX, 2), -EFAULT);
	assert_int_equal(call4(vm, "out", 10, 20, 1, UINT64_MAX), -EFAULT);
	assert_int_equal(xbuf[10], 0xdd);
	assert_int_equal(call4(bare, "useless", 0, 1, 0, 0), 1);
	assert_int_equal(call4(bare, "in", 0, 0, 0, 0), 0);
}

static void variables(void **state)
{
	const uint64_t pair[2] = { 0x1111111111111111, 0x2222222222222222 };

	(void)state;
	memcpy(xbuf + 33, pair, 16);
	assert_int_equal(call4(vm, "swap", 33, 0, 0, 0), 0);
	assert_memory_equal(xbuf + 33, &pair[1], 8);
	assert_memory_equal(xbuf + 41, &pair[0], 8);
	assert_int_equal(call4(vm, "swap", SIZE - 15, 0, 0, 0), -EFAULT);
}

static void strings(void **state)
{
	(void)state;
	memcpy(xbuf + 500, "twelve chars", 13);
	assert_int_equal(call4(vm, "string", 500, 13, 0, 64), 12);
	assert_string_equal((char *)data, "twelve chars");
	assert_int_equal(call4(vm, "string", 500, 13, 7, 64), 5);
	assert_string_equal((char *)data, "chars");
	/* Room for exactly this. */
	assert_int_equal(call4(vm, "string", 500, 13, 0, 13), 12);
	assert_int_equal(call4(vm, "string", 500, 13, 0, 12), -E2BIG);
	assert_string_equal((char *)data, "");
	assert_int_equal(call4(vm, "string", 500, 12, 0, 64), -EFAULT);
	assert_string_equal((char *)data, "");
	assert_int_equal(call4(vm, "string", 500, 13, UINT64_MAX, 64), -EFAULT);
	assert_int_equal(call4(vm, "string", 500, 13, 12, 1), 0);
}

static void speculation(void **state)
{
	(void)state;
	assert_int_equal(call4(vm, "nospec", 0, 1, 0, 0), 0);
	assert_int_equal(call4(vm, "nospec", 5, 6, 0, 0), 5);
	assert_int_equal(call4(vm, "nospec", 6, 6, 0, 0), 0);
	assert_int_equal(call4(vm, "nospec", UINT64_MAX, 6, 0, 0), 0);
	assert_int_equal(call4(vm, "nospec", 6, 0, 0, 0), 0);
	assert_true(call4(vm, "nospec", UINT64_MAX - 1, UINT64_MAX, 0, 0) ==
		    -2);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(copies, setup, teardown),
		cmocka_unit_test_setup_teardown(ranges, setup, teardown),
		cmocka_unit_test_setup_teardown(variables, setup, teardown),
		cmocka_unit_test_setup_teardown(strings, setup, teardown),
		cmocka_unit_test_setup_teardown(speculation, setup, teardown),
	};

	return cmocka_run_group_tests_name("xptr", tests, NULL, NULL);
}
