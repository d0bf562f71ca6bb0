// SPDX-License-Identifier: MIT
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>

#include "../direct/direct.h"
#include "kv_link.h"

static _Thread_local bool lost;

static int lookup(struct kv_link *link, const char **why)
{
	struct {
		const char *name;
		struct elisa_entry *entry;
	} entries[] = {
		{ "nop", &link->nop },
		{ "kv_get", &link->get },
		{ "kv_mget", &link->mget },
		{ "kv_put", &link->put },
		{ "kv_delete", &link->delete },
		{ "kv_touch", &link->touch },
		{ "kv_add", &link->add },
		{ "kv_scan", &link->scan },
		{ "kv_sweep", &link->sweep },
		{ "kv_stats", &link->stats },
		{ "kv_count", &link->count },
		{ "kv_put_u64", &link->put_u64 },
		{ "kv_get_u64", &link->get_u64 },
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

int kv_link_open(struct kv_link *link, const char *name, size_t xbuf_size,
		 const char **why)
{
	int err;

	memset(link, 0, sizeof(*link));
	if (xbuf_size) {
		*why = "exchange buffer (any free vm.nr_hugepages?)";
		err = elisa_buffer_alloc(&link->buffer, xbuf_size);
		if (err)
			return err;
	}
	*why = name;
	err = elisa_attach(&link->att, name, link->buffer.addr, xbuf_size);
	if (err)
		return err;
	link->xbuf = link->buffer.addr;
	link->xbuf_size = xbuf_size;
	return lookup(link, why);
}

int kv_link_open_direct(struct kv_link *link, const char *path, size_t size,
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

int kv_link_close(struct kv_link *link)
{
	int err = 0;

	if (link->att)
		err = elisa_detach(link->att);
	else if (link->xbuf)
		direct_close();
	elisa_buffer_free(&link->buffer);
	memset(link, 0, sizeof(*link));
	return err;
}

int64_t kv_call(const struct elisa_entry *entry, uint64_t a0, uint64_t a1,
		uint64_t a2, uint64_t a3, uint64_t a4)
{
	uint64_t ret;
	int err;

	for (;;) {
		err = elisa_call5(entry, &ret, a0, a1, a2, a3, a4);
		lost = err && err != -EBUSY;
		if (!err && (int64_t)ret != -EAGAIN)
			return (int64_t)ret;
		if (lost)
			break;
		sched_yield();
	}
	if (err == -EFAULT) {
		char text[64];

		elisa_fault_describe(ret, text, sizeof(text));
		fprintf(stderr, "the export faulted: %s\n", text);
	}
	return err;
}

bool kv_link_lost(void)
{
	return lost;
}
