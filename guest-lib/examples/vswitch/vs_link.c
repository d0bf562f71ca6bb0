// SPDX-License-Identifier: MIT
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>

#include "../direct/direct.h"
#include "vs_link.h"

static int lookup(struct vs_link *link, const char **why)
{
	struct {
		const char *name;
		struct elisa_entry *entry;
	} entries[] = {
		{ "vs_open", &link->open },
		{ "vs_close", &link->close },
		{ "vs_exchange", &link->exchange },
		{ "vs_stats", &link->stats },
	};
	size_t i;
	int err = 0;

	for (i = 0; i < sizeof(entries) / sizeof(entries[0]) && !err; i++) {
		*why = entries[i].name;
		if (link->att)
			err = elisa_lookup(link->att, entries[i].name,
					   entries[i].entry);
		else
			err = direct_lookup(entries[i].name, entries[i].entry);
	}
	return err;
}

int vs_link_open(struct vs_link *link, const char *name, size_t xbuf_size,
		 const char **why)
{
	int err;

	memset(link, 0, sizeof(*link));
	*why = "exchange buffer (any free vm.nr_hugepages?)";
	err = elisa_buffer_alloc(&link->buffer, xbuf_size);
	if (err)
		return err;
	*why = name;
	err = elisa_attach(&link->att, name, link->buffer.addr, xbuf_size);
	if (err)
		return err;
	link->xbuf = link->buffer.addr;
	link->xbuf_size = xbuf_size;
	return lookup(link, why);
}

int vs_link_open_direct(struct vs_link *link, const char *path, size_t size,
			size_t xbuf_size)
{
	const char *why;
	int err;

	memset(link, 0, sizeof(*link));
	err = direct_open(path, size, xbuf_size);
	if (err)
		return err;
	link->xbuf = direct_xbuf();
	link->xbuf_size = xbuf_size;
	return lookup(link, &why);
}

/* A call, again as long as it could not be made just now. */
static int64_t call(const struct elisa_entry *entry, uint64_t a0, uint64_t a1,
		    uint64_t a2, uint64_t a3, uint64_t a4)
{
	uint64_t ret;
	int err;

	while ((err = elisa_call5(entry, &ret, a0, a1, a2, a3, a4)) == -EBUSY)
		sched_yield();
	if (err == -EFAULT) {
		char text[64];

		elisa_fault_describe(ret, text, sizeof(text));
		fprintf(stderr, "the export faulted: %s\n", text);
	}
	return err ? err : (int64_t)ret;
}

int vs_link_close(struct vs_link *link)
{
	int err = 0;

	if (link->handle)
		call(&link->close, link->handle, 0, 0, 0, 0);
	if (link->att)
		err = elisa_detach(link->att);
	else if (link->xbuf)
		direct_close();
	elisa_buffer_free(&link->buffer);
	memset(link, 0, sizeof(*link));
	return err;
}

int vs_link_port(struct vs_link *link)
{
	const int64_t handle = call(&link->open, 0, 0, 0, 0, 0);

	link->handle = handle > 0 ? (uint64_t)handle : 0;
	return handle > 0 ? 0 : handle ? (int)handle : -EPROTO;
}

int64_t vs_link_exchange(struct vs_link *link, uint32_t out, uint32_t n,
			 uint32_t in, uint32_t m)
{
	const int64_t rc = call(&link->exchange, link->handle, out, n, in, m);

	return rc > m ? -EPROTO : rc;
}

int vs_link_stats(struct vs_link *link, struct vs_stats *stats)
{
	const int64_t rc = call(&link->stats, link->handle, 0, 0, 0, 0);

	if (!rc)
		memcpy(stats, link->xbuf, sizeof(*stats));
	return rc > 0 ? -EPROTO : (int)rc;
}
