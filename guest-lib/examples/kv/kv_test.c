// SPDX-License-Identifier: MIT
/*
 * Unit test of the kv example's sub image, on any machine: kv_test IMAGE, which
 * is kv_sub.c built for tests.  See <elisa/sub_test.h>.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <elisa/sub_test.h>

#include "kv.h"

#define DATA_SIZE (64 << 10)
#define XBUF_SIZE 4096

static struct elisa_test_export *store;
static struct elisa_test_vm *writer, *reader, *bare;
static unsigned int failed;

static void report(bool ok, const char *what)
{
	printf("%s - kv image: %s\n", ok ? "ok" : "not ok", what);
	failed += !ok;
}

/* What the entry point returned; the calls themselves must not fail. */
#define call(...) returned(elisa_test_call(__VA_ARGS__), &ret)

static int64_t returned(int err, const uint64_t *ret)
{
	if (err) {
		printf("# call: %s\n", strerror(-err));
		failed++;
	}
	return (int64_t)*ret;
}

static void test_numbers(void)
{
	uint64_t ret;

	report(call(writer, "kv_get_u64", &ret, 7) == -ENOENT, "no such key");
	report(call(writer, "kv_put_u64", &ret, 7, 42) == 0, "put");
	report(call(writer, "kv_get_u64", &ret, 7) == 42, "get");
	report(call(reader, "kv_get_u64", &ret, 7) == 42,
	       "get by another VM, which may only read");
	report(call(reader, "kv_put_u64", &ret, 7, 43) == -EACCES,
	       "which may not put");
	report(call(reader, "kv_count", &ret) == 1, "count");
}

static void test_texts(void)
{
	char *in = elisa_test_xbuf(writer);
	char *out = elisa_test_xbuf(reader);
	uint64_t ret;

	memcpy(in + 100, "hello", 5);
	report(call(writer, "kv_put", &ret, 1, 100, 5) == 0, "put a text");
	report(call(reader, "kv_get", &ret, 1, XBUF_SIZE - 5, 5) == 5,
	       "get it at the end of the buffer");
	report(!memcmp(out + XBUF_SIZE - 5, "hello", 5), "it is the same");
	report(call(reader, "kv_get", &ret, 1, 0, 4) == -EMSGSIZE,
	       "no room for it");
}

/* Whatever the caller says, nothing outside of its buffer is touched. */
static void test_ranges(void)
{
	static const uint64_t bad[][2] = {
		{ XBUF_SIZE, 1 },     { XBUF_SIZE - 4, 5 }, { UINT64_MAX, 2 },
		{ 0, XBUF_SIZE + 1 }, { 2, UINT64_MAX },
	};
	uint64_t ret;
	size_t i;
	bool ok = true;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		ok &= call(writer, "kv_put", &ret, 1, bad[i][0], bad[i][1]) ==
		      -EINVAL;
		ok &= call(writer, "kv_get", &ret, 1, bad[i][0], bad[i][1]) ==
		      -EINVAL;
	}
	report(ok, "ranges outside of the buffer");
	report(call(writer, "kv_put", &ret, 1, 0, KV_VALUE_MAX + 1) == -EINVAL,
	       "a value that is too long");
	report(call(bare, "kv_get", &ret, 1, 0, 1) == -EINVAL,
	       "a caller without a buffer");
}

int main(int argc, char **argv)
{
	const unsigned int rw = ELISA_RIGHT_READ | ELISA_RIGHT_WRITE;

	if (argc != 2) {
		fprintf(stderr, "Usage: kv_test IMAGE\n");
		return 2;
	}
	if (elisa_test_export_open(&store, argv[1], DATA_SIZE) ||
	    elisa_test_attach(&writer, store, rw, XBUF_SIZE) ||
	    elisa_test_attach(&reader, store, ELISA_RIGHT_READ, XBUF_SIZE) ||
	    elisa_test_attach(&bare, store, rw, 0)) {
		fprintf(stderr, "kv_test: %s cannot be used\n", argv[1]);
		return 1;
	}
	test_numbers();
	test_texts();
	test_ranges();
	elisa_test_detach(bare);
	elisa_test_detach(reader);
	elisa_test_detach(writer);
	elisa_test_export_close(store);
	return failed ? 1 : 0;
}
