// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/*
 * Batches, both sides: the library's batch.c calls the image native/batch.c.
 *
 * A stub of our own stands where the window has one; it has the same register
 * protocol.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <elisa/batch.h>
#include <elisa/sub_test.h>

#include "attachment.h"

#define XBUF 8192

static struct elisa_test_export *exp;
static struct elisa_test_vm *vm, *bare;
static struct elisa_attachment att, other_att, bare_att;
static unsigned int crossings;
/* What the next call ends with, instead of being made. */
static int fail_with;
/* What it returns then, if fail_with is 1. */
static uint64_t answer;

/* Registers RAX and RDX, as the stub leaves them. */
struct outcome {
	int64_t err;
	uint64_t ret;
};

__attribute__((used)) static struct outcome crossing(uint64_t a0, uint64_t a1,
						     uint64_t a2, uint64_t a3,
						     uint64_t a4, uint64_t a5,
						     uint64_t index)
{
	struct outcome out = { 0 };

	crossings++;
	if (fail_with == 1) {
		out.ret = answer;
	} else if (fail_with) {
		out.err = fail_with;
	} else {
		assert_int_equal(index,
				 elisa_test_lookup(exp, ELISA_BATCH_ENTRY));
		out.err = elisa_test_call6(vm, ELISA_BATCH_ENTRY, &out.ret, a0,
					   a1, a2, a3, a4, a5);
	}
	fail_with = 0;
	return out;
}

void stub(void);
__asm__(".pushsection .text\n"
	"stub:\n"
	"	push %rbp\n"
	"	mov %rsp, %rbp\n"
	"	and $-16, %rsp\n"
	"	sub $8, %rsp\n"
	"	push %r11\n"
	"	mov %r10, %rcx\n"
	"	call crossing\n"
	"	leave\n"
	"	ret\n"
	"	.popsection\n");

int elisa_lookup(const struct elisa_attachment *a, const char *name,
		 struct elisa_entry *entry)
{
	int n = elisa_test_lookup(exp, name);

	if (n < 0)
		return n;
	entry->stub = (uint64_t)stub + a->window;
	entry->index = (uint64_t)n;
	return 0;
}

static int setup_image(const char *name)
{
	const unsigned int rw = ELISA_RIGHT_READ | ELISA_RIGHT_WRITE;
	char path[4096];

	snprintf(path, sizeof(path), "%s/%s", getenv("IMAGES"), name);
	if (elisa_test_export_open(&exp, path, 4096) ||
	    elisa_test_attach(&vm, exp, rw, XBUF) ||
	    elisa_test_attach(&bare, exp, rw, 0))
		return -1;
	memset(&att, 0, sizeof(att));
	att.xbuf = elisa_test_xbuf(vm);
	att.xbuf_size = XBUF;
	other_att = att;
	other_att.window = 0x4000;
	crossings = 0;
	fail_with = 0;
	return 0;
}

static int setup(void **state)
{
	(void)state;
	return setup_image("batch.test.so");
}

static int setup_other(void **state)
{
	(void)state;
	return setup_image("basic.test.so");
}

static int teardown(void **state)
{
	(void)state;
	elisa_test_detach(vm);
	elisa_test_detach(bare);
	elisa_test_export_close(exp);
	return 0;
}

static struct elisa_entry lookup(const char *name)
{
	struct elisa_entry entry;

	assert_int_equal(elisa_lookup(&att, name, &entry), 0);
	return entry;
}

static void arguments(void **state)
{
	struct elisa_entry sum6 = lookup("sum6"), theirs;
	struct elisa_batch batch;

	(void)state;
	assert_int_equal(elisa_batch_init(&batch, &att, 0, 0), -EINVAL);
	assert_int_equal(elisa_batch_init(&batch, &att, 8, 1), -EINVAL);
	assert_int_equal(elisa_batch_init(&batch, &att, XBUF, 1), -EINVAL);
	assert_int_equal(elisa_batch_init(&batch, &att, XBUF + 64, 1), -EINVAL);
	assert_int_equal(elisa_batch_init(&batch, &att, 0, XBUF / 64 + 1),
			 -EINVAL);
	assert_int_equal(elisa_batch_init(&batch, &att, 64, XBUF / 64),
			 -EINVAL);
	assert_int_equal(elisa_batch_init(&batch, &att, 0, UINT32_MAX),
			 -EINVAL);
	assert_int_equal(elisa_batch_init(&batch, &bare_att, 0, 1), -EINVAL);
	assert_int_equal(elisa_batch_init(&batch, &att, XBUF - 128, 2), 0);
	assert_int_equal(elisa_lookup(&other_att, "sum6", &theirs), 0);
	assert_int_equal(elisa_batch_add(&batch, &theirs, 0, 0, 0, 0, 0, 0),
			 -EXDEV);
	assert_int_equal(elisa_batch_add(&batch, &sum6, 1, 2, 3, 4, 5, 6), 0);
	assert_int_equal(elisa_batch_add(&batch, &sum6, 6, 5, 4, 3, 2, 1), 1);
	assert_int_equal(elisa_batch_add(&batch, &sum6, 0, 0, 0, 0, 0, 0),
			 -ENOSPC);
	assert_int_equal(crossings, 0);
}

/* The image of the other tests has no batches. */
static void not_offered(void **state)
{
	struct elisa_batch batch;

	(void)state;
	assert_int_equal(elisa_batch_init(&batch, &att, 0, 1), -ENOENT);
}

static void runs(void **state)
{
	struct elisa_entry sum6 = lookup("sum6"), add = lookup("add");
	struct elisa_batch batch;
	uint64_t ret;
	int i;

	(void)state;
	assert_int_equal(elisa_batch_init(&batch, &att, 64, 100), 0);
	assert_int_equal(elisa_batch_run(&batch), 0);
	assert_int_equal(elisa_batch_result(&batch, 0, &ret), -ERANGE);
	assert_int_equal(elisa_batch_add(&batch, &sum6, 1, 2, 3, 4, 5, 6), 0);
	for (i = 1; i < 100; i++)
		assert_int_equal(elisa_batch_add(&batch, &add, (uint64_t)i, 0,
						 0, 0, 0, 0),
				 i);
	crossings = 0;
	assert_int_equal(elisa_batch_run(&batch), 0);
	assert_int_equal(crossings, 1);
	assert_int_equal(elisa_batch_result(&batch, 0, &ret), 0);
	assert_int_equal(ret, 654321);
	for (i = 1; i < 100; i++) {
		assert_int_equal(elisa_batch_result(&batch, (unsigned int)i,
						    &ret),
				 0);
		assert_int_equal(ret, i * (i + 1) / 2);
	}
	assert_int_equal(elisa_batch_result(&batch, 100, &ret), -ERANGE);
	/* Once more; then anew. */
	assert_int_equal(elisa_batch_run(&batch), 0);
	assert_int_equal(elisa_batch_result(&batch, 99, &ret), 0);
	assert_int_equal(ret, 2 * 4950);
	elisa_batch_clear(&batch);
	assert_int_equal(elisa_batch_result(&batch, 0, &ret), -ERANGE);
	assert_int_equal(elisa_batch_add(&batch, &add, 5, 0, 0, 0, 0, 0), 0);
	assert_int_equal(elisa_batch_run(&batch), 0);
	assert_int_equal(elisa_batch_result(&batch, 0, &ret), 0);
	assert_int_equal(ret, 2 * 4950 + 5);
	/* What lies beside it is not touched. */
	assert_int_equal(((char *)att.xbuf)[0], 0);
	assert_int_equal(((char *)att.xbuf)[64 + 6400], 0);
}

static void entries(void **state)
{
	static const uint64_t none[] = {
		6, 255, 256, 257, 1 << 20, UINT64_MAX,
	};
	uint64_t i, ret;

	(void)state;
	for (i = 0; i < 6; i++) {
		assert_int_equal(elisa_test_call(vm, "has_entry", &ret, i), 0);
		assert_int_equal(ret, 1);
		assert_int_equal(elisa_test_call(vm, "has_entry", &ret,
						 none[i]),
				 0);
		assert_int_equal(ret, 0);
	}
}

static void refused(void **state)
{
	static const uint64_t bad[] = { 99, 255, 256, UINT32_MAX };
	struct elisa_entry add = lookup("add");
	struct elisa_batch batch;
	uint64_t ret = 77;
	unsigned int i;

	(void)state;
	assert_int_equal(elisa_batch_init(&batch, &att, 0, 16), 0);
	for (i = 0; i < 6; i++) {
		struct elisa_entry entry = add;

		if (i < 4)
			entry.index = bad[i];
		else
			entry = lookup(i == 4 ? "not_batched" : "elisa_batch");
		assert_int_equal(elisa_batch_add(&batch, &entry, 1, 0, 0, 0, 0,
						 0),
				 2 * i);
		assert_int_equal(elisa_batch_add(&batch, &add, 1, 0, 0, 0, 0,
						 0),
				 2 * i + 1);
	}
	assert_int_equal(elisa_batch_run(&batch), 0);
	for (i = 0; i < 6; i++) {
		assert_int_equal(elisa_batch_result(&batch, 2 * i, &ret),
				 -EINVAL);
		assert_int_equal(elisa_batch_result(&batch, 2 * i + 1, &ret),
				 0);
		assert_int_equal(ret, i + 1);
	}
}

static void ends_early(void **state)
{
	struct elisa_entry add = lookup("add"), scribble = lookup("scribble");
	struct elisa_batch batch;
	uint64_t ret;

	(void)state;
	assert_int_equal(elisa_batch_init(&batch, &att, 0, 4), 0);
	elisa_batch_add(&batch, &add, 1, 0, 0, 0, 0, 0);
	elisa_batch_add(&batch, &scribble, XBUF, 0, 0, 0, 0, 0);
	elisa_batch_add(&batch, &add, 1, 0, 0, 0, 0, 0);
	fail_with = -EBUSY;
	assert_int_equal(elisa_batch_run(&batch), -EBUSY);
	assert_int_equal(elisa_batch_result(&batch, 0, &ret), -EINPROGRESS);
	assert_int_equal(batch.fault, 0);
	assert_int_equal(elisa_batch_run(&batch), -EFAULT);
	assert_int_equal(ELISA_FAULT_KIND(batch.fault),
			 ELISA_FAULT_KIND_VECTOR);
	assert_int_equal(ELISA_FAULT_CODE(batch.fault), 6);
	assert_int_equal(elisa_batch_result(&batch, 0, &ret), 0);
	assert_int_equal(ret, 1);
	assert_int_equal(elisa_batch_result(&batch, 1, &ret), -EINPROGRESS);
	assert_int_equal(elisa_batch_result(&batch, 2, &ret), -EINPROGRESS);
}

/* An earlier call writes into a later one: no more than the caller can do. */
static void overwritten(void **state)
{
	struct elisa_entry add = lookup("add"), scribble = lookup("scribble");
	struct elisa_batch batch;
	uint64_t ret;

	(void)state;
	assert_int_equal(elisa_batch_init(&batch, &att, 0, 4), 0);
	/* Entry and status of the second. */
	elisa_batch_add(&batch, &scribble, 64, 200, 0, 0, 0, 0);
	elisa_batch_add(&batch, &add, 1, 0, 0, 0, 0, 0);
	assert_int_equal(elisa_batch_run(&batch), 0);
	assert_int_equal(elisa_batch_result(&batch, 0, &ret), 0);
	assert_int_equal(elisa_batch_result(&batch, 1, &ret), -EINVAL);
	assert_int_equal(*(uint64_t *)elisa_test_data(exp), 0);
}

/* What the export answers is not believed. */
static void nonsense(void **state)
{
	static const uint64_t answers[] = {
		0,
		2,
		UINT64_MAX,
		(uint64_t)-EINVAL,
	};
	static const int statuses[] = { 2, INT32_MAX, -4096, INT32_MIN };
	struct elisa_entry add = lookup("add");
	struct elisa_batch batch;
	uint64_t ret = 77;
	unsigned int i;

	(void)state;
	assert_int_equal(elisa_batch_init(&batch, &att, 0, 4), 0);
	elisa_batch_add(&batch, &add, 1, 0, 0, 0, 0, 0);
	for (i = 0; i < 4; i++) {
		fail_with = 1;
		answer = answers[i];
		assert_int_equal(elisa_batch_run(&batch), -EPROTO);
		((struct elisa_batch_op *)att.xbuf)->status = statuses[i];
		assert_int_equal(elisa_batch_result(&batch, 0, &ret), -EPROTO);
	}
	assert_int_equal(ret, 77);
}

/* A caller without the library. */
static void hostile(void **state)
{
	static const uint64_t bad[][2] = {
		{ 0, XBUF / 64 + 1 },	{ XBUF, 1 },
		{ 1, XBUF / 64 },	{ UINT64_MAX, 1 },
		{ UINT64_MAX - 63, 2 }, { 0, 1ULL << 58 },
		{ 0, UINT64_MAX },	{ 64, ELISA_BATCH_OPS_MAX },
	};
	unsigned int i, k;
	uint64_t ret;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(elisa_test_call(vm, ELISA_BATCH_ENTRY, &ret,
						 bad[i][0], bad[i][1]),
				 0);
		assert_true(ret == (uint64_t)-EINVAL);
	}
	assert_int_equal(elisa_test_call(vm, ELISA_BATCH_ENTRY, &ret, XBUF, 0),
			 0);
	assert_int_equal(ret, 0);
	assert_int_equal(elisa_test_call(bare, ELISA_BATCH_ENTRY, &ret, 0, 1),
			 0);
	assert_true(ret == (uint64_t)-EINVAL);
	/* Anything at all, at any alignment. */
	srandom(1);
	for (i = 0; i < 2000; i++) {
		for (k = 0; k < XBUF; k++)
			((uint8_t *)att.xbuf)[k] = (uint8_t)(random() >> 8) &
						   (i % 3 ? 7 : 255);
		(void)elisa_test_call(vm, ELISA_BATCH_ENTRY, &ret,
				      (uint64_t)(random() % 64),
				      (uint64_t)(random() % 127));
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(arguments, setup, teardown),
		cmocka_unit_test_setup_teardown(not_offered, setup_other,
						teardown),
		cmocka_unit_test_setup_teardown(runs, setup, teardown),
		cmocka_unit_test_setup_teardown(entries, setup, teardown),
		cmocka_unit_test_setup_teardown(refused, setup, teardown),
		cmocka_unit_test_setup_teardown(ends_early, setup, teardown),
		cmocka_unit_test_setup_teardown(overwritten, setup, teardown),
		cmocka_unit_test_setup_teardown(nonsense, setup, teardown),
		cmocka_unit_test_setup_teardown(hostile, setup, teardown),
	};

	return cmocka_run_group_tests_name("batch", tests, NULL, NULL);
}
