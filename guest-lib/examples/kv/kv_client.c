// SPDX-License-Identifier: MIT
/* A client of the kv example: one command a run. */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <elisa/batch.h>
#include <elisa/guest.h>

#include "../ticks.h"
#include "kv_link.h"

#define BATCH	    32 /* operations in a crossing, of bench */
#define XBUF_SIZE   65536
#define KEY_AT	    0 /* in the exchange buffer */
#define VALUE_AT    4096
#define VALUE_ROOM  (XBUF_SIZE - VALUE_AT)
#define BATCH_AT    1024
#define BENCH_VALUE 64

static int usage(FILE *to)
{
	fprintf(to,
		"Usage: kv_client [-n NAME] [-d FILE] [-s MIB] [-x] COMMAND\n"
		"  -n NAME          name of the export (default: " KV_EXPORT
		")\n"
		"  -d FILE          not by ELISA, but in FILE, which all map\n"
		"  -s MIB           size of that (default: 16)\n"
		"  -x               without an exchange buffer: only numbers\n"
		"Commands:\n"
		"  put KEY TEXT     store a text; keys have up to %u bytes\n"
		"  get KEY          print it\n"
		"  delete KEY       delete it\n"
		"  scan             print all keys but numbers\n"
		"  put64 KEY NUMBER store a number; the key is one, too\n"
		"  get64 KEY        print it\n"
		"  count            print the number of keys\n"
		"  fill FIRST N     store N numbers, a function of the keys from FIRST on\n"
		"  check FIRST N    get and compare what fill has stored\n"
		"  bench N          print ticks per operation over N calls each\n",
		KV_KEY_MAX);
	return to == stdout ? 0 : 2;
}

static int fail(const char *what, int err)
{
	fprintf(stderr, "kv_client: %s: %s\n", what, strerror(-err));
	return 1;
}

static int64_t call(const struct elisa_entry *entry, uint64_t a0, uint64_t a1,
		    uint64_t a2)
{
	return kv_call(entry, a0, a1, a2, 0, 0);
}

static bool is_error(int64_t rc)
{
	return rc < 0 && rc >= -4095;
}

static uint64_t fill_value(uint64_t key)
{
	return (key * 0xd6e8feb86659fd93ULL) >> 1;
}

/* Puts a key where calls take it from; 0 or -errno. */
static int set_key(struct kv_link *c, const char *key, uint64_t *part)
{
	const size_t len = strlen(key);

	if (!c->xbuf)
		return -ENOBUFS;
	if (!len || len > KV_KEY_MAX)
		return -EINVAL;
	memcpy(c->xbuf + KEY_AT, key, len);
	*part = KV_AT(KEY_AT, len);
	return 0;
}

static int cmd_put(struct kv_link *c, const char *key, const char *text)
{
	const size_t len = strlen(text);
	uint64_t part;
	int64_t rc;

	rc = set_key(c, key, &part);
	if (!rc && len > VALUE_ROOM)
		rc = -E2BIG;
	if (!rc) {
		memcpy(c->xbuf + VALUE_AT, text, len);
		rc = call(&c->put, part, KV_AT(VALUE_AT, len), KV_SET);
	}
	return rc < 0 ? fail("put", (int)rc) : 0;
}

static int cmd_get(struct kv_link *c, const char *key)
{
	uint64_t part;
	int64_t rc;

	rc = set_key(c, key, &part);
	if (!rc)
		rc = call(&c->get, part, KV_AT(VALUE_AT, VALUE_ROOM), 0);
	if (rc < 0)
		return fail("get", (int)rc);
	if (rc > VALUE_ROOM)
		return fail("get", -EPROTO);
	printf("%.*s\n", (int)rc, c->xbuf + VALUE_AT);
	return 0;
}

static int cmd_delete(struct kv_link *c, const char *key)
{
	uint64_t part;
	int64_t rc;

	rc = set_key(c, key, &part);
	if (!rc)
		rc = call(&c->delete, part, 0, 0);
	return rc < 0 ? fail("delete", (int)rc) : 0;
}

/* What is in the buffer is the export's: lengths are checked. */
static int print_keys(const char *p, uint32_t count, size_t bytes)
{
	struct kv_scan_key key;

	for (; count; count--) {
		size_t i, size;

		if (bytes < sizeof(key))
			return -EPROTO;
		memcpy(&key, p, sizeof(key));
		size = sizeof(key) + ((size_t)key.key_len + 7) / 8 * 8;
		if (size > bytes)
			return -EPROTO;
		for (i = 0; i < key.key_len; i++)
			if (p[sizeof(key) + i] <= ' ')
				break;
		if (i == key.key_len)
			printf("%.*s %" PRIu32 "\n", (int)key.key_len,
			       p + sizeof(key), key.value_len);
		p += size;
		bytes -= size;
	}
	return 0;
}

static int cmd_scan(struct kv_link *c)
{
	struct kv_scan scan = { 0 };
	int64_t rc;

	if (!c->xbuf)
		return fail("scan", -ENOBUFS);
	do {
		const char *p = (const char *)c->xbuf + VALUE_AT;

		rc = call(&c->scan, scan.next, KV_AT(VALUE_AT, VALUE_ROOM), 0);
		if (!rc) {
			memcpy(&scan, p, sizeof(scan));
			rc = print_keys(p + sizeof(scan), scan.count,
					VALUE_ROOM - sizeof(scan));
		}
		if (rc < 0)
			return fail("scan", (int)rc);
	} while (scan.next);
	return 0;
}

static int cmd_get64(struct kv_link *c, uint64_t key)
{
	int64_t rc = call(&c->get_u64, key, 0, 0);

	if (is_error(rc))
		return fail("get64", (int)rc);
	printf("%" PRIu64 "\n", (uint64_t)rc);
	return 0;
}

static int cmd_put64(struct kv_link *c, uint64_t key, uint64_t value)
{
	int64_t rc = call(&c->put_u64, key, value, 0);

	return rc < 0 ? fail("put64", (int)rc) : 0;
}

static int cmd_count(struct kv_link *c)
{
	int64_t rc = call(&c->count, 0, 0, 0);

	if (is_error(rc))
		return fail("count", (int)rc);
	printf("%" PRIu64 "\n", (uint64_t)rc);
	return 0;
}

static int cmd_fill(struct kv_link *c, uint64_t first, uint64_t n)
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

static int cmd_check(struct kv_link *c, uint64_t first, uint64_t n)
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
static int bench_batch(struct kv_link *c, uint64_t n)
{
	struct elisa_batch batch;
	uint64_t begin, total, i, ret;
	unsigned int k;
	int err;

	if (!c->att)
		return 0;
	err = elisa_batch_init(&batch, c->att, BATCH_AT, BATCH);
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

static int cmd_bench(struct kv_link *c, uint64_t n)
{
	const uint64_t value = KV_AT(VALUE_AT, BENCH_VALUE);
	uint64_t key;
	int rc;

	rc = cmd_put64(c, 1, 0x1234567890);
	rc = rc ? rc : bench_one("nop", &c->nop, n, 0, 0, 0);
	rc = rc ? rc : bench_one("get64", &c->get_u64, n, 1, 0, 0);
	rc = rc ? rc : bench_one("put64", &c->put_u64, n, 1, 99, 0);
	if (rc || !c->xbuf)
		return rc;
	set_key(c, "a-key-of-20-bytes-no", &key);
	memset(c->xbuf + VALUE_AT, 'x', BENCH_VALUE);
	rc = bench_one("put-64B", &c->put, n, key, value, KV_SET);
	rc = rc ? rc : bench_one("get-64B", &c->get, n, key, value, 0);
	return rc ? rc : bench_batch(c, n);
}

static bool number(const char *text, uint64_t *value)
{
	char *end;

	errno = 0;
	*value = strtoull(text, &end, 0);
	return !errno && *end == '\0' && end != text;
}

static int run(struct kv_link *c, int argc, char **argv)
{
	uint64_t a = 0, b = 0;
	bool first = argc > 1 && number(argv[1], &a);
	bool second = argc > 2 && number(argv[2], &b);

	if (!strcmp(argv[0], "put") && argc == 3)
		return cmd_put(c, argv[1], argv[2]);
	if (!strcmp(argv[0], "get") && argc == 2)
		return cmd_get(c, argv[1]);
	if (!strcmp(argv[0], "delete") && argc == 2)
		return cmd_delete(c, argv[1]);
	if (!strcmp(argv[0], "scan") && argc == 1)
		return cmd_scan(c);
	if (!strcmp(argv[0], "put64") && argc == 3 && first && second)
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
	const char *name = KV_EXPORT, *file = NULL, *why = NULL;
	size_t xbuf_size = XBUF_SIZE;
	uint64_t mib = 16;
	struct kv_link c;
	int opt, err, rc;

	while ((opt = getopt(argc, argv, "+n:d:s:xh")) != -1) {
		switch (opt) {
		case 'n':
			name = optarg;
			break;
		case 'd':
			file = optarg;
			break;
		case 's':
			if (!number(optarg, &mib) || !mib || mib > 256)
				return usage(stderr);
			break;
		case 'x':
			xbuf_size = 0;
			break;
		case 'h':
			return usage(stdout);
		default:
			return usage(stderr);
		}
	}
	if (optind == argc)
		return usage(stderr);
	if (file) {
		why = file;
		err = kv_link_open_direct(&c, file, mib << 20, XBUF_SIZE);
	} else {
		err = kv_link_open(&c, name, xbuf_size, &why);
	}
	rc = err ? fail(why, err) : run(&c, argc - optind, argv + optind);
	err = kv_link_close(&c);
	if (err)
		fail("detach", err);
	return rc ? rc : err ? 1 : 0;
}
