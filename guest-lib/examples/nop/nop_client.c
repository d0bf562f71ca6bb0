// SPDX-License-Identifier: MIT
/* The shortest client: how many ticks does a call take that does nothing? */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <elisa/guest.h>

#include "../ticks.h"

static int measure(const struct elisa_entry *nop, uint64_t n)
{
	uint64_t begin, total, ret, i;
	int err = 0;

	begin = ticks();
	for (i = 0; i < n && !err; i++)
		err = elisa_call0(nop, &ret);
	total = ticks() - begin;
	if (!err)
		printf("nop calls %" PRIu64 " ticks/op %.1f\n", n,
		       (double)total / (double)n);
	return err;
}

int main(int argc, char **argv)
{
	uint64_t n = argc > 1 ? strtoull(argv[1], NULL, 0) : 100000;
	const char *name = argc > 2 ? argv[2] : "nop";
	struct elisa_attachment *att = NULL;
	struct elisa_entry nop;
	int err;

	err = elisa_attach(&att, name, NULL, 0);
	if (!err)
		err = elisa_lookup(att, "nop", &nop);
	if (!err && n)
		err = measure(&nop, n);
	if (err)
		fprintf(stderr, "nop_client: %s: %s\n", name, strerror(-err));
	elisa_detach(att);
	return err ? 1 : 0;
}
