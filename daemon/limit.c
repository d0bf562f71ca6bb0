// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "limit.h"

#define PAGE_SHIFT 12 /* the module is x86-64 only */

const struct limit limits_table[] = {
	{ "attachments", ELISA_LIMIT_A_ATTACHMENTS, false, 128, 16 },
	{ "instances", ELISA_LIMIT_A_INSTANCES, false, 4096, 64 },
	{ "exports", ELISA_LIMIT_A_EXPORTS, false, 64, 4 },
	{ "pinned", ELISA_LIMIT_A_PINNED_PAGES, true, 1048576, 16384 },
	{ "suspended-ms", ELISA_LIMIT_A_SUSPENDED_MS, false, 3600000, 1000 },
	{ "section-us", ELISA_LIMIT_A_SECTION_US, false, 1000, 0 },
	{ "events-per-second", ELISA_LIMIT_A_EVENTS, false, 1000, 10 },
	{},
};

const struct limit *limit_by_key(const char *key)
{
	const struct limit *limit;

	for (limit = limits_table; limit->key; limit++) {
		if (!strcmp(limit->key, key))
			return limit;
	}
	return NULL;
}

const struct limit *limit_by_attr(unsigned int attr)
{
	const struct limit *limit;

	for (limit = limits_table; limit->key; limit++) {
		if (limit->attr == attr)
			return limit;
	}
	return NULL;
}

void limit_keys(char text[LIMIT_KEYS_SIZE])
{
	const struct limit *limit;
	size_t n = 0;

	for (limit = limits_table; limit->key && n < LIMIT_KEYS_SIZE; limit++)
		n += snprintf(text + n, LIMIT_KEYS_SIZE - n, "%s%s",
			      n ? ", " : "", limit->key);
}

/* Decimal digits only: strtoul() would take signs, spaces and octal. */
static bool parse_decimal(const char *s, size_t len, __u64 *value)
{
	__u64 v = 0;
	size_t i;

	if (!len || len > 10)
		return false;
	for (i = 0; i < len; i++) {
		if (s[i] < '0' || s[i] > '9')
			return false;
		v = v * 10 + (s[i] - '0');
	}
	*value = v;
	return true;
}

static int parse_size(const struct limit *limit, const char *text, size_t len,
		      __u32 *value, char *why, size_t why_size,
		      const char **hint)
{
	static const char units[] = "KMG";
	const char *unit = NULL;
	__u64 size;

	if (len)
		unit = memchr(units, text[len - 1], sizeof(units) - 1);
	/* No more digits than leave room for the shift. */
	if (!parse_decimal(text, len - !!unit, &size)) {
		snprintf(why, why_size, "bad size '%.40s'", text);
		*hint = "bytes, or with K, M or G, like 64M";
		return -EINVAL;
	}
	if (unit)
		size <<= 10 * (unit - units + 1);
	if (size & ((1 << PAGE_SHIFT) - 1)) {
		snprintf(why, why_size, "size %s is not a multiple of 4096",
			 text);
		return -EINVAL;
	}
	size >>= PAGE_SHIFT;
	if (size > limit->most) {
		snprintf(why, why_size,
			 "size %s is more than the most that is possible, %uG",
			 text, limit->most >> (30 - PAGE_SHIFT));
		return -EINVAL;
	}
	*value = size;
	return 0;
}

int limit_parse(const struct limit *limit, const char *text, size_t len,
		__u32 *value, char *why, size_t why_size, const char **hint)
{
	__u64 n;

	*hint = NULL;
	if (limit->is_size)
		return parse_size(limit, text, len, value, why, why_size, hint);
	if (!parse_decimal(text, len, &n)) {
		snprintf(why, why_size, "bad number '%.40s'", text);
		return -EINVAL;
	}
	if (n > limit->most) {
		snprintf(why, why_size,
			 "%s is more than the most that is possible, %u", text,
			 limit->most);
		return -EINVAL;
	}
	*value = n;
	return 0;
}

void limit_format(const struct limit *limit, __u32 value,
		  char text[LIMIT_TEXT_SIZE])
{
	__u64 size = (__u64)value << PAGE_SHIFT;
	const char *unit = "KMG";

	if (!limit->is_size || !value) {
		snprintf(text, LIMIT_TEXT_SIZE, "%u", value);
		return;
	}
	for (size >>= 10; unit[1] && !(size & 1023); size >>= 10)
		unit++;
	snprintf(text, LIMIT_TEXT_SIZE, "%llu%c", size, *unit);
}
