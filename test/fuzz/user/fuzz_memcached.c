// SPDX-License-Identifier: GPL-2.0-only
/*
 * The text protocol of the kv example, in front of its store.  The first byte says
 * in which pieces the rest arrives.  Whatever it is, it is answered in whole lines,
 * with bounded memory; the answer does not depend on the pieces; and the store is
 * in order.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "direct.h"
#include "fuzz.h"
#include "kv_proto.h"

#define SIZE (256u << 10)
#define NOW  1700000000

static unsigned char *memory;
static struct kv_link store;
static struct kv_server server;

static void begin(void)
{
	struct {
		const char *name;
		struct elisa_entry *entry;
	} entries[] = {
		{ "kv_mget", &store.mget },	{ "kv_put", &store.put },
		{ "kv_delete", &store.delete }, { "kv_touch", &store.touch },
		{ "kv_add", &store.add },	{ "kv_sweep", &store.sweep },
		{ "kv_stats", &store.stats },	{ "kv_count", &store.count },
	};
	size_t i;

	memory = mmap(NULL, SIZE, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	must(memory != MAP_FAILED);
	must(!direct_open_memory(memory, SIZE, 0, KV_PROTO_XBUF));
	for (i = 0; i < sizeof(entries) / sizeof(entries[0]); i++)
		must(!direct_lookup(entries[i].name, entries[i].entry));
	store.xbuf = direct_xbuf();
	store.xbuf_size = KV_PROTO_XBUF;
}

static void delete_all(void)
{
	uint64_t cursor = 0;
	struct kv_stats stats;

	do
		cursor = (uint64_t)kv_call(&store.sweep, cursor, 1, 0, 0, 0);
	while (cursor);
	must(!kv_call(&store.stats, 0, 0, 0, 0, 0));
	memcpy(&stats, store.xbuf, sizeof(stats));
	must(!stats.items && !stats.bytes);
}

static void add(char **said, size_t *said_len, struct kv_session *s)
{
	const char *p;
	size_t len;

	for (;;) {
		p = kv_session_output(s, &len);
		if (!len)
			return;
		must(len <= KV_OUT_HIGH + KV_PROTO_XBUF + KV_LINE_MAX);
		*said = realloc(*said, *said_len + len);
		must(*said);
		memcpy(*said + *said_len, p, len);
		*said_len += len;
		kv_session_sent(s, len);
	}
}

/* What a new store and a new server say to it. */
static char *talk(const uint8_t *data, size_t size, size_t piece, size_t *len)
{
	struct kv_session *s;
	char *said = NULL;

	*len = 0;
	memset(&server, 0, sizeof(server));
	server.link = &store;
	server.value_max = 4096;
	((struct kv_setup *)direct_data())->clock = 100;
	kv_server_tick(&server, NOW);
	s = kv_session_new(&server);
	must(s);
	while (size) {
		size_t room, n;
		char *p;

		p = kv_session_room(s, &room);
		if (!room) {
			must(kv_session_ended(s));
			break;
		}
		must(room <= KV_LINE_MAX + 4096 + 16384);
		n = size < room ? size : room;
		if (n > piece)
			n = piece;
		memcpy(p, data, n);
		kv_session_received(s, n);
		add(&said, len, s);
		data += n;
		size -= n;
	}
	kv_session_free(s);
	delete_all();
	must(!*len || (*len >= 2 && !memcmp(said + *len - 2, "\r\n", 2)));
	return said;
}

/* "gets", whose numbers go on from one talk to the next, and "stats" differ. */
static bool varies(const uint8_t *data, size_t size)
{
	return memmem(data, size, "gets", 4) || memmem(data, size, "gats", 4) ||
	       memmem(data, size, "cas", 3) || memmem(data, size, "stats", 5);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t whole_len, pieces_len;
	char *whole, *pieces;

	if (!memory)
		begin();
	if (!size)
		return 0;
	whole = talk(data + 1, size - 1, SIZE_MAX, &whole_len);
	pieces = talk(data + 1, size - 1, 1u + *data % 61, &pieces_len);
	if (!varies(data, size)) {
		must(whole_len == pieces_len);
		must(!whole_len || !memcmp(whole, pieces, whole_len));
	}
	free(whole);
	free(pieces);
	return 0;
}
