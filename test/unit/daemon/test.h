/* SPDX-License-Identifier: GPL-2.0-only */
/* cmocka wants these in front of it. */
#ifndef TEST_UNIT_DAEMON_TEST_H
#define TEST_UNIT_DAEMON_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <linux/types.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "compiler.h"

/* A copy on the heap without slack, so that ASan sees any step beyond it. */
static inline void *test_copy(const void *data, size_t len)
{
	void *copy = malloc(len ? len : 1);

	assert_non_null(copy);
	if (len)
		memcpy(copy, data, len);
	return copy;
}

#endif /* TEST_UNIT_DAEMON_TEST_H */
