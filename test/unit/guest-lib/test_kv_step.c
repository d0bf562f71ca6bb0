// SPDX-License-Identifier: MIT
/*
 * The kv example's store, mapped directly, an instruction at a time.
 *
 * A child process makes a call and is single-stepped.  Whenever the shared memory
 * has changed, a copy of it is what others would find if the child died there:
 * the key must have its old value or its new one, nothing else may have changed,
 * and no memory may be lost.  Some children really are killed.  And what a get
 * costs is counted.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include <elisa/layout.h>

#include "direct.h"
#include "kv.h"

#define DATA_SIZE   KV_SIZE_MIN
#define SIZE	    (DATA_SIZE + DIRECT_OVERHEAD)
#define XBUF_SIZE   16384
#define KEY_AT	    4096
#define VALUE_AT    8192
#define LIVENESS_AT 4096 /* in the shared memory */
#define OWN_SLOT    99u
#define STEPS_MAX   100000

/* What a call that does nothing costs by ELISA, README.md. */
#define CROSSING 68

static char path[32] = "/dev/shm/elisa-kv-step-XXXXXX";
static const char *self;
static unsigned char *shared;
static unsigned char copy[SIZE] __attribute__((aligned(4096)));
static unsigned char last[SIZE];

/* The parent looks for these in the child, which is the same program. */
__attribute__((noinline)) static void step_begin(void)
{
	__asm__ volatile("");
}

__attribute__((noinline)) static void step_end(void)
{
	__asm__ volatile("nop");
}

static int64_t call(const char *name, uint64_t a0, uint64_t a1, uint64_t a2)
{
	struct elisa_entry entry;
	uint64_t ret;

	if (direct_lookup(name, &entry) ||
	    elisa_call3(&entry, &ret, a0, a1, a2))
		abort();
	return (int64_t)ret;
}

static uint64_t key_part(const char *key)
{
	memcpy((char *)direct_xbuf() + KEY_AT, key, strlen(key));
	return KV_AT(KEY_AT, strlen(key));
}

static int64_t put(const char *key, const char *value, size_t len,
		   enum kv_mode mode)
{
	const uint64_t part = key_part(key);

	memcpy((char *)direct_xbuf() + VALUE_AT, value, len);
	return call("kv_put", part, KV_AT(VALUE_AT, len), mode);
}

static bool holds(const char *key, const char *value)
{
	const int64_t rc =
		call("kv_get", key_part(key), KV_AT(VALUE_AT, 4096), 0);

	if (!value)
		return rc == -ENOENT;
	return rc == (int64_t)strlen(value) &&
	       !memcmp((char *)direct_xbuf() + VALUE_AT, value, strlen(value));
}

static struct kv_stats stats(void)
{
	struct kv_stats s;

	call("kv_stats", VALUE_AT, 0, 0);
	memcpy(&s, (char *)direct_xbuf() + VALUE_AT, sizeof(s));
	return s;
}

static void delete_all(void)
{
	uint64_t cursor = 0;

	do
		cursor = (uint64_t)call("kv_sweep", cursor, 1, 0);
	while ((int64_t)cursor > 0);
}

/* Values of 1000 bytes that there is memory for. */
static unsigned int room(void)
{
	static char value[1000];
	unsigned int n;
	char key[16];

	for (n = 0; n < 1000; n++) {
		snprintf(key, sizeof(key), "room-%u", n);
		if (put(key, value, sizeof(value), KV_SET))
			break;
	}
	delete_all();
	return n;
}

/* --- what a child does; exec'd as "PROGRAM PATH NUMBER" */

static const struct job {
	const char *name;
	const char *old;
	const char *new;
} jobs[] = {
	{ "put of a new key", NULL, "new value" },
	{ "put over a value", "old value", "a newer value" },
	{ "put in place", "old", "new" },
	{ "append", "some", "something" },
	{ "delete", "old value", NULL },
	{ "incr", "99999999", "100000000" },
	{ "make the store", NULL, "new value" },
	{ "eight gets", NULL, NULL },
};

#define APPEND 3
#define INCR   5
#define MAKE   6
#define GETS   7

static void get_eight(void)
{
	struct kv_get get[8];
	char value[64];
	unsigned int i;

	memset(value, 'v', sizeof(value));
	for (i = 0; i < 8; i++) {
		char *xbuf = direct_xbuf();
		char key[32];

		snprintf(key, sizeof(key), "a-key-of-20-bytes-%02u", i);
		put(key, value, sizeof(value), KV_SET);
		memcpy(xbuf + KEY_AT + 32 * i, key, 20);
		get[i] = (struct kv_get){
			.key = KEY_AT + 32 * i,
			.key_len = 20,
			.value = VALUE_AT + 64 * i,
			.room = 64,
		};
	}
	/* put() has used the place of the first. */
	memcpy((char *)direct_xbuf() + KEY_AT, "a-key-of-20-bytes-00", 20);
	memcpy(direct_xbuf(), get, sizeof(get));
}

static int child(const char *file, unsigned int number)
{
	const struct job *job = &jobs[number];
	struct elisa_entry entry;
	uint64_t a[4] = { 0 }, ret;
	const char *name = "kv_put";
	const struct kv_get *get;
	unsigned int i;

	if (direct_open(file, DATA_SIZE, XBUF_SIZE))
		return 1;
	a[0] = key_part("k");
	if (number == GETS) {
		get_eight();
		name = "kv_mget";
		a[0] = 0;
		a[1] = 8;
	} else if (number == INCR) {
		name = "kv_add";
		a[1] = 1;
	} else if (!job->new) {
		name = "kv_delete";
	} else {
		const char *value = number == APPEND ? "thing" : job->new;

		memcpy((char *)direct_xbuf() + VALUE_AT, value, strlen(value));
		a[1] = KV_AT(VALUE_AT, strlen(value));
		a[2] = number == APPEND ? KV_APPEND : KV_SET;
	}
	if (direct_lookup(name, &entry) || ptrace(PTRACE_TRACEME, 0, 0, 0))
		return 1;
	raise(SIGSTOP);
	step_begin();
	elisa_call4(&entry, &ret, a[0], a[1], a[2], a[3]);
	step_end();
	if (number != GETS)
		return ret != 0;
	get = direct_xbuf();
	for (i = 0; i < 8; i++)
		if (get[i].result != 64)
			return 1;
	return ret != 8;
}

/* --- the parent */

static pid_t start(unsigned int number)
{
	char text[8];
	int status;
	pid_t pid;

	snprintf(text, sizeof(text), "%u", number);
	pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		execl(self, self, path, text, NULL);
		_exit(127);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSTOPPED(status) && WSTOPSIG(status) == SIGSTOP);
	return pid;
}

/* One instruction; false: it has ended, as it should. */
static bool step(pid_t pid, uint64_t *rip)
{
	struct user_regs_struct regs;
	int status;

	assert_int_equal(ptrace(PTRACE_SINGLESTEP, pid, 0, 0), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (WIFEXITED(status)) {
		assert_int_equal(WEXITSTATUS(status), 0);
		return false;
	}
	assert_true(WIFSTOPPED(status) && WSTOPSIG(status) == SIGTRAP);
	assert_int_equal(ptrace(PTRACE_GETREGS, pid, 0, &regs), 0);
	*rip = regs.rip;
	return true;
}

static void finish(pid_t pid)
{
	int status;

	ptrace(PTRACE_CONT, pid, 0, 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status) && !WEXITSTATUS(status));
}

static void prepare(const struct job *job)
{
	if (job == &jobs[MAKE]) {
		memset(shared, 0, SIZE);
		return;
	}
	assert_int_equal(direct_open(path, DATA_SIZE, XBUF_SIZE), 0);
	delete_all();
	assert_int_equal(put("before", "stays", 5, KV_SET), 0);
	if (job->old)
		assert_int_equal(put("k", job->old, strlen(job->old), KV_SET),
				 0);
	assert_int_equal(put("after", "stays", 5, KV_SET), 0);
	direct_close();
}

/* This thread is connected to what a death would leave behind. */
static void check(const struct job *job, unsigned int rooms)
{
	const bool is_new = holds("k", job->new);
	const unsigned int others = job == &jobs[MAKE] ? 0 : 2;
	struct kv_stats s;

	assert_true(is_new || holds("k", job->old));
	/* Repairs. */
	assert_int_equal(put("more", "x", 1, KV_SET), 0);
	assert_int_equal(call("kv_touch", key_part("k"), 0, 0),
			 (is_new ? job->new : job->old) ? 0 : -ENOENT);
	assert_true(holds("k", is_new ? job->new : job->old));
	if (others) {
		assert_true(holds("before", "stays"));
		assert_true(holds("after", "stays"));
	}
	s = stats();
	assert_int_equal(s.items,
			 others + 1 + !!(is_new ? job->new : job->old));
	assert_int_equal(s.bytes, 64 * s.items);
	assert_int_equal(s.own_bytes, s.bytes);
	delete_all();
	assert_int_equal(stats().bytes, 0);
	assert_int_equal(room(), rooms);
}

static unsigned int rooms(void)
{
	unsigned int n;

	memset(shared, 0, SIZE);
	assert_int_equal(direct_open(path, DATA_SIZE, XBUF_SIZE), 0);
	n = room();
	direct_close();
	assert_in_range(n, 10, 60);
	return n;
}

/* Nobody is alive in the copy, and somebody finds it. */
static void find_dead(const struct job *job, unsigned int n_rooms)
{
	memcpy(copy, shared, SIZE);
	memset(copy + LIVENESS_AT, 0, ELISA_OWNER_SLOTS * sizeof(uint64_t));
	assert_int_equal(direct_open_memory(copy, SIZE, OWN_SLOT, XBUF_SIZE),
			 0);
	check(job, n_rooms);
	direct_close();
}

static void each_instruction(void **state)
{
	const unsigned int n_rooms = rooms();
	unsigned int i;

	(void)state;
	for (i = 0; i < GETS; i++) {
		unsigned int steps = 0, states = 0;
		bool inside = false, ended = false;
		uint64_t rip;
		pid_t pid;

		prepare(&jobs[i]);
		pid = start(i);
		memcpy(last, shared, SIZE);
		while (!ended) {
			assert_true(step(pid, &rip));
			inside |= rip == (uint64_t)step_begin;
			ended = rip == (uint64_t)step_end;
			if (!inside)
				continue;
			assert_in_range(++steps, 0, STEPS_MAX);
			if (!memcmp(shared, last, SIZE))
				continue;
			memcpy(last, shared, SIZE);
			states++;
			find_dead(&jobs[i], n_rooms);
		}
		finish(pid);
		assert_int_equal(direct_open(path, DATA_SIZE, XBUF_SIZE), 0);
		assert_true(holds("k", jobs[i].new));
		direct_close();
		print_message("%s: %u instructions, %u states\n", jobs[i].name,
			      steps, states);
		assert_in_range(states, 5, STEPS_MAX);
	}
}

/* With the locks of the file instead of a copy. */
static void killed(void **state)
{
	const unsigned int n_rooms = rooms();
	unsigned int i, n;

	(void)state;
	for (i = 0; i < 5; i++)
		for (n = 50; n < 1200; n += 97) {
			unsigned int left = n;
			bool inside = false;
			uint64_t rip;
			pid_t pid;
			int status;

			prepare(&jobs[i]);
			pid = start(i);
			while (left && step(pid, &rip)) {
				inside |= rip == (uint64_t)step_begin;
				left -= inside;
				if (rip == (uint64_t)step_end)
					break;
			}
			kill(pid, SIGKILL);
			assert_int_equal(waitpid(pid, &status, 0), pid);
			assert_true(WIFSIGNALED(status));
			assert_int_equal(direct_open(path, DATA_SIZE,
						     XBUF_SIZE),
					 0);
			check(&jobs[i], n_rooms);
			direct_close();
		}
}

/* The budget of a get: 64 bytes, a key of 20, eight a call. */
static void cost(void **state)
{
	unsigned int steps = 0;
	bool inside = false;
	uint64_t rip = 0;
	double per_get;
	pid_t pid;

	(void)state;
	memset(shared, 0, SIZE);
	pid = start(GETS);
	do {
		assert_true(step(pid, &rip));
		inside |= rip == (uint64_t)step_begin;
		steps += inside;
	} while (rip != (uint64_t)step_end);
	finish(pid);
	per_get = steps / 8.0;
	print_message("a get takes %.1f instructions; %.2f times that with a crossing for eight\n",
		      per_get, (steps + CROSSING) / (double)steps);
	assert_in_range(steps, 8 * 100, 8 * 330);
	assert_true(steps + CROSSING <= 1.25 * steps);
}

static int set_up(void **state)
{
	int fd = mkstemp(path);

	(void)state;
	if (fd < 0 || ftruncate(fd, SIZE))
		return -1;
	shared = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	return shared == MAP_FAILED ? -1 : 0;
}

static int tear_down(void **state)
{
	(void)state;
	unlink(path);
	return munmap(shared, SIZE);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_instruction),
		cmocka_unit_test(killed),
		cmocka_unit_test(cost),
	};

	self = "/proc/self/exe";
	if (argc == 3)
		return child(argv[1], (unsigned int)atoi(argv[2]));
	return cmocka_run_group_tests_name("kv, step by step", tests, set_up,
					   tear_down);
}
