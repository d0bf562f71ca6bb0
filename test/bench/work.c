// SPDX-License-Identifier: GPL-2.0-only
/* See work.h. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "kv.h"
#include "work.h"

#define KEYS	25
#define KEY_LEN 20

/* In the exchange buffer. */
#define REQUESTS_AT 0
#define KEYS_AT	    4096
#define ROOM_AT	    8192
#define SOURCES_AT  (128u << 10)

_Static_assert(WORK_BATCH_MAX * sizeof(struct kv_get) <= KEYS_AT, "requests");
_Static_assert(SOURCES_AT + KEYS * WORK_SIZE_MAX <= WORK_XBUF_SIZE, "sources");

static inline uint64_t key_at(unsigned int key)
{
	return KV_AT(KEYS_AT + 32 * key, KEY_LEN);
}

static inline unsigned char value_of(unsigned int key)
{
	return 'a' + key;
}

static int put(const struct work *w, unsigned int key)
{
	uint64_t ret;
	int err;

	err = elisa_call5(&w->build->put, &ret, key_at(key),
			  KV_AT(SOURCES_AT + key * w->size, w->size), KV_SET, 0,
			  0);
	return err ? err : (int)ret;
}

static int get(const struct work *w, unsigned int key)
{
	const unsigned char *room = w->build->xbuf + ROOM_AT;
	uint64_t ret;
	int err;

	err = elisa_call2(&w->build->get, &ret, key_at(key),
			  KV_AT(ROOM_AT, w->size));
	if (err)
		return err;
	if (ret != w->size || room[0] != value_of(key) ||
	    room[w->size - 1] != value_of(key))
		return (int64_t)ret < 0 ? (int)ret : -EBADMSG;
	return 0;
}

int work_prepare(const struct work *w)
{
	struct kv_get *request = (struct kv_get *)w->build->xbuf;
	unsigned int i;
	int err = 0;

	if (w->nop)
		return 0;
	for (i = 0; i < KEYS && !err; i++) {
		char text[32];

		snprintf(text, sizeof(text), "a-key-of-20-bytes-%02u", i);
		memcpy(w->build->xbuf + KEYS_AT + 32 * i, text, KEY_LEN);
		memset(w->build->xbuf + SOURCES_AT + i * w->size, value_of(i),
		       w->size);
		err = put(w, i);
	}
	for (i = 0; i < w->batch; i++)
		request[i] = (struct kv_get){
			.key = KEYS_AT + 32 * (i % KEYS),
			.key_len = KEY_LEN,
			.value = ROOM_AT + w->size * i,
			.room = w->size,
		};
	return err;
}

/* Nothing of KVM's or ELISA's has this number: both answer with an error. */
static __always_inline int leave(enum work_exit exit)
{
	int64_t rax = 99;

	if (exit == WORK_VMCALL) {
		__asm__ volatile("vmcall" : "+a"(rax) : : "memory");
		return rax < 0 ? 0 : -EPROTO;
	}
	if (exit == WORK_NOP) {
		/* As long as VMCALL. */
		__asm__ volatile("nopl (%%rax)" : "+a"(rax) : : "memory");
		return rax < 0 ? -EPROTO : 0;
	}
	return 0;
}

static __always_inline int nops(const struct work *w, enum work_exit exit)
{
	const struct elisa_entry *nop = &w->build->nop;
	unsigned int i;
	uint64_t ret;
	int err;

	/* As short as a loop around calls can be. */
	for (i = w->ops; i; i--) {
		err = leave(exit);
		if (err)
			return err;
		err = elisa_call0(nop, &ret);
		if (err)
			return err;
	}
	return 0;
}

static __always_inline int singles(const struct work *w, enum work_exit exit)
{
	unsigned int i, key = 0, until_put = 1;
	int err;

	for (i = 0; i < w->ops; i++) {
		err = leave(exit);
		if (err)
			return err;
		if (w->put_every && !--until_put) {
			until_put = w->put_every;
			err = put(w, key);
		} else {
			err = get(w, key);
		}
		if (err)
			return err;
		if (++key == KEYS)
			key = 0;
	}
	return 0;
}

static __always_inline int batches(const struct work *w, enum work_exit exit)
{
	const struct kv_get *request = (const void *)w->build->xbuf;
	const unsigned char *room = w->build->xbuf + ROOM_AT;
	unsigned int i, k;
	uint64_t ret;
	int err;

	for (i = 0; i < w->ops; i += w->batch) {
		err = leave(exit);
		if (!err)
			err = elisa_call2(&w->build->mget, &ret, REQUESTS_AT,
					  w->batch);
		if (err)
			return err;
		for (k = 0; k < w->batch; k++)
			if (request[k].result != w->size ||
			    room[w->size * k] != value_of(k % KEYS))
				return -EBADMSG;
	}
	return 0;
}

static __always_inline int chunk(const struct work *w, enum work_exit exit)
{
	if (w->nop)
		return nops(w, exit);
	return w->batch > 1 ? batches(w, exit) : singles(w, exit);
}

int work_chunk(void *arg, uint64_t first)
{
	const struct work *w = arg;

	(void)first;
	switch (w->exit) {
	case WORK_VMCALL:
		return chunk(w, WORK_VMCALL);
	case WORK_NOP:
		return chunk(w, WORK_NOP);
	default:
		return chunk(w, WORK_NO_EXIT);
	}
}
