/* SPDX-License-Identifier: LGPL-2.1-or-later OR MIT */
/* Names of exports and entries: 1..31 bytes of [A-Za-z0-9._-]. */
#ifndef ELISA_NAME_H
#define ELISA_NAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A name as hypercalls carry it: zero-padded to 32 bytes, little-endian. */
struct elisa_packed_name {
	uint64_t word[4];
};

/*
 * True if the first @len bytes at @name are a valid name.
 */
bool elisa_name_valid(const char *name, size_t len);

/*
 * Packs the zero-terminated @name.  Returns 0, or -EINVAL if it is NULL,
 * empty, too long or has a character that names cannot have.
 */
int elisa_name_pack(const char *name, struct elisa_packed_name *packed);

#endif /* ELISA_NAME_H */
