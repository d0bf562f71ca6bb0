// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/* Symbols of elisa-image: of a good file, and of random mutations of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "image_file.h"
#include "tools/symbol.h"

static Elf64_Shdr *shdr(struct image_file *f, unsigned int n)
{
	return (Elf64_Shdr *)(f->bytes + ehdr(f)->e_shoff) + n;
}

static Elf64_Shdr *symtab(struct image_file *f)
{
	unsigned int i;

	for (i = 0; i < ehdr(f)->e_shnum; i++)
		if (shdr(f, i)->sh_type == SHT_SYMTAB)
			return shdr(f, i);
	abort();
}

static void good(void **state)
{
	struct symbol symbol;
	struct image_file f;

	(void)state;
	assert_int_equal(image_file_read(&f, "several.sub"), 0);
	assert_true(symbol_find(&symbol, f.bytes, f.size, 0));
	assert_string_equal(symbol.name, "first");
	assert_int_equal(symbol.offset, 0);
	assert_true(symbol_find(&symbol, f.bytes, f.size, 4));
	assert_int_equal(symbol.offset, 4);
	assert_false(symbol_find(&symbol, f.bytes, f.size, 5));
	assert_true(symbol_find(&symbol, f.bytes, f.size, 17));
	assert_string_equal(symbol.name, "second");
	assert_int_equal(symbol.offset, 1);
	assert_false(symbol_find(&symbol, f.bytes, f.size, UINT64_MAX));
	/* Stripped. */
	ehdr(&f)->e_shnum = 0;
	assert_false(symbol_find(&symbol, f.bytes, f.size, 0));
	image_file_free(&f);
}

/* A name that is not printable, or longer than the room for it. */
static void names(void **state)
{
	struct symbol symbol;
	struct image_file f;
	Elf64_Shdr *strings;

	(void)state;
	assert_int_equal(image_file_read(&f, "several.sub"), 0);
	strings = shdr(&f, symtab(&f)->sh_link);
	memset(f.bytes + strings->sh_offset + 1, '\n', strings->sh_size - 1);
	assert_true(symbol_find(&symbol, f.bytes, f.size, 0));
	assert_int_equal(symbol.name[0], '?');
	assert_true(strlen(symbol.name) < sizeof(symbol.name));
	memset(f.bytes + strings->sh_offset, 'x', strings->sh_size);
	assert_true(symbol_find(&symbol, f.bytes, f.size, 0));
	assert_true(strlen(symbol.name) < sizeof(symbol.name));
	image_file_free(&f);
}

static void mutated(void **state)
{
	static const uint64_t values[] = {
		0,
		1,
		0x40,
		0xfff,
		0x7fffffff,
		UINT64_MAX,
		UINT64_MAX - 63,
		INT64_MAX,
	};
	unsigned int i, k, found = 0;
	struct image_file f, copy;

	(void)state;
	assert_int_equal(image_file_read(&f, "several.sub"), 0);
	srandom(1);
	for (i = 0; i < 20000; i++) {
		const Elf64_Ehdr *eh = ehdr(&f);
		struct symbol symbol;

		/* On the heap, without a byte more: ASan looks. */
		copy.size = i % 4 ? f.size : (size_t)random() % f.size;
		copy.bytes = malloc(copy.size ? copy.size : 1);
		memcpy(copy.bytes, f.bytes, copy.size);
		for (k = 0; k < 3; k++) {
			uint64_t at =
				random() % 3 ?
					eh->e_shoff +
						(uint64_t)random() %
							(eh->e_shnum * 64) :
					0x28 + (uint64_t)random() % 0x18;

			if (k && at / 8 * 8 + 8 <= copy.size)
				memcpy(copy.bytes + at / 8 * 8,
				       &values[random() % 8], 8);
			else if (at < copy.size)
				copy.bytes[at] = (uint8_t)random();
		}
		found += symbol_find(&symbol, copy.bytes, copy.size, 17);
		image_file_free(&copy);
	}
	assert_true(found > 1000 && found < 19000);
	image_file_free(&f);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(good),
		cmocka_unit_test(names),
		cmocka_unit_test(mutated),
	};

	return cmocka_run_group_tests_name("symbol", tests, NULL, NULL);
}
