// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
#include <errno.h>
#include <string.h>

#include <elisa/hypercall.h>

#include "name.h"

static bool name_char(char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
	       (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
}

bool elisa_name_valid(const char *name, size_t len)
{
	size_t i;

	if (len < 1 || len > ELISA_NAME_MAX)
		return false;
	for (i = 0; i < len; i++)
		if (!name_char(name[i]))
			return false;
	return true;
}

int elisa_name_pack(const char *name, struct elisa_packed_name *packed)
{
	size_t len;

	memset(packed, 0, sizeof(*packed));
	if (!name)
		return -EINVAL;
	len = strnlen(name, ELISA_NAME_SIZE);
	if (!elisa_name_valid(name, len))
		return -EINVAL;
	memcpy(packed->word, name, len);
	return 0;
}
