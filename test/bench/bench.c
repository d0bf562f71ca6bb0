// SPDX-License-Identifier: GPL-2.0-only
/*
 * bench: counts, in a guest of testvmm, what one operation costs.
 *
 *	bench [-n OPS] vmcall            the round trip that KVM answers
 *	bench [-n OPS] elisa [EXPORT]    calls into an export of kv.sub
 *	bench [-n OPS] direct            the same store in memory that all VMs
 *	                                 map (testvmm --shared)
 *
 * Prints a line for each operation; every result is checked.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <elisa/guest.h>
#include <elisa/hypercall.h>

#include "chunks.h"
#include "direct.h"
#include "kv.h"

#define SHARED_GPA  0x100000000 /* testvmm, layout.h */
#define SHARED_SIZE (4ul << 20)
#define KEYS	    1000
#define XBUF_SIZE   65536
#define VALUE_SIZE  64 /* of the gets in batches */
#define BATCH	    8
#define KEYS_AT	    1024
#define VALUES_AT   4096

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

/*
 * Of a call: the entry stub's, and what the module says of gate and landing,
 * which is one less with full trust.
 */
static unsigned int vmfuncs_of_call(const struct elisa_attachment *att)
{
	uint64_t rax = ELISA_HC(ELISA_HC_VERSION), rdi = 0;

	__asm__ volatile("vmcall"
			 : "+a"(rax), "+D"(rdi)
			 :
			 : "rsi", "rdx", "memory");
	return 1 + rdi - !!(elisa_rights(att) & ELISA_RIGHT_FULL_TRUST);
}

/** struct remote - entry points of a kv store, attached or mapped */
struct remote {
	struct elisa_entry nop, get, put, mget, put_text;
	unsigned char *xbuf;
};

static int nop_chunk(void *arg, uint64_t first)
{
	struct remote *r = arg;
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
	struct remote *r = arg;
	uint64_t key = first % KEYS, ret;
	unsigned int i;
	int err;

	for (i = 0; i < CHUNK_OPS; i++, key++) {
		err = elisa_call2(&r->put, &ret, key, value_of(key));
		if (err || ret)
			return err ? err : (int)ret;
	}
	return 0;
}

static int remote_get_chunk(void *arg, uint64_t first)
{
	struct remote *r = arg;
	uint64_t key = first % KEYS, ret;
	unsigned int i;
	int err;

	for (i = 0; i < CHUNK_OPS; i++, key++) {
		err = elisa_call1(&r->get, &ret, key);
		if (err)
			return err;
		if (ret != value_of(key))
			return -EBADMSG;
	}
	return 0;
}

/* Values of VALUE_SIZE bytes, and requests for BATCH of them. */
static int put_texts(struct remote *r)
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
		err = elisa_call5(&r->put_text, &ret,
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
	struct remote *r = arg;
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

static int bench_elisa(const char *export)
{
	struct elisa_attachment *att;
	struct elisa_buffer xbuf;
	unsigned int vmfuncs;
	struct remote r;
	int err, rc;

	err = elisa_buffer_alloc(&xbuf, XBUF_SIZE);
	if (err)
		return fail("exchange buffer (any free vm.nr_hugepages?)", err);
	r.xbuf = xbuf.addr;
	err = elisa_attach(&att, export, xbuf.addr, XBUF_SIZE);
	if (err)
		return fail(export, err);
	err = elisa_lookup(att, "nop", &r.nop);
	if (!err)
		err = elisa_lookup(att, "kv_put_u64", &r.put);
	if (!err)
		err = elisa_lookup(att, "kv_get_u64", &r.get);
	if (!err)
		err = elisa_lookup(att, "kv_mget", &r.mget);
	if (!err)
		err = elisa_lookup(att, "kv_put", &r.put_text);
	if (err) {
		elisa_detach(att);
		return fail("lookup", err);
	}
	vmfuncs = vmfuncs_of_call(att);
	rc = report("elisa-nop", vmfuncs, nop_chunk, &r) ||
	     report("elisa-put", vmfuncs, remote_put_chunk, &r) ||
	     report("elisa-get", vmfuncs, remote_get_chunk, &r);
	err = put_texts(&r);
	rc = rc || (err ? fail("put", err) :
			  report("elisa-get64x8", (double)vmfuncs / BATCH,
				 mget_chunk, &r));
	err = elisa_detach(att);
	elisa_buffer_free(&xbuf);
	return err ? fail("detach", err) : rc;
}

/* The same calls, through a stub that is a plain call and a few moves. */
static int bench_direct(void)
{
	struct remote r;
	void *region;
	int fd, rc, err;

	fd = open("/dev/mem", O_RDWR);
	if (fd < 0)
		return fail("/dev/mem", -errno);
	region = mmap(NULL, SHARED_SIZE, PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_POPULATE, fd, SHARED_GPA);
	close(fd);
	if (region == MAP_FAILED)
		return fail("mapping the shared memory", -errno);
	err = direct_open_memory(region, SHARED_SIZE, 1, XBUF_SIZE);
	if (err)
		return fail("the shared memory", err);
	r.xbuf = direct_xbuf();
	if (direct_lookup("nop", &r.nop) ||
	    direct_lookup("kv_put_u64", &r.put) ||
	    direct_lookup("kv_get_u64", &r.get) ||
	    direct_lookup("kv_mget", &r.mget) ||
	    direct_lookup("kv_put", &r.put_text))
		return fail("lookup", -ENOENT);
	rc = report("direct-nop", 0, nop_chunk, &r) ||
	     report("direct-put", 0, remote_put_chunk, &r) ||
	     report("direct-get", 0, remote_get_chunk, &r);
	err = put_texts(&r);
	rc = rc || (err ? fail("put", err) :
			  report("direct-get64x8", 0, mget_chunk, &r));
	direct_close();
	munmap(region, SHARED_SIZE);
	return rc;
}

static int usage(void)
{
	fputs("usage: bench [-n OPS] vmcall|elisa [EXPORT]|direct\n", stderr);
	return 2;
}

int main(int argc, char **argv)
{
	const char *what;
	int c, err;

	while ((c = getopt(argc, argv, "+n:")) != -1) {
		if (c != 'n')
			return usage();
		ops = strtoull(optarg, NULL, 10);
	}
	if (optind == argc || !ops)
		return usage();
	what = argv[optind++];
	err = chunks_open();
	if (err)
		return fail("this is not a guest of testvmm", err);
	if (!strcmp(what, "vmcall"))
		return bench_vmcall();
	if (!strcmp(what, "elisa"))
		return bench_elisa(optind < argc ? argv[optind] : KV_EXPORT);
	if (!strcmp(what, "direct"))
		return bench_direct();
	return usage();
}
