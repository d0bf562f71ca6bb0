// SPDX-License-Identifier: MIT
/*
 * selftest_client [NAME [ROUNDS [THREADS]]]: runs every entry point of the
 * selftest image and checks what comes back; then soaks it.
 * Prints a line for each check and "selftest: N passed, M failed"; the exit
 * status says whether all passed.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <elisa/batch.h>
#include <elisa/guest.h>
#include <elisa/layout.h>

#include "selftest.h"

#define XBUF_SIZE   8192
#define SOAKERS_MAX 64

static struct elisa_attachment *att;
static struct elisa_buffer xbuf;
static unsigned int passed, failed;

static void report(bool ok, const char *what, const char *detail)
{
	printf("%s %s%s%s\n", ok ? "ok  " : "FAIL", what, *detail ? ": " : "",
	       detail);
	if (ok)
		passed++;
	else
		failed++;
}

struct args {
	uint64_t a[6];
};

#define ARGS(...) ((struct args){ { __VA_ARGS__ } })

static int call(const char *name, uint64_t *ret, struct args x)
{
	struct elisa_entry entry;
	int err;

	*ret = 0;
	err = elisa_lookup(att, name, &entry);
	if (err) {
		report(false, name, "lookup failed");
		return err;
	}
	do {
		err = elisa_call6(&entry, ret, x.a[0], x.a[1], x.a[2], x.a[3],
				  x.a[4], x.a[5]);
	} while (err == -EBUSY);
	return err;
}

static void expect(const char *name, struct args x, uint64_t want)
{
	char detail[128];
	uint64_t ret;
	int err = call(name, &ret, x);

	snprintf(detail, sizeof(detail),
		 "returned %d, %#" PRIx64 " (expected %#" PRIx64 ")", err, ret,
		 want);
	report(!err && ret == want, name, err || ret != want ? detail : "");
}

/* A call that must fail with -EFAULT; @kind 0: any. */
static void expect_fault(const char *name, struct args x, unsigned int kind,
			 unsigned int code)
{
	char detail[128], text[64];
	uint64_t ret;
	int err = call(name, &ret, x);
	bool ok = err == -EFAULT;

	if (kind && (ELISA_FAULT_KIND(ret) != kind ||
		     (kind != ELISA_FAULT_KIND_MEMORY &&
		      ELISA_FAULT_CODE(ret) != code)))
		ok = false;
	elisa_fault_describe(ret, text, sizeof(text));
	snprintf(detail, sizeof(detail), "returned %d, %#" PRIx64 ", %s", err,
		 ret, text);
	report(ok, name, detail);
}

static void test_values(void)
{
	expect("nop", ARGS(0), 0);
	expect("sum6", ARGS(1, 2, 3, 4, 5, 6), selftest_sum6(1, 2, 3, 4, 5, 6));
	expect("sum6", ARGS(~0ULL, 1ULL << 63, 7, 1ULL << 40, 0, 9),
	       selftest_sum6(~0ULL, 1ULL << 63, 7, 1ULL << 40, 0, 9));
	expect("spin", ARGS(10000), selftest_spin(10000));
	expect("spin_sse", ARGS(10000), selftest_spin_sse(10000));
	expect("info_abi", ARGS(0), ELISA_ABI_VERSION);
	expect("info_rights", ARGS(0), elisa_rights(att));
	expect("info_xbuf_size", ARGS(0), XBUF_SIZE);
	expect("stack_depth", ARGS(20), 20);
}

static void test_data(void)
{
	uint64_t before, after, first, second;

	call("data_read", &before, ARGS(100));
	call("data_add", &after, ARGS(100, 5));
	report(after == before + 5, "data_add", "");
	expect("data_read", ARGS(100), before + 5);
	expect("data_read", ARGS(1ULL << 61), (uint64_t)-EINVAL);
	expect("data_locked", ARGS(16), 0);
	expect("heap_cycle", ARGS(100), 0);
	call("image_count", &first, ARGS(0));
	call("image_count", &second, ARGS(0));
	report(first > 1000 && second > first, "image_count", "");
}

static void test_xbuf(void)
{
	unsigned char *p = xbuf.addr;
	bool ok = true;
	uint64_t i;

	for (i = 0; i < XBUF_SIZE; i++)
		p[i] = (unsigned char)(i * 7);
	expect("xsum", ARGS(0, XBUF_SIZE), selftest_sum(p, XBUF_SIZE));
	expect("xsum", ARGS(4090, 17), selftest_sum(p + 4090, 17));
	expect("xsum", ARGS(1, XBUF_SIZE), (uint64_t)-EINVAL);
	expect("xsum", ARGS(~0ULL, 2), (uint64_t)-EINVAL);
	expect("xfill", ARGS(5000, 300, 3), 0);
	for (i = 0; i < 300; i++)
		ok &= p[5000 + i] == selftest_fill_byte(i, 3);
	ok &= p[4999] == (unsigned char)(4999 * 7);
	ok &= p[5300] == (unsigned char)(5300 * 7);
	report(ok, "xfill pattern", "");
}

static int run_batch(struct elisa_batch *batch)
{
	int err;

	do
		err = elisa_batch_run(batch);
	while (err == -EBUSY);
	return err;
}

static void test_batch(void)
{
	struct elisa_entry sum6, positive, hang;
	struct elisa_batch batch;
	bool ok = true;
	uint64_t ret, i;

	if (elisa_lookup(att, "sum6", &sum6) ||
	    elisa_lookup(att, "positive", &positive) ||
	    elisa_lookup(att, "hang", &hang) ||
	    elisa_batch_init(&batch, att, 4096, 64)) {
		report(false, "batch", "lookup failed");
		return;
	}
	for (i = 0; i < 63; i++)
		elisa_batch_add(&batch, &sum6, i, 2, 3, 4, 5, 6);
	elisa_batch_add(&batch, &hang, 0, 0, 0, 0, 0, 0);
	ok &= !run_batch(&batch);
	for (i = 0; i < 63; i++)
		ok &= !elisa_batch_result(&batch, (unsigned int)i, &ret) &&
		      ret == selftest_sum6(i, 2, 3, 4, 5, 6);
	report(ok, "batch", "");
	report(elisa_batch_result(&batch, 63, &ret) == -EINVAL,
	       "batch with an entry that it must not have", "");

	elisa_batch_clear(&batch);
	for (i = 2; i--;)
		elisa_batch_add(&batch, &positive, i, 0, 0, 0, 0, 0);
	elisa_batch_add(&batch, &positive, 1, 0, 0, 0, 0, 0);
	ok = run_batch(&batch) == -EFAULT;
	ok &= !elisa_batch_result(&batch, 0, &ret) && ret == 1;
	ok &= elisa_batch_result(&batch, 1, &ret) == -EINPROGRESS;
	ok &= elisa_batch_result(&batch, 2, &ret) == -EINPROGRESS;
	report(ok, "batch with a fault", "");
}

static void test_state(void)
{
	volatile double third = 1.0, three = 3.0;
	uint32_t mxcsr, mxcsr2;
	uint16_t cw, cw2;
	uint64_t flags;
	double before;

	__asm__ volatile("stmxcsr %0\n\tfnstcw %1" : "=m"(mxcsr), "=m"(cw));
	before = third / three;
	expect("mess", ARGS(0), 77);
	__asm__ volatile("stmxcsr %0\n\tfnstcw %1" : "=m"(mxcsr2), "=m"(cw2));
	__asm__ volatile("pushfq\n\tpop %0" : "=r"(flags));
	/* All but the sticky exception flags, which the division sets. */
	report(!((mxcsr ^ mxcsr2) & ~0x3fu) && cw == cw2,
	       "MXCSR and x87 control word", "");
	report(!(flags & 0x400), "direction flag", "");
	report(before == third / three, "rounding", "");
}

static void test_faults(void)
{
	struct args hole = ARGS(0x10000);

	expect_fault("fault_read", ARGS(0), ELISA_FAULT_KIND_MEMORY, 0);
	expect_fault("fault_read", hole, ELISA_FAULT_KIND_MEMORY, 0);
	expect_fault("fault_read", ARGS((uint64_t)&passed),
		     ELISA_FAULT_KIND_MEMORY, 0);
	expect_fault("fault_write", ARGS(ELISA_SUB_INFO, 1),
		     ELISA_FAULT_KIND_MEMORY, 0);
	expect_fault("fault_write", ARGS(ELISA_SUB_IMAGE, 1),
		     ELISA_FAULT_KIND_MEMORY, 0);
	expect_fault("fault_jump", ARGS(ELISA_SUB_DATA),
		     ELISA_FAULT_KIND_MEMORY, 0);
	expect_fault("stack_depth", ARGS(100000), ELISA_FAULT_KIND_MEMORY, 0);
	expect_fault("fault_ud", ARGS(0), ELISA_FAULT_KIND_VECTOR, 6);
	expect_fault("fault_div", ARGS(0), ELISA_FAULT_KIND_VECTOR, 0);
	expect("fault_div", ARGS(1), 1);
	expect("positive", ARGS(3), 3);
	expect_fault("positive", ARGS(0), ELISA_FAULT_KIND_VECTOR, 6);
	expect_fault("fault_int3", ARGS(0), ELISA_FAULT_KIND_VECTOR, 3);
	expect_fault("fault_int80", ARGS(0), ELISA_FAULT_KIND_VECTOR, 0x80);
	expect_fault("fault_syscall", ARGS(0), 0, 0);
	expect_fault("fault_sysenter", ARGS(0), 0, 0);
	expect_fault("fault_hlt", ARGS(0), 0, 0);
	expect_fault("fault_tf", ARGS(0), 0, 0);
	expect_fault("fault_cpuid", ARGS(0), 0, 0);
	expect_fault("fault_vmcall", ARGS(0), 0, 0);
	expect("nop", ARGS(0), 0);
}

/* The window's code pages, entered by hand with an index that has no entry. */
static void test_bad_index(void)
{
	struct elisa_entry entry;
	uint64_t ret;

	if (elisa_lookup(att, "nop", &entry))
		return;
	entry.index = 1000;
	report(elisa_call0(&entry, &ret) == -EINVAL, "index 1000", "");
	entry.index = ~0ULL;
	report(elisa_call0(&entry, &ret) == -EINVAL, "index -1", "");
	report(elisa_lookup(att, "no_such", &entry) == -ENOENT, "unknown entry",
	       "");
}

struct soaker {
	pthread_t thread;
	unsigned int rounds;
	unsigned int number;
	unsigned int wrong;
	bool done;
};

static struct elisa_entry spin, spin_sse;

static int call_soak(const struct elisa_entry *entry, uint64_t *ret, uint64_t n)
{
	int err;

	do
		err = elisa_call1(entry, ret, n);
	while (err == -EBUSY);
	return err;
}

static void *soak(void *arg)
{
	struct soaker *s = arg;
	unsigned int i;
	uint64_t ret;

	for (i = 0; i < s->rounds; i++) {
		uint64_t n = 1000 + (i + 61 * s->number) % 500;

		if (call_soak(&spin, &ret, n) || ret != selftest_spin(n))
			s->wrong++;
		if (call_soak(&spin_sse, &ret, n) ||
		    ret != selftest_spin_sse(n))
			s->wrong++;
	}
	__atomic_store_n(&s->done, true, __ATOMIC_RELEASE);
	return NULL;
}

/* Moves a thread to another CPU every millisecond until it is done. */
static void shove(struct soaker *s)
{
	const struct timespec pause = { .tv_nsec = 1000000 };
	unsigned int cpu = 0;
	cpu_set_t set;

	while (!__atomic_load_n(&s->done, __ATOMIC_ACQUIRE)) {
		CPU_ZERO(&set);
		CPU_SET(cpu++ % (unsigned int)sysconf(_SC_NPROCESSORS_ONLN),
			&set);
		pthread_setaffinity_np(s->thread, sizeof(set), &set);
		nanosleep(&pause, NULL);
	}
}

/*
 * Long calls in several threads, so that interrupts and moves to other CPUs
 * happen in the middle of them, with every result checked.
 */
static void test_soak(unsigned int rounds, unsigned int threads)
{
	struct soaker s[SOAKERS_MAX] = { 0 };
	unsigned int i, wrong = 0;

	if (elisa_lookup(att, "spin", &spin) ||
	    elisa_lookup(att, "spin_sse", &spin_sse))
		return;
	for (i = 0; i < threads; i++) {
		s[i].rounds = rounds;
		s[i].number = i;
		if (pthread_create(&s[i].thread, NULL, soak, &s[i]))
			exit(2);
	}
	for (i = 0; i < threads; i++) {
		shove(&s[i]);
		pthread_join(s[i].thread, NULL);
		wrong += s[i].wrong;
	}
	printf("     soak: %u threads, %u calls, %u wrong\n", threads,
	       2 * rounds * threads, wrong);
	report(!wrong, "soak", "");
}

/* The exchange buffer is part of a file, if one is given. */
static int get_buffer(const char *path)
{
	int fd, err;

	if (!path)
		return elisa_buffer_alloc(&xbuf, XBUF_SIZE);
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	err = elisa_buffer_map(&xbuf, fd, 0, XBUF_SIZE);
	close(fd);
	return err;
}

int main(int argc, char **argv)
{
	const char *name = argc > 1 ? argv[1] : SELFTEST_EXPORT;
	unsigned int rounds = argc > 2 ? (unsigned int)atoi(argv[2]) : 200;
	unsigned int threads = argc > 3 ? (unsigned int)atoi(argv[3]) : 2;
	int err;

	if (threads > SOAKERS_MAX)
		threads = SOAKERS_MAX;
	err = get_buffer(argc > 4 ? argv[4] : NULL);
	if (!err)
		err = elisa_attach(&att, name, xbuf.addr, XBUF_SIZE);
	if (err) {
		fprintf(stderr, "selftest: %s: %s\n", name, strerror(-err));
		return 2;
	}
	test_values();
	test_data();
	test_xbuf();
	test_batch();
	test_state();
	test_bad_index();
	test_faults();
	test_soak(rounds, threads);
	report(!elisa_detach(att), "detach", "");
	elisa_buffer_free(&xbuf);
	printf("selftest: %u passed, %u failed\n", passed, failed);
	return failed ? 1 : 0;
}
