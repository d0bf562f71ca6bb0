// SPDX-License-Identifier: GPL-2.0-only
/*
 * bench: counts, in a guest of testvmm, what one operation costs.
 *
 *	bench [-n OPS] vmcall            the round trip that KVM answers
 *	bench [-n OPS] elisa [EXPORT]    calls into an export of kv.sub
 *	bench [-n OPS] direct            the same store in memory that all VMs
 *	                                 map (testvmm --shared)
 *	bench [-n OPS] [-f] matrix BUILD [EXPORT]
 *	                                 each operation of the report, or a few
 *	bench load BUILD EXPORT OP GUESTS SLOT ROUND TICKS
 *	                                 beside other guests: see load.h
 *	bench attach EXPORT              what attaching takes
 *	bench clock                      ticks of the TSC in a second
 *
 * BUILD is elisa, interposed (the library's calls by VMCALL; status 3 if it has
 * none), direct, or vmcall: direct, with one VMCALL before each call, which is the
 * least that a host takes that does the work itself.
 *
 * Prints a line for each operation; every result is checked.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "attach.h"
#include "build.h"
#include "chunks.h"
#include "kv.h"
#include "load.h"
#include "matrix.h"
#include "ticks.h"
#include "work.h"

#define KEYS		1000
#define XBUF_SIZE	65536
#define VALUE_SIZE	64 /* of the gets in batches */
#define STATUS_NO_BUILD 3  /* of this version */
#define BATCH		8
#define KEYS_AT		1024
#define VALUES_AT	4096

static uint64_t ops = 100000;

static int fail(const char *what, int err)
{
	fprintf(stderr, "bench: %s: %s\n", what, strerror(-err));
	return 1;
}

static int report(const char *name, double vmfuncs, chunk_fn *fn, void *arg)
{
	struct chunk_result r;
	int err = chunks_run(&r, ops, fn, arg);

	if (err)
		return fail(name, err);
	printf("bench %s ops=%" PRIu64
	       " instructions=%.1f exits=%.3f vmfuncs=%g other_exits=%" PRIu64
	       " disturbed=%" PRIu64 "/%" PRIu64 "\n",
	       name, r.ops, r.instructions, r.exits, vmfuncs, r.other_exits,
	       r.disturbed, r.chunks);
	fflush(stdout);
	return 0;
}

/* Nothing of KVM's or ELISA's has this number: both answer with an error. */
static int vmcall_chunk(void *arg, uint64_t first)
{
	int64_t rax;
	unsigned int i;

	(void)arg;
	(void)first;
	for (i = 0; i < CHUNK_OPS; i++) {
		rax = 99;
		__asm__ volatile("vmcall" : "+a"(rax) : : "memory");
		if (rax >= 0)
			return -EPROTO;
	}
	return 0;
}

static int bench_vmcall(void)
{
	return report("vmcall", 0, vmcall_chunk, NULL);
}

static uint64_t value_of(uint64_t key)
{
	return key * 2654435761u + 12345;
}

static int nop_chunk(void *arg, uint64_t first)
{
	struct build *r = arg;
	uint64_t ret;
	unsigned int i;
	int err;

	(void)first;
	for (i = 0; i < CHUNK_OPS; i++) {
		err = elisa_call0(&r->nop, &ret);
		if (err)
			return err;
	}
	return 0;
}

static int remote_put_chunk(void *arg, uint64_t first)
{
	struct build *r = arg;
	uint64_t key = first % KEYS, ret;
	unsigned int i;
	int err;

	for (i = 0; i < CHUNK_OPS; i++, key++) {
		err = elisa_call2(&r->put_u64, &ret, key, value_of(key));
		if (err || ret)
			return err ? err : (int)ret;
	}
	return 0;
}

static int remote_get_chunk(void *arg, uint64_t first)
{
	struct build *r = arg;
	uint64_t key = first % KEYS, ret;
	unsigned int i;
	int err;

	for (i = 0; i < CHUNK_OPS; i++, key++) {
		err = elisa_call1(&r->get_u64, &ret, key);
		if (err)
			return err;
		if (ret != value_of(key))
			return -EBADMSG;
	}
	return 0;
}

/* Values of VALUE_SIZE bytes, and requests for BATCH of them. */
static int put_texts(struct build *r)
{
	struct kv_get get[BATCH];
	unsigned int i;
	uint64_t ret;
	int err;

	for (i = 0; i < BATCH; i++) {
		char *key = (char *)r->xbuf + KEYS_AT + 32 * i;

		snprintf(key, 32, "a-key-of-20-bytes-%02u", i);
		memset(r->xbuf + VALUES_AT, 'a' + (int)i, VALUE_SIZE);
		get[i] = (struct kv_get){
			.key = KEYS_AT + 32 * i,
			.key_len = 20,
			.value = VALUES_AT + VALUE_SIZE * i,
			.room = VALUE_SIZE,
		};
		err = elisa_call5(&r->put, &ret,
				  KV_AT(get[i].key, get[i].key_len),
				  KV_AT(VALUES_AT, VALUE_SIZE), KV_SET, 0, 0);
		if (err || ret)
			return err ? err : (int)ret;
	}
	memcpy(r->xbuf, get, sizeof(get));
	return 0;
}

static int mget_chunk(void *arg, uint64_t first)
{
	struct build *r = arg;
	const struct kv_get *get = (const struct kv_get *)r->xbuf;
	unsigned int i, k;
	uint64_t ret;
	int err;

	(void)first;
	for (i = 0; i < CHUNK_OPS; i += BATCH) {
		err = elisa_call2(&r->mget, &ret, 0, BATCH);
		if (err)
			return err;
		for (k = 0; k < BATCH; k++)
			if (get[k].result != VALUE_SIZE ||
			    r->xbuf[VALUES_AT + VALUE_SIZE * k] != 'a' + k)
				return -EBADMSG;
	}
	return 0;
}

_Static_assert(CHUNK_OPS % BATCH == 0, "whole batches");

static int bench_store(struct build *r, const char *prefix)
{
	const double vmfuncs = r->vmfuncs;
	char name[32];
	int err;

#define NAME(op) (snprintf(name, sizeof(name), "%s-" op, prefix), name)
	if (report(NAME("nop"), vmfuncs, nop_chunk, r) ||
	    report(NAME("put"), vmfuncs, remote_put_chunk, r) ||
	    report(NAME("get"), vmfuncs, remote_get_chunk, r))
		return 1;
	err = put_texts(r);
	if (err)
		return fail("put", err);
	return report(NAME("get64x8"), vmfuncs / BATCH, mget_chunk, r);
#undef NAME
}

static int bench_elisa(const char *export)
{
	const char *what;
	struct build r;
	int err, rc;

	err = build_open_elisa(&r, export, XBUF_SIZE, &what);
	if (err)
		return fail(what, err);
	rc = bench_store(&r, "elisa");
	err = build_close(&r);
	return err ? fail("detach", err) : rc;
}

/* The same calls, through a stub that is a plain call and a few moves. */
static int bench_direct(void)
{
	const char *what;
	struct build r;
	int err, rc;

	err = build_open_direct(&r, 1, XBUF_SIZE, &what);
	if (err)
		return fail(what, err);
	rc = bench_store(&r, "direct");
	build_close(&r);
	return rc;
}

static bool is_vmcall(const char *build)
{
	return !strcmp(build, "vmcall");
}

static int open_build(struct build *b, const char *build, const char *export,
		      unsigned int slot)
{
	const char *what = build;
	int err = -EINVAL;

	/* The library may know no such mode, and then it calls as always. */
	if (!strcmp(build, "interposed"))
		setenv("ELISA_MODE", "interposed", 1);
	if (!strcmp(build, "elisa") || !strcmp(build, "interposed"))
		err = build_open_elisa(b, export, WORK_XBUF_SIZE, &what);
	else if (!strcmp(build, "direct") || is_vmcall(build))
		err = build_open_direct(b, slot, WORK_XBUF_SIZE, &what);
	if (!err && strcmp(build, "elisa") && strcmp(b->name, build) &&
	    !is_vmcall(build)) {
		build_close(b);
		return STATUS_NO_BUILD;
	}
	return err ? fail(what, err) : 0;
}

static int bench_matrix(const char *build, const char *export, bool few)
{
	struct build b;
	int err, rc;

	rc = open_build(&b, build, export, 1);
	if (rc)
		return rc;
	rc = matrix_run(&b, is_vmcall(build), ops, few) ? 1 : 0;
	err = build_close(&b);
	return err ? fail("detach", err) : rc;
}

/* OP is nop, get, mix95 or mix50. */
static int bench_load(char **argv)
{
	struct work w = { .size = VALUE_SIZE, .batch = 1, .ops = WORK_OPS };
	struct load l = {
		.op = argv[2],
		.guests = atoi(argv[3]),
		.round = atoi(argv[5]),
		.ticks = strtoull(argv[6], NULL, 10),
	};
	struct build b;
	int err, rc;

	w.build = &b;
	w.nop = !strcmp(l.op, "nop");
	if (!strcmp(l.op, "mix95"))
		w.put_every = 20;
	if (!strcmp(l.op, "mix50"))
		w.put_every = 2;
	if (is_vmcall(argv[0]))
		w.exit = WORK_VMCALL;
	rc = open_build(&b, argv[0], argv[1], atoi(argv[4]));
	if (rc)
		return rc;
	rc = load_run(&w, &l) ? 1 : 0;
	err = build_close(&b);
	return err ? fail("detach", err) : rc;
}

static int bench_attach(const char *export)
{
	const char *what = export;
	int err = attach_costs(export, &what);

	return err ? fail(what, err) : 0;
}

static int bench_clock(void)
{
	struct timespec from, to;
	uint64_t start, end;
	double seconds;

	clock_gettime(CLOCK_MONOTONIC, &from);
	start = ticks();
	usleep(200000);
	clock_gettime(CLOCK_MONOTONIC, &to);
	end = ticks();
	seconds = (double)(to.tv_sec - from.tv_sec) +
		  (double)(to.tv_nsec - from.tv_nsec) / 1e9;
	printf("fact ticks_per_second=%.0f\n", (double)(end - start) / seconds);
	return 0;
}

static int usage(void)
{
	fputs("usage: bench [-n OPS] vmcall|elisa [EXPORT]|direct\n"
	      "       bench [-n OPS] [-f] matrix BUILD [EXPORT]\n"
	      "       bench load BUILD EXPORT OP GUESTS SLOT ROUND TICKS\n"
	      "       bench attach EXPORT\n"
	      "       bench clock\n",
	      stderr);
	return 2;
}

int main(int argc, char **argv)
{
	const char *what;
	bool few = false;
	int c, err;

	while ((c = getopt(argc, argv, "+n:f")) != -1) {
		switch (c) {
		case 'n':
			ops = strtoull(optarg, NULL, 10);
			break;
		case 'f':
			few = true;
			break;
		default:
			return usage();
		}
	}
	if (optind == argc || !ops)
		return usage();
	what = argv[optind++];
	if (!strcmp(what, "clock"))
		return bench_clock();
	if (!strcmp(what, "attach") && optind < argc)
		return bench_attach(argv[optind]);
	err = chunks_open();
	if (err)
		return fail("this is not a guest of testvmm", err);
	if (!strcmp(what, "vmcall"))
		return bench_vmcall();
	if (!strcmp(what, "elisa"))
		return bench_elisa(optind < argc ? argv[optind] : KV_EXPORT);
	if (!strcmp(what, "direct"))
		return bench_direct();
	if (!strcmp(what, "matrix") && optind < argc)
		return bench_matrix(argv[optind],
				    optind + 1 < argc ? argv[optind + 1] :
							KV_EXPORT,
				    few);
	if (!strcmp(what, "load") && argc - optind == 7)
		return bench_load(argv + optind);
	return usage();
}
