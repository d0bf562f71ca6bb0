// SPDX-License-Identifier: GPL-2.0-only
/*
 * vswitch_bench: counts, in a guest of testvmm, what a frame costs on its way
 * through the switch of examples/vswitch: sent by one port, received by another.
 *
 *	vswitch_bench [-n FRAMES] BUILD [EXPORT]
 *
 * BUILD is elisa or interposed, for an export of vs.sub, or direct: the same switch
 * in memory that all VMs map (testvmm --shared).
 *
 * Prints a row for each size of frame and of batch, see report.  What a program does with a
 * batch is counted, too: it names the frames and rooms, and looks at each result
 * and at the bytes of each frame that say which one it is.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <elisa/batch.h>
#include <elisa/guest.h>

#include "chunks.h"
#include "direct.h"
#include "vs.h"

#define SHARED_GPA  0x100000000 /* testvmm, layout.h */
#define SHARED_SIZE (4ul << 20)
#define XBUF_SIZE   (1u << 20)
#define OUT_AT	    0u
#define IN_AT	    4096u
#define BATCH_AT    8192u
#define FRAMES_AT   32768u
#define ROOMS_AT    (FRAMES_AT + BATCH_MAX * ROOM)
#define ROOM	    1536u
#define BATCH_MAX   128u
#define RECEIVERS   2u

static uint64_t frames = 100000;

static struct bench {
	struct elisa_attachment *att;
	struct elisa_entry send, receive, send_one, receive_one, open, close;
	unsigned char *xbuf;
	/* The first one sends. */
	uint64_t handle[1 + RECEIVERS];
	unsigned int receivers, vmfuncs;
	uint32_t len, batch;
	struct elisa_batch calls;
} bench;

static int fail(const char *what, int err)
{
	fprintf(stderr, "vswitch_bench: %s: %s\n", what, strerror(-err));
	return 1;
}

static void make_frame(uint32_t n, unsigned int to)
{
	unsigned char *p = bench.xbuf + FRAMES_AT + n * ROOM;

	memset(p, (int)n, ROOM);
	memcpy(p, (unsigned char[]){ 2, 0, 0, 0, 0, (unsigned char)to }, 6);
	memcpy(p + 6, (unsigned char[]){ 2, 0, 0, 0, 0, 0 }, 6);
}

static int check_frames(const struct vs_frame *in, uint32_t first,
			uint32_t step)
{
	uint32_t i, n;

	for (i = 0, n = first; n < bench.batch; i++, n += step)
		if (in[i].result || in[i].len != bench.len ||
		    bench.xbuf[in[i].at + 12] != n)
			return -EBADMSG;
	return 0;
}

/* A batch from port 0 to the others in turn; each receives its own. */
static int round_of_arrays(void)
{
	struct vs_frame *out = (struct vs_frame *)(bench.xbuf + OUT_AT);
	struct vs_frame *in = (struct vs_frame *)(bench.xbuf + IN_AT);
	uint32_t i, r;
	uint64_t ret;
	int err;

	for (i = 0; i < bench.batch; i++)
		out[i] = (struct vs_frame){ .at = FRAMES_AT + i * ROOM,
					    .len = (uint16_t)bench.len };
	err = elisa_call3(&bench.send, &ret, bench.handle[0], OUT_AT,
			  bench.batch);
	if (err || ret != bench.batch)
		return err ? err : -EPROTO;
	for (i = 0; i < bench.batch; i++)
		if (out[i].result != 1)
			return out[i].result ? out[i].result : -EPROTO;
	for (r = 0; r < bench.receivers; r++) {
		const uint32_t n = (bench.batch + bench.receivers - 1 - r) /
				   bench.receivers;

		for (i = 0; i < n; i++)
			in[i] = (struct vs_frame){ .at = ROOMS_AT + i * ROOM,
						   .len = ROOM };
		err = elisa_call3(&bench.receive, &ret, bench.handle[1 + r],
				  IN_AT, n);
		if (err || ret != n)
			return err ? err : -EPROTO;
		err = check_frames(in, r, bench.receivers);
		if (err)
			return err;
	}
	return 0;
}

static int arrays_chunk(void *arg, uint64_t first)
{
	uint32_t i;
	int err = 0;

	(void)arg;
	(void)first;
	for (i = 0; i < CHUNK_OPS && !err; i += bench.batch)
		err = round_of_arrays();
	return err;
}

/* The same by <elisa/batch.h>, to one receiver. */
static int run_batch(const struct elisa_entry *entry, uint64_t handle,
		     uint32_t at, uint32_t len, uint64_t expected)
{
	uint64_t ret;
	uint32_t i;
	int err;

	elisa_batch_clear(&bench.calls);
	for (i = 0; i < bench.batch; i++)
		elisa_batch_add(&bench.calls, entry, handle, at + i * ROOM, len,
				0, 0, 0);
	err = elisa_batch_run(&bench.calls);
	for (i = 0; i < bench.batch && !err; i++) {
		err = elisa_batch_result(&bench.calls, i, &ret);
		if (!err && ret != expected)
			err = -EPROTO;
	}
	return err;
}

static int calls_chunk(void *arg, uint64_t first)
{
	uint32_t i, k;
	int err = 0;

	(void)arg;
	(void)first;
	for (i = 0; i < CHUNK_OPS && !err; i += bench.batch) {
		err = run_batch(&bench.send_one, bench.handle[0], FRAMES_AT,
				bench.len, 1);
		if (!err)
			err = run_batch(&bench.receive_one, bench.handle[1],
					ROOMS_AT, ROOM, bench.len);
		for (k = 0; k < bench.batch && !err; k++)
			if (bench.xbuf[ROOMS_AT + k * ROOM + 12] != k)
				err = -EBADMSG;
	}
	return err;
}

/* One frame, two plain calls. */
static int ones_chunk(void *arg, uint64_t first)
{
	uint64_t ret;
	uint32_t i;
	int err;

	(void)arg;
	(void)first;
	for (i = 0; i < CHUNK_OPS; i++) {
		err = elisa_call3(&bench.send_one, &ret, bench.handle[0],
				  FRAMES_AT, bench.len);
		if (err || ret != 1)
			return err ? err : -EPROTO;
		err = elisa_call3(&bench.receive_one, &ret, bench.handle[1],
				  ROOMS_AT, ROOM);
		if (err || ret != bench.len)
			return err ? err : -EPROTO;
		if (bench.xbuf[ROOMS_AT + 12])
			return -EBADMSG;
	}
	return 0;
}

static int report(const char *build, const char *op, uint32_t len,
		  uint32_t batch, unsigned int receivers, chunk_fn *fn)
{
	struct chunk_result r;
	uint32_t i;
	int err;

	bench.len = len;
	bench.batch = batch;
	bench.receivers = receivers;
	for (i = 0; i < batch; i++)
		make_frame(i, 1 + i % receivers);
	err = chunks_run(&r, frames, fn, NULL);
	if (err)
		return fail(op, err);
	/* What has no counterpart in the build direct is no row of the report. */
	printf("%s system=vswitch op=%s size=%u batch=%u build=%s ops=%" PRIu64
	       " instructions=%.1f exits=%.3f vmfuncs=%g other_exits=%" PRIu64,
	       fn == calls_chunk ? "also" : "row", op, len, batch, build, r.ops,
	       r.instructions, r.exits,
	       (double)bench.vmfuncs * (1 + receivers) / batch, r.other_exits);
	/* Without an exit nothing of it is the host's. */
	if (r.exits == 0)
		printf(" guest=%.1f", r.instructions);
	putchar('\n');
	fflush(stdout);
	return 0;
}

_Static_assert(CHUNK_OPS % BATCH_MAX == 0, "whole batches");

/* Opens the ports, and lets each send a frame, so that its address is known. */
static int open_ports(void)
{
	struct vs_frame *out = (struct vs_frame *)(bench.xbuf + OUT_AT);
	unsigned int i;
	uint64_t ret;
	int err = 0;

	for (i = 0; i < 1 + RECEIVERS && !err; i++) {
		unsigned char *p = bench.xbuf + FRAMES_AT;

		err = elisa_call0(&bench.open, &bench.handle[i]);
		if (!err && (int64_t)bench.handle[i] < 0)
			err = (int)bench.handle[i];
		make_frame(0, i);
		p[11] = (unsigned char)i;
		/* To itself. */
		out[0] = (struct vs_frame){ .at = FRAMES_AT, .len = 64 };
		if (!err)
			err = elisa_call3(&bench.send, &ret, bench.handle[i],
					  OUT_AT, 1);
		if (!err && (ret != 1 || out[0].result))
			err = -EPROTO;
	}
	return err;
}

static int run(const char *build)
{
	static const uint32_t batches[] = { 8, 32, 128 };
	unsigned int i;
	uint64_t ret;
	int rc, err;

	err = open_ports();
	if (err)
		return fail("opening ports", err);
	rc = report(build, "packet", 64, 1, 1, ones_chunk) ||
	     report(build, "array", 64, 1, 1, arrays_chunk);
	for (i = 0; i < 3 && !rc; i++)
		rc = report(build, "packet", 64, batches[i], 1, arrays_chunk);
	rc = rc || report(build, "two-ports", 64, 32, 2, arrays_chunk);
	rc = rc || report(build, "packet", 1514, 1, 1, ones_chunk);
	/* A ring of the smallest region holds no more of these. */
	for (i = 0; i < 2 && !rc; i++)
		rc = report(build, "packet", 1514, batches[i], 1, arrays_chunk);
	if (bench.att && !rc) {
		err = elisa_batch_init(&bench.calls, bench.att, BATCH_AT,
				       BATCH_MAX);
		rc = err ? fail("batch", err) :
			   report(build, "batched-calls", 64, 32, 1,
				  calls_chunk);
	}
	for (i = 0; i < 1 + RECEIVERS; i++)
		elisa_call1(&bench.close, &ret, bench.handle[i]);
	return rc;
}

static int lookup(const char *name, struct elisa_entry *entry)
{
	return bench.att ? elisa_lookup(bench.att, name, entry) :
			   direct_lookup(name, entry);
}

static int lookups(void)
{
	int err;

	err = lookup("vs_open", &bench.open);
	if (!err)
		err = lookup("vs_close", &bench.close);
	if (!err)
		err = lookup("vs_send", &bench.send);
	if (!err)
		err = lookup("vs_receive", &bench.receive);
	if (!err)
		err = lookup("vs_send_one", &bench.send_one);
	if (!err)
		err = lookup("vs_receive_one", &bench.receive_one);
	return err;
}

static int bench_elisa(const char *build, const char *export)
{
	const enum elisa_mode mode = strcmp(build, "elisa") ?
					     ELISA_MODE_INTERPOSED :
					     ELISA_MODE_VMFUNC;
	struct elisa_attachment_info info;
	struct elisa_buffer xbuf;
	int err, rc;

	err = elisa_buffer_alloc(&xbuf, XBUF_SIZE);
	if (err)
		return fail("exchange buffer (any free vm.nr_hugepages?)", err);
	bench.xbuf = xbuf.addr;
	err = elisa_attach_mode(&bench.att, export, xbuf.addr, XBUF_SIZE, mode);
	if (err)
		return fail(export, err);
	err = elisa_attachment_info(bench.att, &info, sizeof(info));
	if (err)
		return fail("attachment", err);
	bench.vmfuncs = info.vmfuncs;
	err = lookups();
	rc = err ? fail("lookup", err) : run(build);
	err = elisa_detach(bench.att);
	elisa_buffer_free(&xbuf);
	return err ? fail("detach", err) : rc;
}

static int bench_direct(void)
{
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
	/* Whatever was in it. */
	memset(region, 0, SHARED_SIZE);
	err = direct_open_memory(region, SHARED_SIZE, 1, XBUF_SIZE);
	if (err)
		return fail("the shared memory", err);
	bench.xbuf = direct_xbuf();
	err = lookups();
	rc = err ? fail("lookup", err) : run("direct");
	direct_close();
	munmap(region, SHARED_SIZE);
	return rc;
}

static int usage(void)
{
	fputs("usage: vswitch_bench [-n FRAMES] elisa|interposed|direct [EXPORT]\n",
	      stderr);
	return 2;
}

int main(int argc, char **argv)
{
	const char *what;
	int c, err;

	while ((c = getopt(argc, argv, "+n:")) != -1) {
		if (c != 'n')
			return usage();
		frames = strtoull(optarg, NULL, 10);
	}
	if (optind == argc || !frames)
		return usage();
	what = argv[optind++];
	err = chunks_open();
	if (err)
		return fail("this is not a guest of testvmm", err);
	if (!strcmp(what, "elisa") || !strcmp(what, "interposed"))
		return bench_elisa(what,
				   optind < argc ? argv[optind] : VS_EXPORT);
	if (!strcmp(what, "direct"))
		return bench_direct();
	return usage();
}
