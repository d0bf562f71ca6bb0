// SPDX-License-Identifier: GPL-2.0-only
/* See attach.h. */
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>

#include <elisa/guest.h>

#include "attach.h"
#include "ticks.h"

#define TRIES	  5
#define PAGE_SIZE 4096

/* From nothing to the end of the first call, and back; the ticks, or -errno. */
static int64_t attach_once(const char *export, void *xbuf, size_t size,
			   const char **what)
{
	const uint64_t begin = ticks();
	struct elisa_attachment *att;
	struct elisa_entry nop;
	uint64_t end, ret;
	int err;

	*what = export;
	err = elisa_attach(&att, export, xbuf, size);
	if (err)
		return err;
	*what = "the first call";
	err = elisa_lookup(att, "nop", &nop);
	if (!err)
		err = elisa_call0(&nop, &ret);
	end = ticks();
	if (err) {
		elisa_detach(att);
		return err;
	}
	*what = "detach";
	err = elisa_detach(att);
	return err ? err : (int64_t)(end - begin);
}

/* The least of several: timers come in between of some. */
static int attach_with(const char *export, size_t size, const char **what)
{
	struct elisa_buffer xbuf = { 0 };
	int64_t least = INT64_MAX, took;
	unsigned int i;
	int err = 0;

	if (size) {
		*what = "exchange buffer";
		err = elisa_buffer_alloc(&xbuf, size);
		if (err)
			return err;
	}
	for (i = 0; i < TRIES && !err; i++) {
		took = attach_once(export, xbuf.addr, size, what);
		if (took < 0)
			err = (int)took;
		else if (took < least)
			least = took;
	}
	elisa_buffer_free(&xbuf);
	if (!err)
		printf("cost item=attach_library n=%zu of=pages_of_exchange_buffer value=%" PRId64
		       " unit=instructions\n",
		       size / PAGE_SIZE, least);
	return err;
}

int attach_costs(const char *export, const char **what)
{
	int64_t first = attach_once(export, NULL, 0, what);
	int err;

	if (first < 0)
		return (int)first;
	/* The library looks around once in a process. */
	printf("cost item=attach_process value=%" PRId64 " unit=instructions\n",
	       first);
	err = attach_with(export, 0, what);
	if (!err)
		err = attach_with(export, (size_t)16 * PAGE_SIZE, what);
	if (!err)
		err = attach_with(export, (size_t)512 * PAGE_SIZE, what);
	return err;
}
