/* SPDX-License-Identifier: LGPL-2.1-or-later OR MIT */
/*
 * How a program finds the entry points of an image that is built to be a part of
 * it: for tests, or with ELISA_SUB_CONTEXT.
 */
#ifndef _ELISA_TEST_IMAGE_H
#define _ELISA_TEST_IMAGE_H

#include <elisa/entry.h>

/**
 * struct elisa_test_image - an image that is built for tests
 * @begin: its first entry point
 * @end: behind the last one
 */
struct elisa_test_image {
	const struct elisa_entry_record *begin;
	const struct elisa_entry_record *end;
};

#if defined(ELISA_SUB_TEST) || defined(ELISA_SUB_CONTEXT)
/* The linker marks where sections begin and end whose names are identifiers. */
#define _ELISA_ENTRY_SECTION(fn) "elisa_entries"

extern const struct elisa_entry_record __start_elisa_entries[]
	__attribute__((visibility("hidden")));
extern const struct elisa_entry_record __stop_elisa_entries[]
	__attribute__((visibility("hidden")));

/* One, however many objects the image has. */
extern const struct elisa_test_image elisa_test_image;
__attribute__((weak, visibility("default")))
const struct elisa_test_image elisa_test_image = {
	.begin = __start_elisa_entries,
	.end = __stop_elisa_entries,
};
#endif

#endif /* _ELISA_TEST_IMAGE_H */
