// SPDX-License-Identifier: MIT
/*
 * Unit test of the kv example's sub image, on any machine: kv_test IMAGE [SEED],
 * with kv_sub.c built for tests.  See <elisa/sub_test.h>.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <elisa/batch_op.h>
#include <elisa/sub_test.h>

#include "kv.h"

#define DATA_SIZE  (256 << 10)
#define XBUF_SIZE  (64 << 10)
#define KEY_AT	   0
#define VALUE_AT   1024
#define VALUE_ROOM (XBUF_SIZE - VALUE_AT)

static struct elisa_test_export *store;
static struct elisa_test_vm *writer, *other, *reader, *bare;
static unsigned int failed;

static void report(const char *what, bool ok)
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

static uint64_t set_key(struct elisa_test_vm *vm, const char *key)
{
	const size_t len = strlen(key);

	memcpy((char *)elisa_test_xbuf(vm) + KEY_AT, key, len);
	return KV_AT(KEY_AT, len);
}

/* elisa_test_call() of kv_put. */
static int try_put(struct elisa_test_vm *vm, uint64_t *ret, enum kv_mode mode,
		   const char *key, const void *value, size_t len, int64_t ttl,
		   uint64_t cas)
{
	memcpy((char *)elisa_test_xbuf(vm) + VALUE_AT, value, len);
	return elisa_test_call(vm, "kv_put", ret, set_key(vm, key),
			       KV_AT(VALUE_AT, len), mode | 77ULL << 32,
			       (uint64_t)ttl, cas);
}

static int64_t put(struct elisa_test_vm *vm, enum kv_mode mode, const char *key,
		   const char *value)
{
	uint64_t ret;

	return returned(try_put(vm, &ret, mode, key, value, strlen(value), 0,
				0),
			&ret);
}

static const char *value_in(struct elisa_test_vm *vm)
{
	return (const char *)elisa_test_xbuf(vm) + VALUE_AT;
}

static int64_t get(struct elisa_test_vm *vm, const char *key)
{
	uint64_t ret;

	return call(vm, "kv_get", &ret, set_key(vm, key),
		    KV_AT(VALUE_AT, VALUE_ROOM));
}

static bool holds(struct elisa_test_vm *vm, const char *key, const char *value)
{
	return get(vm, key) == (int64_t)strlen(value) &&
	       !memcmp(value_in(vm), value, strlen(value));
}

static struct kv_get mget_one(struct elisa_test_vm *vm, const char *key)
{
	const uint64_t part = set_key(vm, key);
	struct kv_get one = {
		.key = (uint32_t)part,
		.key_len = part >> 32,
		.value = VALUE_AT,
		.room = VALUE_ROOM,
	};
	char *xbuf = elisa_test_xbuf(vm);
	uint64_t ret;

	memcpy(xbuf + 512, &one, sizeof(one));
	if (call(vm, "kv_mget", &ret, 512, 1) != 1)
		failed++;
	memcpy(&one, xbuf + 512, sizeof(one));
	return one;
}

static int64_t remove_key(struct elisa_test_vm *vm, const char *key)
{
	uint64_t ret;

	return call(vm, "kv_delete", &ret, set_key(vm, key));
}

static struct kv_stats stats(struct elisa_test_vm *vm)
{
	struct kv_stats s;
	uint64_t ret;

	if (call(vm, "kv_stats", &ret, VALUE_AT))
		failed++;
	memcpy(&s, value_in(vm), sizeof(s));
	return s;
}

static struct kv_setup *setup(void)
{
	return elisa_test_data(store);
}

static void delete_all(void)
{
	uint64_t ret = 0;

	do
		call(writer, "kv_sweep", &ret, ret, 1);
	while ((int64_t)ret > 0);
	if (ret || stats(writer).bytes)
		failed++;
}

/* --- one thing after the other */

static void test_numbers(void)
{
	uint64_t ret;

	report("no store, no key",
	       call(reader, "kv_get_u64", &ret, 7) == -ENOENT);
	report("who may only read does not make one",
	       call(reader, "kv_put_u64", &ret, 7, 43) == -EACCES);
	report("no such key", call(writer, "kv_get_u64", &ret, 7) == -ENOENT);
	report("put", call(writer, "kv_put_u64", &ret, 7, 42) == 0);
	report("get", call(writer, "kv_get_u64", &ret, 7) == 42);
	report("the largest number",
	       call(writer, "kv_put_u64", &ret, 7, KV_U64_MAX) == 0 &&
		       call(writer, "kv_get_u64", &ret, 7) ==
			       (int64_t)KV_U64_MAX &&
		       call(writer, "kv_put_u64", &ret, 7, KV_U64_MAX + 1) ==
			       -EINVAL);
	report("get by another VM, which may only read",
	       call(reader, "kv_get_u64", &ret, 7) == (int64_t)KV_U64_MAX);
	report("which may not put",
	       call(reader, "kv_put_u64", &ret, 7, 43) == -EACCES);
	report("count", call(reader, "kv_count", &ret) == 1);
	report("a text is another key",
	       holds(writer, "\7", "") || get(writer, "\7") == -ENOENT);
}

static void test_modes(void)
{
	struct kv_get first, second;
	uint64_t ret;
	bool ok;

	report("no value to replace, append to, compare",
	       put(writer, KV_REPLACE, "k", "x") == -ENOENT &&
		       put(writer, KV_APPEND, "k", "x") == -ENOENT &&
		       put(writer, KV_PREPEND, "k", "x") == -ENOENT &&
		       put(writer, KV_CAS, "k", "x") == -ENOENT &&
		       get(writer, "k") == -ENOENT);
	report("add",
	       !put(writer, KV_ADD, "k", "one") && holds(reader, "k", "one"));
	ok = put(writer, KV_ADD, "k", "two") == -EEXIST &&
	     holds(reader, "k", "one");
	report("add once", ok);
	first = mget_one(reader, "k");
	report("flags", first.result == 3 && first.flags == 77);
	ok = !put(other, KV_REPLACE, "k", "two") && holds(reader, "k", "two");
	report("replace by another VM", ok);
	second = mget_one(reader, "k");
	report("another cas", first.cas != second.cas);
	try_put(writer, &ret, KV_CAS, "k", "three", 5, 0, first.cas);
	report("compare, and do not set",
	       (int64_t)ret == -EEXIST && holds(reader, "k", "two"));
	try_put(writer, &ret, KV_CAS, "k", "three", 5, 0, second.cas);
	report("compare and set", !ret && holds(reader, "k", "three"));
	report("append, prepend",
	       !put(writer, KV_APPEND, "k", " and four") &&
		       !put(writer, KV_PREPEND, "k", "two, ") &&
		       holds(reader, "k", "two, three and four"));
	report("which keep the flags", mget_one(reader, "k").flags == 77);
	ok = !remove_key(other, "k") && remove_key(other, "k") == -ENOENT &&
	     get(writer, "k") == -ENOENT;
	report("delete", ok);
}

/* Values that one store changes: of one word, and of the same length. */
static void test_in_place(void)
{
	struct kv_get first, second;

	put(writer, KV_SET, "p", "12345678");
	first = mget_one(reader, "p");
	put(writer, KV_SET, "p", "abcdefgh");
	second = mget_one(reader, "p");
	report("a value of 8 bytes",
	       holds(reader, "p", "abcdefgh") && first.cas != second.cas);
	put(writer, KV_SET, "p", "abc");
	put(writer, KV_SET, "p", "xyz");
	report("a value of 3 bytes", holds(reader, "p", "xyz"));
	put(other, KV_SET, "p", "XYZ");
	report("by another VM, which owns it then",
	       stats(other).own_items == 1 && holds(reader, "p", "XYZ"));
	delete_all();
}

static void test_lengths(void)
{
	static char bytes[KV_VALUE_MAX + 1];
	char key[KV_KEY_MAX + 2];
	bool ok = true;
	uint64_t ret;
	size_t len;

	for (len = 0; len < sizeof(bytes); len++)
		bytes[len] = (char)(len * 37 + (len >> 8));
	for (len = 0; len <= 300; len++) {
		try_put(writer, &ret, KV_SET, "len", bytes, len, 0, 0);
		ok &= !ret && get(reader, "len") == (int64_t)len &&
		      !memcmp(value_in(reader), bytes, len);
		if (len)
			ok &= call(reader, "kv_get", &ret,
				   set_key(reader, "len"),
				   KV_AT(VALUE_AT, len - 1)) == -EMSGSIZE;
	}
	report("values of 0 to 300 bytes, and too little room", ok);
	ok = true;
	for (len = 1; len <= KV_KEY_MAX; len++) {
		memset(key, 'k', len);
		key[len] = '\0';
		ok &= !put(writer, KV_SET, key, "v") && holds(other, key, "v");
	}
	report("keys of 1 to 250 bytes", ok);
	memset(key, 'k', len);
	key[len] = '\0';
	ok = put(writer, KV_SET, key, "v") == -EINVAL &&
	     get(writer, key) == -EINVAL &&
	     remove_key(writer, key) == -EINVAL && get(writer, "") == -EINVAL;
	report("not of 0 or 251", ok);
	ok = true;
	for (len = 0; len < 40; len++) {
		size_t more;

		for (more = 0; more < 40; more++) {
			try_put(writer, &ret, KV_SET, "x", bytes, len, 0, 0);
			try_put(writer, &ret, KV_APPEND, "x", bytes + len, more,
				0, 0);
			ok &= get(writer, "x") == (int64_t)(len + more) &&
			      !memcmp(value_in(writer), bytes, len + more);
			try_put(writer, &ret, KV_SET, "x", bytes + more, len, 0,
				0);
			try_put(writer, &ret, KV_PREPEND, "x", bytes, more, 0,
				0);
			ok &= get(writer, "x") == (int64_t)(len + more) &&
			      !memcmp(value_in(writer), bytes, len + more);
		}
	}
	report("append and prepend, all lengths up to 40", ok);
	delete_all();
}

/* Whatever the caller says, nothing outside of its buffer is touched. */
static void test_ranges(void)
{
	static const uint64_t bad[][2] = {
		{ XBUF_SIZE, 1 },     { XBUF_SIZE - 4, 5 }, { UINT32_MAX, 2 },
		{ 0, XBUF_SIZE + 1 }, { 2, UINT32_MAX },
	};
	const uint64_t good = KV_AT(0, 8);
	bool ok = true;
	uint64_t ret;
	size_t i;

	put(writer, KV_SET, "k", "v");
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		const uint64_t part = KV_AT(bad[i][0], bad[i][1]);
		/* Of a key they are too long as well. */
		const int64_t key_err = bad[i][1] > KV_KEY_MAX ? -EINVAL :
								 -EFAULT;

		ok &= call(writer, "kv_put", &ret, good, part, 0) == -EFAULT;
		ok &= call(writer, "kv_put", &ret, part, good, 0) == key_err;
		ok &= call(writer, "kv_get", &ret, good, part) == -EFAULT;
		ok &= call(writer, "kv_get", &ret, part, good) == key_err;
		ok &= call(writer, "kv_delete", &ret, part) == key_err;
		ok &= call(writer, "kv_touch", &ret, part, 0) == key_err;
		ok &= call(writer, "kv_add", &ret, part, 1, 0, 0) == key_err;
		ok &= call(writer, "kv_scan", &ret, 0, part) == -EFAULT;
	}
	for (i = 1; i < 8; i++) {
		const uint64_t at = XBUF_SIZE - 8 + i;

		ok &= call(writer, "kv_add", &ret, good, 1, 0, at) == -EFAULT;
		ok &= call(writer, "kv_stats", &ret, at) == -EFAULT;
		ok &= call(writer, "kv_mget", &ret, at, 1) == -EFAULT;
	}
	ok &= call(writer, "kv_mget", &ret, 0, UINT64_MAX) == -EFAULT;
	ok &= call(writer, "kv_mget", &ret, 8, UINT64_MAX / 40 + 2) == -EFAULT;
	ok &= call(writer, "kv_mget", &ret, UINT64_MAX - 39, 1) == -EFAULT;
	report("ranges outside of the buffer", ok);
	/* The last bytes of the buffer are as good as others. */
	memcpy((char *)elisa_test_xbuf(writer) + XBUF_SIZE - 3, "end", 3);
	report("ranges at its end",
	       !call(writer, "kv_put", &ret, KV_AT(XBUF_SIZE - 3, 3),
		     KV_AT(XBUF_SIZE - 2, 2), 0) &&
		       holds(reader, "end", "nd"));
	report("no such mode",
	       call(writer, "kv_put", &ret, good, good, KV_CAS + 1) == -EINVAL);
	report("a caller without a buffer",
	       call(bare, "kv_get", &ret, KV_AT(0, 1), KV_AT(0, 0)) ==
			       -EFAULT &&
		       call(bare, "kv_mget", &ret, 0, 1) == -EFAULT);
	delete_all();
}

static void test_expiry(void)
{
	uint64_t ret;

	setup()->clock = 0;
	try_put(writer, &ret, KV_SET, "e", "v", 1, 10, 0);
	report("without a clock nothing expires", (int64_t)ret == -EOPNOTSUPP);
	setup()->clock = 100;
	try_put(writer, &ret, KV_SET, "e", "v", 1, 10, 0);
	setup()->clock = 109;
	report("a key that will expire", !ret && holds(reader, "e", "v"));
	setup()->clock = 110;
	report("has expired",
	       get(reader, "e") == -ENOENT &&
		       put(writer, KV_REPLACE, "e", "w") == -ENOENT &&
		       remove_key(writer, "e") == -ENOENT);
	try_put(writer, &ret, KV_SET, "e", "v", 1, -1, 0);
	report("has expired at once", !ret && get(reader, "e") == -ENOENT);
	put(writer, KV_SET, "e", "v");
	report("touch",
	       !call(writer, "kv_touch", &ret, set_key(writer, "e"), 5) &&
		       holds(reader, "e", "v"));
	setup()->clock = 115;
	report("too late", call(writer, "kv_touch", &ret, set_key(writer, "e"),
				5) == -ENOENT &&
				   stats(writer).items == 1);
	for (ret = 0; call(writer, "kv_sweep", &ret, ret, 0) > 0;)
		;
	report("swept: its memory is free",
	       stats(writer).items == 0 && stats(writer).bytes == 0);
	report("too far away",
	       call(writer, "kv_touch", &ret, set_key(writer, "e"),
		    UINT32_MAX) == -EINVAL);
}

static void test_arithmetic(void)
{
	static const struct {
		const char *value;
		uint64_t delta;
		bool down;
		const char *expected;
	} cases[] = {
		{ "0", 1, false, "1" },
		{ "9", 1, false, "10" },
		{ "10", 1, true, "9" },
		{ "5", 6, true, "0" },
		{ "99999999", 1, false, "100000000" },
		{ "123456789", 876543211, false, "1000000000" },
		{ "18446744073709551615", 1, false, "0" },
		{ "18446744073709551615", 0, false, "18446744073709551615" },
		{ "00000007", 0, false, "7" },
		{ "18446744073709551616", 1, false, NULL },
		{ "", 1, false, NULL },
		{ "1x", 1, false, NULL },
		{ "-1", 1, false, NULL },
		{ "000000000000000000001", 1, false, NULL },
	};
	bool ok = true;
	uint64_t ret;
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int64_t rc;

		put(writer, KV_SET, "n", cases[i].value);
		rc = call(writer, "kv_add", &ret, set_key(writer, "n"),
			  cases[i].delta, cases[i].down, VALUE_AT);
		if (!cases[i].expected) {
			ok &= rc == -EINVAL &&
			      holds(reader, "n", cases[i].value);
			continue;
		}
		memcpy(&ret, value_in(writer), sizeof(ret));
		ok &= !rc && ret == strtoull(cases[i].expected, NULL, 10) &&
		      holds(reader, "n", cases[i].expected);
	}
	report("numbers of digits", ok);
	delete_all();
}

static void test_scan(void)
{
	char seen[200] = { 0 };
	struct kv_scan scan = { 0 };
	unsigned int i, keys = 0;
	uint64_t ret;
	bool ok = true;

	for (i = 0; i < sizeof(seen); i++) {
		char key[32];

		snprintf(key, sizeof(key), "scan-%u", i);
		put(writer, KV_SET, key, key);
	}
	do {
		const char *p;

		/* Little room, so that it takes many calls. */
		ok &= !call(reader, "kv_scan", &ret, scan.next,
			    KV_AT(VALUE_AT, 256));
		memcpy(&scan, value_in(reader), sizeof(scan));
		ok &= scan.bytes <= 256 - sizeof(scan);
		p = value_in(reader) + sizeof(scan);
		for (i = 0; i < scan.count; i++) {
			struct kv_scan_key key;
			unsigned int n;

			memcpy(&key, p, sizeof(key));
			ok &= sscanf(p + sizeof(key), "scan-%u", &n) == 1;
			ok &= key.value_len == key.key_len && n < sizeof(seen);
			seen[n]++;
			keys++;
			p += 8 + (key.key_len + 7) / 8 * 8;
		}
		ok &= p == value_in(reader) + sizeof(scan) + scan.bytes;
	} while (ok && scan.next);
	for (i = 0; i < sizeof(seen); i++)
		ok &= seen[i] == 1;
	report("scan finds each key once", ok && keys == sizeof(seen));
	report("scan without room", call(reader, "kv_scan", &ret, 0,
					 KV_AT(VALUE_AT, 15)) == -EFAULT);
	report("a cursor that is none",
	       !call(reader, "kv_scan", &ret, UINT64_MAX,
		     KV_AT(VALUE_AT, 16)) &&
		       !*(uint64_t *)value_in(reader));
	delete_all();
}

static void test_batch(void)
{
	struct elisa_batch_op op[4] = { 0 };
	char *xbuf = elisa_test_xbuf(writer);
	uint64_t ret;

	memcpy(xbuf + VALUE_AT, "keyvalue", 8);
	op[0].entry = (uint32_t)elisa_test_lookup(store, "kv_put");
	op[0].arg[0] = KV_AT(VALUE_AT, 3);
	op[0].arg[1] = KV_AT(VALUE_AT + 3, 5);
	op[1].entry = (uint32_t)elisa_test_lookup(store, "kv_get");
	op[1].arg[0] = KV_AT(VALUE_AT, 3);
	op[1].arg[1] = KV_AT(VALUE_AT + 100, 5);
	op[2].entry = (uint32_t)elisa_test_lookup(store, "kv_delete");
	op[2].arg[0] = KV_AT(VALUE_AT, 3);
	op[3] = op[1];
	memcpy(xbuf, op, sizeof(op));
	report("a batch", call(writer, "elisa_batch", &ret, 0, 4) == 4);
	memcpy(op, xbuf, sizeof(op));
	report("put, get, delete",
	       !op[0].result && op[1].result == 5 && !op[2].result &&
		       (int64_t)op[3].result == -ENOENT &&
		       !memcmp(xbuf + VALUE_AT + 100, "value", 5));
}

static void test_full(void)
{
	static char big[VALUE_ROOM];
	unsigned int n;
	uint64_t ret;
	bool ok;
	char key[32];

	for (n = 0;; n++) {
		snprintf(key, sizeof(key), "full-%u", n);
		try_put(writer, &ret, KV_SET, key, big, 1000, 0, 0);
		if (ret)
			break;
	}
	report("the store is full", (int64_t)ret == -ENOSPC && n > 100);
	report("and has what it had",
	       get(writer, "full-0") == 1000 && get(writer, key) == -ENOENT);
	try_put(writer, &ret, KV_SET, "full-0", big, 60000, 0, 0);
	report("a value that cannot grow stays",
	       (int64_t)ret == -ENOSPC && get(writer, "full-0") == 1000);
	delete_all();

	setup()->quota = 8192;
	for (n = 0;; n++) {
		snprintf(key, sizeof(key), "q-%u", n);
		try_put(other, &ret, KV_SET, key, big, 1000, 0, 0);
		if (ret)
			break;
	}
	ok = (int64_t)ret == -EDQUOT && n == 4 &&
	     stats(other).own_bytes == 8192;
	report("a VM's quota", ok);
	try_put(writer, &ret, KV_SET, "q-0", big, 1000, 0, 0);
	report("what another one puts is the other's",
	       !ret && stats(other).own_bytes == 6144 &&
		       stats(writer).own_bytes == 2048);
	try_put(other, &ret, KV_SET, "q-1", big, 10, 0, 0);
	report("less is allowed", !ret);
	setup()->quota = 0;
	delete_all();
}

/* --- against a model */

#define KEYS	    200u
#define MODEL_VALUE 700u

static struct {
	bool there;
	size_t len;
	uint64_t expires, cas;
	char value[MODEL_VALUE];
} model[KEYS];

static uint64_t rng;

static uint32_t below(uint32_t n)
{
	/* xorshift64* */
	rng ^= rng >> 12;
	rng ^= rng << 25;
	rng ^= rng >> 27;
	return (rng * 0x2545f4914f6cdd1d >> 32) % n;
}

static void model_key(char *key, unsigned int n)
{
	/* Some are long. */
	sprintf(key, "%0*u", n % 7 ? 5 : 30 + (int)n, n);
}

static bool model_live(unsigned int n)
{
	return model[n].there &&
	       (!model[n].expires || model[n].expires > setup()->clock);
}

static bool model_get(struct elisa_test_vm *vm, unsigned int n)
{
	char key[KV_KEY_MAX + 1];
	struct kv_get got;

	model_key(key, n);
	got = mget_one(vm, key);
	if (!model_live(n))
		return got.result == -ENOENT;
	if (got.result != (int64_t)model[n].len ||
	    memcmp(value_in(vm), model[n].value, model[n].len))
		return false;
	model[n].cas = got.cas;
	return true;
}

static bool model_put(struct elisa_test_vm *vm, unsigned int n)
{
	static char value[MODEL_VALUE];
	const enum kv_mode mode = below(KV_CAS + 1);
	const bool wrong = mode == KV_CAS && below(2);
	size_t len = below(2) ? below(9) : below(MODEL_VALUE / 2), i;
	int64_t ttl = below(4) ? 0 : 1 + below(20), want = 0;
	bool live = model_live(n);
	char key[KV_KEY_MAX + 1];
	uint64_t ret;

	/* So that the model knows its cas. */
	if (mode == KV_CAS && !model_get(vm, n))
		return false;
	for (i = 0; i < len; i++)
		value[i] = (char)below(256);
	model_key(key, n);
	if ((mode == KV_APPEND || mode == KV_PREPEND) &&
	    model[n].len + len > MODEL_VALUE)
		return true;
	if (try_put(vm, &ret, mode, key, value, len, ttl,
		    wrong ? model[n].cas + 1 : model[n].cas))
		return false;
	if (mode == KV_ADD && live)
		want = -EEXIST;
	else if (mode > KV_ADD && !live)
		want = -ENOENT;
	else if (wrong)
		want = -EEXIST;
	if ((int64_t)ret != want) {
		/* The store may be full: then all is as it was. */
		return (int64_t)ret == -ENOSPC && !want;
	}
	if (want)
		return true;
	if (mode == KV_APPEND) {
		memcpy(model[n].value + model[n].len, value, len);
		model[n].len += len;
	} else if (mode == KV_PREPEND) {
		memmove(model[n].value + len, model[n].value, model[n].len);
		memcpy(model[n].value, value, len);
		model[n].len += len;
	} else {
		memcpy(model[n].value, value, len);
		model[n].len = len;
		model[n].expires = ttl ? setup()->clock + (uint64_t)ttl : 0;
	}
	model[n].there = true;
	return true;
}

static bool model_step(void)
{
	struct elisa_test_vm *vm = below(2) ? writer : other;
	const unsigned int n = below(KEYS);
	char key[KV_KEY_MAX + 1];
	uint64_t ret;

	model_key(key, n);
	switch (below(12)) {
	case 0:
	case 1:
		ret = (uint64_t)remove_key(vm, key);
		if ((int64_t)ret != (model_live(n) ? 0 : -ENOENT))
			return false;
		model[n].there = false;
		return true;
	case 2:
		setup()->clock++;
		return !(call(vm, "kv_sweep", &ret, 0, 0) < 0);
	case 3:
		if (call(vm, "kv_touch", &ret, set_key(vm, key), 7) !=
		    (model_live(n) ? 0 : -ENOENT))
			return false;
		if (model_live(n))
			model[n].expires = setup()->clock + 7;
		return true;
	case 4:
	case 5:
	case 6:
		return model_get(below(2) ? vm : reader, n);
	default:
		return model_put(vm, n);
	}
}

/* Everything is as in the model, and the accounts are right. */
static bool model_equal(void)
{
	unsigned int n, live = 0;
	struct kv_stats w, o;
	uint64_t ret;

	for (ret = 0; call(writer, "kv_sweep", &ret, ret, 0) > 0;)
		;
	for (n = 0; n < KEYS; n++) {
		if (!model_get(reader, n))
			return false;
		live += model_live(n);
	}
	w = stats(writer);
	o = stats(other);
	if (w.items != live || w.own_items + o.own_items != live ||
	    w.own_bytes + o.own_bytes != w.bytes) {
		printf("# %" PRIu64 " = %" PRIu64 " + %" PRIu64
		       " keys, not %u\n",
		       w.items, w.own_items, o.own_items, live);
		return false;
	}
	return true;
}

static void test_model(unsigned int steps)
{
	unsigned int i;
	bool ok = true;

	setup()->clock = 1000;
	for (i = 0; i < steps && ok; i++) {
		ok = model_step();
		if (ok && i % 1000 == 999)
			ok = model_equal();
	}
	if (!ok)
		printf("# at step %u\n", i);
	report("random operations, as in a model", ok && model_equal());
	memset(model, 0, sizeof(model));
	delete_all();
	report("nothing is left of them", stats(writer).bytes == 0);
}

/* --- deaths */

/* What dies: on a key with an old value, by the same VM or another, or none. */
struct death {
	const char *name;
	const char *old;
	bool own;
	enum kv_mode mode;
	const char *value;
	const char *expected;
};

static void prepare_death(const struct death *d)
{
	delete_all();
	put(other, KV_SET, "before", "stays");
	if (d->old)
		put(d->own ? writer : other, KV_SET, "k", d->old);
	put(writer, KV_SET, "after", "stays, too");
}

static int die(const struct death *d, uint64_t *ret)
{
	if (d->value)
		return try_put(writer, ret, d->mode, "k", d->value,
			       strlen(d->value), 0, 0);
	return elisa_test_call(writer, "kv_delete", ret, set_key(writer, "k"));
}

/* The key has its old value or the new one, nothing else has changed or leaked. */
static bool check_death(const struct death *d)
{
	const int64_t len = get(reader, "k");
	bool ok = true, old, new;
	struct kv_stats w, o;

	old = d->old ? holds(reader, "k", d->old) : len == -ENOENT;
	new = d->expected ? holds(reader, "k", d->expected) : len == -ENOENT;
	ok &= old || new;
	/* Readers need no repair; this one does it. */
	put(other, KV_ADD, "k", "?");
	if (len == -ENOENT)
		ok &= !remove_key(other, "k");
	ok &= holds(reader, "before", "stays");
	ok &= holds(reader, "after", "stays, too");
	ok &= get(reader, "k") == len;
	w = stats(writer);
	o = stats(other);
	ok &= w.items == 2 + (len != -ENOENT);
	ok &= w.own_items + o.own_items == w.items;
	ok &= w.own_bytes + o.own_bytes == w.bytes;
	ok &= w.bytes == (w.items == 3 ? 3 : 2) * 64;
	remove_key(other, "k");
	remove_key(other, "before");
	remove_key(other, "after");
	ok &= stats(writer).bytes == 0;
	/* All of the heap can be had again. */
	ok &= put(other, KV_SET, "k", "x") == 0;
	remove_key(other, "k");
	return ok;
}

/* How many blocks of 1000 bytes there is memory for. */
static unsigned int room_left(void)
{
	static char value[1000];
	unsigned int n;
	char key[32];
	uint64_t ret;

	for (n = 0;; n++) {
		snprintf(key, sizeof(key), "room-%u", n);
		try_put(writer, &ret, KV_SET, key, value, sizeof(value), 0, 0);
		if (ret)
			break;
	}
	delete_all();
	return n;
}

static void test_deaths(void)
{
	static const struct death deaths[] = {
		{ "a put of a new key", NULL, false, KV_SET, "new", "new" },
		{ "a put over another VM's", "old", false, KV_SET, "new",
		  "new" },
		{ "a put over a value", "old", true, KV_SET, "newer", "newer" },
		{ "a put in place", "old", true, KV_SET, "new", "new" },
		{ "an append", "old", true, KV_APPEND, "er", "older" },
		{ "a delete", "old", false, KV_SET, NULL, NULL },
	};
	unsigned int n, i, points = 0, rooms;
	uint64_t ret;
	char text[80];
	bool ok;
	int err;

	rooms = room_left();
	for (i = 0; i < sizeof(deaths) / sizeof(deaths[0]); i++) {
		ok = true;
		for (n = 1;; n++) {
			prepare_death(&deaths[i]);
			elisa_test_die_after(writer, n);
			err = die(&deaths[i], &ret);
			if (err != -ENOLINK)
				break;
			if (!check_death(&deaths[i])) {
				ok = false;
				printf("# at point %u\n", n);
			}
		}
		points += n - 1;
		elisa_test_die_after(writer, 0);
		snprintf(text, sizeof(text), "%s dies at each of %u points",
			 deaths[i].name, n - 1);
		report(text, ok && !err && n > 8);
		delete_all();
	}
	report("no memory is lost", room_left() == rooms);
	report("repairs are counted", stats(writer).repairs > points / 2);
}

/* The call that repairs dies, too, again and again. */
static void test_death_in_repair(void)
{
	static const struct death death = { "",	    "old",   false,
					    KV_SET, "newer", "newer" };
	const unsigned int rooms = room_left();
	unsigned int n, m, pairs = 0;
	bool ok = true;
	uint64_t ret;

	for (n = 1; ok; n++) {
		prepare_death(&death);
		elisa_test_die_after(writer, n);
		if (die(&death, &ret) != -ENOLINK)
			break;
		for (m = 1; ok; m++, pairs++) {
			elisa_test_die_after(other, m);
			if (elisa_test_call(other, "kv_touch", &ret,
					    set_key(other, "k"), 0) != -ENOLINK)
				break;
		}
		elisa_test_die_after(other, 0);
		ok &= check_death(&death);
	}
	elisa_test_die_after(writer, 0);
	printf("# %u deaths in repairs\n", pairs);
	report("deaths in repairs", ok && pairs > 100);
	report("no memory is lost by them", room_left() == rooms);
}

/* The first call of all dies while it makes the store. */
static void test_death_at_birth(const char *image)
{
	struct elisa_test_export *born;
	struct elisa_test_vm *a, *b;
	uint64_t ret;
	unsigned int n;
	bool ok = true;
	int err;

	for (n = 1;; n++) {
		if (elisa_test_export_open(&born, image, KV_SIZE_MIN) ||
		    elisa_test_attach(&a, born, 3, XBUF_SIZE) ||
		    elisa_test_attach(&b, born, 3, XBUF_SIZE)) {
			report("a new store", false);
			return;
		}
		elisa_test_die_after(a, n);
		err = elisa_test_call(a, "kv_put_u64", &ret, 1, 2);
		if (err == -ENOLINK)
			ok &= !call(b, "kv_put_u64", &ret, 1, 3) &&
			      call(b, "kv_get_u64", &ret, 1) == 3;
		elisa_test_detach(a);
		elisa_test_detach(b);
		elisa_test_export_close(born);
		if (err != -ENOLINK)
			break;
	}
	report("the first call dies", ok && !err && n > 20);
}

static void test_too_small(const char *image)
{
	struct elisa_test_export *small;
	struct elisa_test_vm *vm;
	uint64_t ret;

	if (elisa_test_export_open(&small, image, KV_SIZE_MIN - 4096) ||
	    elisa_test_attach(&vm, small, 3, XBUF_SIZE)) {
		report("a small region", false);
		return;
	}
	report("a region that is too small",
	       call(vm, "kv_put_u64", &ret, 1, 1) == -ENOSPC &&
		       call(vm, "kv_get_u64", &ret, 1) == -ENOENT &&
		       call(vm, "kv_sweep", &ret, 0, 1) == -ENOSPC &&
		       call(vm, "kv_scan", &ret, 0, KV_AT(0, 16)) == 0 &&
		       call(vm, "kv_stats", &ret, 0) == 0 &&
		       call(vm, "kv_count", &ret) == 0);
	elisa_test_detach(vm);
	elisa_test_export_close(small);
}

int main(int argc, char **argv)
{
	const unsigned int rw = ELISA_RIGHT_READ | ELISA_RIGHT_WRITE;

	if (argc < 2 || argc > 3) {
		fprintf(stderr, "Usage: kv_test IMAGE [SEED]\n");
		return 2;
	}
	rng = argc > 2 ? strtoull(argv[2], NULL, 0) : (uint64_t)time(NULL);
	printf("# seed %" PRIu64 "\n", rng);
	rng = rng * 0x9e3779b97f4a7c15 | 1;
	if (elisa_test_export_open(&store, argv[1], DATA_SIZE) ||
	    elisa_test_attach(&writer, store, rw, XBUF_SIZE) ||
	    elisa_test_attach(&other, store, rw, XBUF_SIZE) ||
	    elisa_test_attach(&reader, store, ELISA_RIGHT_READ, XBUF_SIZE) ||
	    elisa_test_attach(&bare, store, rw, 0)) {
		fprintf(stderr, "kv_test: %s cannot be used\n", argv[1]);
		return 1;
	}
	test_numbers();
	delete_all();
	test_modes();
	test_in_place();
	test_lengths();
	test_ranges();
	test_expiry();
	test_arithmetic();
	test_scan();
	test_batch();
	test_full();
	test_model(20000);
	test_deaths();
	test_death_in_repair();
	elisa_test_detach(bare);
	elisa_test_detach(reader);
	elisa_test_detach(other);
	elisa_test_detach(writer);
	elisa_test_export_close(store);
	test_death_at_birth(argv[1]);
	test_too_small(argv[1]);
	return failed ? 1 : 0;
}
