// SPDX-License-Identifier: MIT
/* A client of the kv example: one command a run. */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <elisa/batch.h>
#include <elisa/guest.h>

#include "../ticks.h"
#include "kv.h"

#define BATCH 32 /* operations in a crossing, of bench */

struct client {
	struct elisa_buffer xbuf;
	struct elisa_attachment *att;
	struct elisa_entry nop, put, get, put_u64, get_u64, count;
};

static int usage(FILE *to)
{
	fprintf(to,
		"Usage: kv_client [-n NAME] [-x] COMMAND\n"
		"  -n NAME          name of the export (default: " KV_EXPORT
		")\n"
		"  -x               without an exchange buffer: no put, no get\n"
		"Commands (keys are numbers):\n"
		"  put KEY TEXT     store a text of up to %d bytes\n"
		"  get KEY          print it\n"
		"  put64 KEY NUMBER store a number\n"
		"  get64 KEY        print it\n"
		"  count            print the number of keys\n"
		"  fill FIRST N     store N numbers, a function of the keys from FIRST on\n"
		"  check FIRST N    get and compare what fill has stored\n"
		"  bench N          print ticks per operation over N calls each\n",
		KV_VALUE_MAX);
	return to == stdout ? 0 : 2;
}

static int fail(const char *what, int err)
{
	fprintf(stderr, "kv_client: %s: %s\n", what, strerror(-err));
	return 1;
}

static int open_client(struct client *c, const char *name, bool xbuf)
{
	struct {
		const char *name;
		struct elisa_entry *entry;
	} entries[] = {
		{ "nop", &c->nop },
		{ "kv_put", &c->put },
		{ "kv_get", &c->get },
		{ "kv_put_u64", &c->put_u64 },
		{ "kv_get_u64", &c->get_u64 },
		{ "kv_count", &c->count },
	};
	size_t i;
	int err;

	if (xbuf) {
		err = elisa_buffer_alloc(&c->xbuf, 4096);
		if (err)
			return fail("exchange buffer (any free vm.nr_hugepages?)",
				    err);
	}
	err = elisa_attach(&c->att, name, c->xbuf.addr, xbuf ? 4096 : 0);
	if (err)
		return fail(name, err);
	for (i = 0; i < sizeof(entries) / sizeof(entries[0]); i++) {
		err = elisa_lookup(c->att, entries[i].name, entries[i].entry);
		if (err)
			return fail(entries[i].name, err);
	}
	return 0;
}

static int close_client(struct client *c)
{
	int err = elisa_detach(c->att);

	elisa_buffer_free(&c->xbuf);
	return err ? fail("detach", err) : 0;
}

/*
 * One call, repeated while the host has no free instance or another call
 * occupies the bucket.  Returns the store's answer or the library's error.
 */
static int64_t call(const struct elisa_entry *entry, uint64_t a0, uint64_t a1,
		    uint64_t a2)
{
	uint64_t ret;
	int err;

	for (;;) {
		err = elisa_call3(entry, &ret, a0, a1, a2);
		if (!err && (int64_t)ret != -EAGAIN)
			return (int64_t)ret;
		if (err && err != -EBUSY)
			break;
		sched_yield();
	}
	if (err == -EFAULT) {
		char text[64];

		elisa_fault_describe(ret, text, sizeof(text));
		fprintf(stderr, "kv_client: the export faulted: %s\n", text);
	}
	return err;
}

static bool is_error(int64_t rc)
{
	return rc < 0 && rc >= -4095;
}

static uint64_t fill_value(uint64_t key)
{
	return (key * 0xd6e8feb86659fd93ULL) >> 1;
}

static int cmd_put(struct client *c, uint64_t key, const char *text)
{
	size_t len = strlen(text);
	int64_t rc;

	if (!c->xbuf.addr)
		return fail("put", -ENOBUFS);
	if (len > KV_VALUE_MAX)
		return fail("put", -E2BIG);
	memcpy(c->xbuf.addr, text, len);
	rc = call(&c->put, key, 0, len);
	return rc < 0 ? fail("put", (int)rc) : 0;
}

static int cmd_get(struct client *c, uint64_t key)
{
	int64_t rc;

	if (!c->xbuf.addr)
		return fail("get", -ENOBUFS);
	rc = call(&c->get, key, 0, KV_VALUE_MAX);
	if (rc < 0)
		return fail("get", (int)rc);
	if (rc > KV_VALUE_MAX)
		return fail("get", -EPROTO);
	printf("%.*s\n", (int)rc, (char *)c->xbuf.addr);
	return 0;
}

static int cmd_get64(struct client *c, uint64_t key)
{
	int64_t rc = call(&c->get_u64, key, 0, 0);

	if (is_error(rc))
		return fail("get64", (int)rc);
	printf("%" PRIu64 "\n", (uint64_t)rc);
	return 0;
}

static int cmd_put64(struct client *c, uint64_t key, uint64_t value)
{
	int64_t rc = call(&c->put_u64, key, value, 0);

	return rc < 0 ? fail("put64", (int)rc) : 0;
}

static int cmd_count(struct client *c)
{
	int64_t rc = call(&c->count, 0, 0, 0);

	if (is_error(rc))
		return fail("count", (int)rc);
	printf("%" PRIu64 "\n", (uint64_t)rc);
	return 0;
}

static int cmd_fill(struct client *c, uint64_t first, uint64_t n)
{
	uint64_t key;

	for (key = first; key - first < n; key++) {
		int64_t rc = call(&c->put_u64, key, fill_value(key), 0);

		if (rc < 0)
			return fail("fill", (int)rc);
	}
	printf("filled %" PRIu64 "\n", n);
	return 0;
}

static int cmd_check(struct client *c, uint64_t first, uint64_t n)
{
	uint64_t key, wrong = 0;

	for (key = first; key - first < n; key++) {
		int64_t rc = call(&c->get_u64, key, 0, 0);

		if ((uint64_t)rc != fill_value(key) && !wrong++)
			fprintf(stderr,
				"kv_client: key %" PRIu64 ": %" PRId64 "\n",
				key, rc);
	}
	printf("checked %" PRIu64 " wrong %" PRIu64 "\n", n, wrong);
	return wrong ? 1 : 0;
}

/* Ticks of @n calls; results of the store are not looked at. */
static int bench_one(const char *what, const struct elisa_entry *entry,
		     uint64_t n, uint64_t a0, uint64_t a1, uint64_t a2)
{
	uint64_t begin, total, i, ret;
	int err = 0;

	begin = ticks();
	for (i = 0; i < n && !err; i++)
		err = elisa_call3(entry, &ret, a0, a1, a2);
	total = ticks() - begin;
	if (err)
		return fail(what, err);
	printf("bench %-8s calls %" PRIu64 " ticks/op %.1f\n", what, n,
	       (double)total / (double)n);
	return 0;
}

/* The same, BATCH operations in one crossing. */
static int bench_batch(struct client *c, uint64_t n)
{
	struct elisa_batch batch;
	uint64_t begin, total, i, ret;
	unsigned int k;
	int err;

	/* In the second half of the buffer, texts are in the first. */
	err = elisa_batch_init(&batch, c->att, 2048, BATCH);
	if (err)
		return fail("batch", err);
	begin = ticks();
	for (i = 0; i < n && !err; i += BATCH) {
		elisa_batch_clear(&batch);
		for (k = 0; k < BATCH; k++)
			elisa_batch_add(&batch, &c->get_u64, 1, 0, 0, 0, 0, 0);
		err = elisa_batch_run(&batch);
		for (k = 0; k < BATCH && !err; k++)
			err = elisa_batch_result(&batch, k, &ret);
	}
	total = ticks() - begin;
	if (err)
		return fail("batch", err);
	printf("bench %-8s calls %" PRIu64 " ticks/op %.1f\n", "get64-32", i,
	       (double)total / (double)i);
	return 0;
}

static int cmd_bench(struct client *c, uint64_t n)
{
	char text[KV_VALUE_MAX];
	int rc;

	rc = cmd_put64(c, 1, 0x1234567890);
	rc = rc ? rc : bench_one("nop", &c->nop, n, 0, 0, 0);
	rc = rc ? rc : bench_one("get64", &c->get_u64, n, 1, 0, 0);
	rc = rc ? rc : bench_one("put64", &c->put_u64, n, 1, 99, 0);
	if (rc || !c->xbuf.addr)
		return rc;
	memset(text, 'x', sizeof(text));
	memcpy(c->xbuf.addr, text, sizeof(text));
	rc = bench_one("put-64B", &c->put, n, 2, 0, KV_VALUE_MAX);
	rc = rc ? rc : bench_one("get-64B", &c->get, n, 2, 0, KV_VALUE_MAX);
	return rc ? rc : bench_batch(c, n);
}

static bool number(const char *text, uint64_t *value)
{
	char *end;

	errno = 0;
	*value = strtoull(text, &end, 0);
	return !errno && *end == '\0' && end != text;
}

static int run(struct client *c, int argc, char **argv)
{
	uint64_t a = 0, b = 0;
	bool first = argc > 1 && number(argv[1], &a);
	bool second = argc > 2 && number(argv[2], &b);

	if (!strcmp(argv[0], "put") && argc == 3 && first)
		return cmd_put(c, a, argv[2]);
	if (!strcmp(argv[0], "get") && argc == 2 && first)
		return cmd_get(c, a);
	if (!strcmp(argv[0], "put64") && argc == 3 && second)
		return cmd_put64(c, a, b);
	if (!strcmp(argv[0], "get64") && argc == 2 && first)
		return cmd_get64(c, a);
	if (!strcmp(argv[0], "count") && argc == 1)
		return cmd_count(c);
	if (!strcmp(argv[0], "fill") && argc == 3 && first && second)
		return cmd_fill(c, a, b);
	if (!strcmp(argv[0], "check") && argc == 3 && first && second)
		return cmd_check(c, a, b);
	if (!strcmp(argv[0], "bench") && argc == 2 && first && a)
		return cmd_bench(c, a);
	return usage(stderr);
}

int main(int argc, char **argv)
{
	const char *name = KV_EXPORT;
	struct client c = { 0 };
	bool xbuf = true;
	int opt, rc, rc2;

	while ((opt = getopt(argc, argv, "+n:xh")) != -1) {
		switch (opt) {
		case 'n':
			name = optarg;
			break;
		case 'x':
			xbuf = false;
			break;
		case 'h':
			return usage(stdout);
		default:
			return usage(stderr);
		}
	}
	if (optind == argc)
		return usage(stderr);
	rc = open_client(&c, name, xbuf);
	if (!rc)
		rc = run(&c, argc - optind, argv + optind);
	rc2 = close_client(&c);
	return rc ? rc : rc2;
}
