// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/*
 * Random mutations of a good image, always the same ones.  What is accepted
 * must satisfy what the rest of the library relies on; ASan and UBSan watch.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include <cmocka.h>

#include "image_file.h"
#include "name.h"
#include "subimage.h"

#define MUTATIONS 20000

static uint64_t seed = 0x2545f4914f6cdd1dULL;

static uint64_t rnd(uint64_t n)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (seed >> 11) % n;
}

static uint64_t interesting(void)
{
	static const uint64_t values[] = {
		0,
		1,
		7,
		8,
		0x28,
		0xfff,
		0x1000,
		0x1001,
		0x2000,
		0x7fffffff,
		0x80000000,
		0xffffffff,
		0x1ff000,
		0x200000,
		UINT64_MAX,
		UINT64_MAX - 0xfff,
		INT64_MAX,
		ELISA_SUB_IMAGE,
		ELISA_SUB_IMAGE + 0x1000,
	};

	return values[rnd(sizeof(values) / sizeof(values[0]))];
}

static void mutate(struct image_file *f)
{
	/* Headers and the constants, where all the tables are. */
	size_t table = phdr(f, 1)->p_offset;
	size_t table_size = phdr(f, 1)->p_filesz;
	uint64_t count = 1 + rnd(4);
	uint64_t value;
	size_t pos, len;

	while (count--) {
		pos = rnd(3) ? rnd(0x40 + 6 * 56) : table + rnd(table_size);
		switch (rnd(4)) {
		case 0:
			f->bytes[pos] ^= (uint8_t)(1 << rnd(8));
			break;
		case 1:
			f->bytes[pos] = (uint8_t)rnd(256);
			break;
		case 2:
			value = interesting() + rnd(3) - 1;
			len = (size_t)1 << rnd(4);
			pos &= ~(len - 1);
			memcpy(f->bytes + pos, &value, len);
			break;
		default:
			if (!rnd(8))
				f->size = rnd(f->size + 1);
			break;
		}
	}
}

static void check_accepted(const struct subimage *img)
{
	uint32_t i, end = 0;

	assert_in_range(img->npages, 1, ELISA_IMAGE_PAGES_MAX);
	assert_in_range(img->n_segments, 1, SUBIMAGE_SEGMENTS_MAX);
	for (i = 0; i < img->n_segments; i++) {
		const struct subimage_segment *seg = &img->segments[i];

		assert_true(seg->first_page >= end);
		assert_true(seg->npages >= 1);
		end = seg->first_page + seg->npages;
		assert_true(end <= img->npages);
		assert_ptr_equal(seg->bytes,
				 img->pages + seg->first_page * 0x1000);
		assert_false((seg->prot & ELISA_PROT_W) &&
			     (seg->prot & ELISA_PROT_X));
		assert_true(seg->prot);
	}
	assert_in_range(img->n_entries, 1, ELISA_ENTRIES_MAX);
	for (i = 0; i < img->n_entries; i++) {
		const struct subimage_entry *entry = &img->entries[i];
		bool code = false;
		uint32_t s;

		assert_true(elisa_name_valid(entry->name,
					     strnlen(entry->name, 32)));
		for (s = 0; s < img->n_segments; s++) {
			const struct subimage_segment *seg = &img->segments[s];
			uint64_t page = entry->offset / 0x1000;

			if (page >= seg->first_page &&
			    page < seg->first_page + seg->npages)
				code = seg->prot & ELISA_PROT_X;
		}
		assert_true(code);
	}
}

static const char *no_verdict(const uint8_t *code, size_t len, size_t *offset)
{
	unsigned int sum = code[len - 1];
	size_t i;

	for (i = 0; i < len; i += 0x400)
		sum += code[i];
	/* Never true, but the compiler has to read the bytes. */
	*offset = 0;
	return sum == ~0u ? "?" : NULL;
}

static void fuzz(void **state)
{
	unsigned int i, accepted = 0;
	struct image_file good;

	(void)state;
	assert_int_equal(image_file_read(&good, "good.sub"), 0);
	for (i = 0; i < MUTATIONS; i++) {
		char err[SUBIMAGE_ERR_SIZE];
		struct image_file f;
		struct subimage img;
		uint8_t *copy;
		int rc;

		f.size = good.size;
		f.bytes = malloc(good.size);
		memcpy(f.bytes, good.bytes, good.size);
		mutate(&f);
		copy = malloc(f.size ? f.size : 1);
		memcpy(copy, f.bytes, f.size);
		rc = subimage_parse(&img, copy, f.size, err, sizeof(err));
		if (!rc) {
			accepted++;
			check_accepted(&img);
			subimage_verify(&img, no_verdict, err, sizeof(err));
		} else {
			assert_int_equal(rc, -ENOEXEC);
			assert_true(err[0] && strlen(err) < sizeof(err) - 1);
			assert_null(img.pages);
		}
		subimage_release(&img);
		free(copy);
		free(f.bytes);
	}
	image_file_free(&good);
	print_message("%u mutated images, %u accepted\n", MUTATIONS, accepted);
	/* The mutations must be neither harmless nor all fatal early. */
	assert_in_range(accepted, MUTATIONS / 20, MUTATIONS * 3 / 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fuzz),
	};

	return cmocka_run_group_tests_name("fuzz_subimage", tests, NULL, NULL);
}
