// SPDX-License-Identifier: GPL-2.0-only
/* Choose the attack that the first argument names. */
#include "guest.h"

extern const struct attack __start_attacks[], __stop_attacks[];

u64 arg(const char *key, u64 otherwise)
{
	const char *p = info->args;
	size_t len = strlen(key);
	unsigned int base = 10;
	u64 value = 0;

	for (; *p; p++) {
		if ((p != info->args && p[-1] != ' ') || strncmp(p, key, len) ||
		    p[len] != '=')
			continue;
		p += len + 1;
		if (p[0] == '0' && p[1] == 'x') {
			base = 16;
			p += 2;
		}
		for (;; p++) {
			unsigned int digit = *p >= 'a' ? *p - 'a' + 10 :
							 *p - '0';

			if (*p < '0' || digit >= base)
				return value;
			value = value * base + digit;
		}
	}
	return otherwise;
}

void attacks_main(void)
{
	size_t len = 0;
	const struct attack *a;

	while (info->args[len] && info->args[len] != ' ')
		len++;
	for (a = __start_attacks; a < __stop_attacks; a++) {
		if (strlen(a->name) == len &&
		    !strncmp(a->name, info->args, len)) {
			a->run();
			return;
		}
	}
	check(false, "attack %s is there", info->args);
}
