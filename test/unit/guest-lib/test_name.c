// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "name.h"

static void packs_little_endian(void **state)
{
	struct elisa_packed_name p;

	(void)state;
	assert_int_equal(elisa_name_pack("kv.store", &p), 0);
	assert_true(p.word[0] == 0x65726f74732e766bULL);
	assert_true(!p.word[1] && !p.word[2] && !p.word[3]);
	assert_int_equal(elisa_name_pack("abcdefghI", &p), 0);
	assert_true(p.word[1] == 'I');
}

static void longest_name(void **state)
{
	const char *name = "abcdefghijklmnopqrstuvwxyz01234";
	struct elisa_packed_name p;

	(void)state;
	assert_int_equal(strlen(name), 31);
	assert_int_equal(elisa_name_pack(name, &p), 0);
	assert_memory_equal(p.word, name, 32);
	assert_int_equal(elisa_name_pack("abcdefghijklmnopqrstuvwxyz012345",
					 &p),
			 -EINVAL);
	assert_true(!p.word[0]);
}

static void every_character(void **state)
{
	static const char good[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
	struct elisa_packed_name p;
	char name[3] = "a?";
	int c;

	(void)state;
	for (c = 1; c < 256; c++) {
		name[1] = (char)c;
		assert_int_equal(elisa_name_pack(name, &p),
				 strchr(good, c) ? 0 : -EINVAL);
	}
}

static void refuses_nothing(void **state)
{
	struct elisa_packed_name p;

	(void)state;
	assert_int_equal(elisa_name_pack("", &p), -EINVAL);
	assert_int_equal(elisa_name_pack(NULL, &p), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(packs_little_endian),
		cmocka_unit_test(longest_name),
		cmocka_unit_test(every_character),
		cmocka_unit_test(refuses_nothing),
	};

	return cmocka_run_group_tests_name("name", tests, NULL, NULL);
}
