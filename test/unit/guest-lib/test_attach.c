// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include <elisa/batch.h>
#include <elisa/guest.h>
#include <elisa/layout.h>

#include "mock_vmcall.h"

static char page[4 * ELISA_PAGE_SIZE] __attribute__((aligned(ELISA_PAGE_SIZE)));

static bool mapped(uint64_t addr)
{
	return !msync((void *)addr, ELISA_PAGE_SIZE, MS_ASYNC);
}

static int setup(void **state)
{
	(void)state;
	mock_reset();
	/* So that VERSION is not among the hypercalls that tests count. */
	if (elisa_probe())
		return -1;
	mock_reset();
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	return mock.attachments || mapped(ELISA_WINDOW(5));
}

static void attach_and_detach(void **state)
{
	struct elisa_attachment *att;
	struct elisa_entry entry;
	struct elisa_batch batch;

	(void)state;
	assert_int_equal(elisa_attach(&att, "kv.store", page, 2 * 4096), 0);
	assert_string_equal(mock.name, "kv.store");
	assert_true(mock.xbuf == (uint64_t)page);
	assert_int_equal(mock.xbuf_pages, 2);
	assert_int_equal(elisa_rights(att),
			 ELISA_RIGHT_READ | ELISA_RIGHT_WRITE);
	assert_true(mapped(ELISA_WINDOW(5)));

	assert_int_equal(elisa_lookup(att, "seven", &entry), 0);
	assert_string_equal(mock.name, "seven");
	assert_int_equal(entry.index, 7);
	assert_true(entry.stub > ELISA_WINDOW(5) &&
		    entry.stub < ELISA_WINDOW(5) + ELISA_W_RESTART);
	assert_int_equal(elisa_lookup(att, "eight", &entry), -ENOENT);
	assert_int_equal(elisa_lookup(att, "bad name", &entry), -EINVAL);

	/* As many as the exchange buffer has room for; but not here. */
	assert_int_equal(elisa_batch_init(&batch, att, 4096, 64), -ENOENT);
	assert_string_equal(mock.name, "elisa_batch");
	assert_int_equal(elisa_batch_init(&batch, att, 4096, 65), -EINVAL);

	assert_int_equal(elisa_detach(att), 0);
	assert_int_equal(elisa_detach(NULL), 0);
}

static void bad_arguments(void **state)
{
	struct elisa_attachment *att = NULL;

	(void)state;
	assert_int_equal(elisa_attach(&att, "", NULL, 0), -EINVAL);
	assert_int_equal(elisa_attach(&att, NULL, NULL, 0), -EINVAL);
	assert_int_equal(elisa_attach(&att, "a", page, 0), -EINVAL);
	assert_int_equal(elisa_attach(&att, "a", NULL, 4096), -EINVAL);
	assert_int_equal(elisa_attach(&att, "a", page + 8, 4096), -EINVAL);
	assert_int_equal(elisa_attach(&att, "a", page, 4095), -EINVAL);
	assert_int_equal(elisa_attach(&att, "a", page, 513 * 4096), -EINVAL);
	assert_int_equal(mock.calls, 0);
	assert_null(att);
}

static void attach_refused(void **state)
{
	static const int64_t answers[] = { -EACCES, -ENOENT, -EFAULT, -ENOSPC };
	struct elisa_attachment *att;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
		mock_reset();
		mock.fail_at = 2; /* after VERSION */
		mock.fail_count = 1;
		mock.fail_with = answers[i];
		assert_int_equal(elisa_attach(&att, "a", NULL, 0), answers[i]);
		assert_int_equal(mock.calls, 2);
	}
}

/* The VM was enrolled, and is not any more: KVM answers. */
static void kvm_answers(void **state)
{
	static const int64_t answers[] = { -1, -1000, -4096, INT64_MIN };
	struct elisa_attachment *att;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
		mock_reset();
		mock.fail_at = 1 + i % 2;
		mock.fail_count = 1;
		mock.fail_with = answers[i];
		assert_int_equal(elisa_attach(&att, "a", NULL, 0), -ENOSYS);
		assert_int_equal(mock.calls, mock.fail_at);
	}
}

static void mode(void **state)
{
	enum {
		OLD,
		VMFUNC = ELISA_FEATURE_VMFUNC,
		INTERPOSED = ELISA_FEATURE_INTERPOSED
	};
	static const struct {
		uint64_t features;
		enum elisa_mode mode;
		const char *variable;
		int rc; /* 0: VMFUNC, 1: interposed */
	} cases[] = {
		{ OLD, ELISA_MODE_AUTO, NULL, 0 },
		{ OLD, ELISA_MODE_VMFUNC, NULL, 0 },
		{ OLD, ELISA_MODE_INTERPOSED, NULL, -EOPNOTSUPP },
		{ OLD, ELISA_MODE_AUTO, "interposed", -EOPNOTSUPP },
		{ VMFUNC | INTERPOSED, ELISA_MODE_AUTO, NULL, 0 },
		{ VMFUNC | INTERPOSED, ELISA_MODE_VMFUNC, NULL, 0 },
		{ VMFUNC | INTERPOSED, ELISA_MODE_INTERPOSED, NULL, 1 },
		{ VMFUNC | INTERPOSED, ELISA_MODE_AUTO, "interposed", 1 },
		{ VMFUNC | INTERPOSED, ELISA_MODE_AUTO, "vmfunc", 0 },
		{ VMFUNC | INTERPOSED, ELISA_MODE_AUTO, "auto", 0 },
		{ VMFUNC | INTERPOSED, ELISA_MODE_AUTO, "", -EINVAL },
		{ VMFUNC | INTERPOSED, ELISA_MODE_VMFUNC, "interposed", 0 },
		{ INTERPOSED, ELISA_MODE_AUTO, NULL, 1 },
		{ INTERPOSED, ELISA_MODE_AUTO, "vmfunc", -EOPNOTSUPP },
		{ INTERPOSED, ELISA_MODE_VMFUNC, NULL, -EOPNOTSUPP },
		{ INTERPOSED, ELISA_MODE_INTERPOSED, NULL, 1 },
		{ INTERPOSED, (enum elisa_mode)3, NULL, -EINVAL },
		{ VMFUNC, ELISA_MODE_INTERPOSED, NULL, -EOPNOTSUPP },
	};
	struct elisa_attachment_info info;
	struct elisa_attachment *att;
	struct elisa_entry entry;
	unsigned int i;
	int rc;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		mock_reset();
		mock.features = cases[i].features;
		unsetenv("ELISA_MODE");
		if (cases[i].variable)
			setenv("ELISA_MODE", cases[i].variable, 1);
		rc = elisa_attach_mode(&att, "a", page, 4096, cases[i].mode);
		unsetenv("ELISA_MODE");
		if (cases[i].rc < 0) {
			assert_int_equal(rc, cases[i].rc);
			assert_int_equal(mock.attachments, 0);
			continue;
		}
		assert_int_equal(rc, 0);
		assert_int_equal(mock.interposed, cases[i].rc);
		assert_int_equal(mock.xbuf_pages, 1);
		assert_int_equal(elisa_attachment_info(att, &info,
						       sizeof(info)),
				 0);
		assert_int_equal(info.mode, cases[i].rc ?
						    ELISA_MODE_INTERPOSED :
						    ELISA_MODE_VMFUNC);
		assert_int_equal(info.vmfuncs, cases[i].rc ? 0 : 4);
		assert_int_equal(elisa_lookup(att, "seven", &entry), 0);
		assert_int_equal(elisa_detach(att), 0);
	}
}

static void bad_window(void **state)
{
	struct elisa_attachment *att;

	(void)state;
	mock.window = 0x1000;
	assert_int_equal(elisa_attach(&att, "a", NULL, 0), -EPROTO);
	assert_int_equal(mock.calls, 3);
	assert_int_equal(mock.attachments, 0);
}

static void window_in_use(void **state)
{
	struct elisa_attachment *att;
	void *p;

	(void)state;
	p = mmap((void *)ELISA_WINDOW(5), ELISA_PAGE_SIZE, PROT_NONE,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
	assert_true((uint64_t)p == ELISA_WINDOW(5));
	assert_int_equal(elisa_attach(&att, "a", NULL, 0), -EEXIST);
	assert_int_equal(mock.attachments, 0);
	assert_true(mapped(ELISA_WINDOW(5)));
	assert_false(mapped(ELISA_WINDOW(5) + ELISA_W_AEP));
	munmap(p, ELISA_PAGE_SIZE);
}

static void mprotect_fails(void **state)
{
	struct elisa_attachment *att;
	unsigned int n;

	(void)state;
	for (n = 1; n <= 6; n++) {
		mock_reset();
		mock_mprotect_fail_at = n;
		assert_int_equal(elisa_attach(&att, "a", NULL, 0), -EACCES);
		assert_int_equal(mock.attachments, 0);
		assert_false(mapped(ELISA_WINDOW(5)));
	}
}

static void detach_fails(void **state)
{
	struct elisa_attachment *att;

	(void)state;
	assert_int_equal(elisa_attach(&att, "a", NULL, 0), 0);
	mock.fail_at = mock.calls + 1;
	mock.fail_count = 1;
	mock.fail_with = -ENOENT;
	assert_int_equal(elisa_detach(att), -ENOENT);
	assert_false(mapped(ELISA_WINDOW(5)));
	mock.attachments = 0;
}

static void child_detaches_itself_only(void **state)
{
	struct elisa_attachment *att;
	int status;
	pid_t pid;

	(void)state;
	assert_int_equal(elisa_attach(&att, "a", NULL, 0), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		if (elisa_detach(att) || mock.attachments != 1 ||
		    mapped(ELISA_WINDOW(5)))
			_exit(1);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_int_equal(elisa_detach(att), 0);
}

static void buffers(void **state)
{
	struct elisa_buffer buf;
	int rc;

	(void)state;
	assert_int_equal(elisa_buffer_alloc(&buf, 0), -EINVAL);
	assert_int_equal(elisa_buffer_alloc(&buf, SIZE_MAX), -EINVAL);
	assert_null(buf.addr);
	elisa_buffer_free(&buf);
	/* More than any machine has. */
	assert_int_equal(elisa_buffer_alloc(&buf, (size_t)1 << 46), -ENOMEM);
	rc = elisa_buffer_alloc(&buf, 4096);
	if (rc == -ENOMEM) {
		print_message("skipped: no free huge pages here\n");
		skip();
	}
	assert_int_equal(rc, 0);
	assert_int_equal(buf.size, 2 << 20);
	assert_int_equal((uintptr_t)buf.addr % (2 << 20), 0);
	elisa_buffer_free(&buf);
	assert_null(buf.addr);
}

static void buffers_of_files(void **state)
{
	struct elisa_buffer buf;
	int fd = memfd_create("buffer", MFD_CLOEXEC);
	int readonly, zero = open("/dev/null", O_RDWR | O_CLOEXEC);
	char path[32];

	(void)state;
	assert_int_equal(ftruncate(fd, 4 * 4096 + 10), 0);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	readonly = open(path, O_RDONLY | O_CLOEXEC);
	assert_int_equal(pwrite(fd, "x", 1, 4096), 1);

	assert_int_equal(elisa_buffer_map(&buf, -1, 0, 4096), -EBADF);
	assert_int_equal(elisa_buffer_map(&buf, readonly, 0, 4096), -EACCES);
	assert_int_equal(elisa_buffer_map(&buf, fd, 1, 4096), -EINVAL);
	assert_int_equal(elisa_buffer_map(&buf, fd, 0, 4097), -EINVAL);
	assert_int_equal(elisa_buffer_map(&buf, fd, 0, 5 * 4096), -EINVAL);
	assert_int_equal(elisa_buffer_map(&buf, fd, 5 * 4096, 0), -EINVAL);
	assert_int_equal(elisa_buffer_map(&buf, fd, 1ULL << 63, 4096), -EINVAL);
	assert_int_equal(elisa_buffer_map(&buf, fd, 4 * 4096, 0), -EINVAL);
	assert_int_equal(elisa_buffer_map(&buf, zero, 0, 0), -EINVAL);
	assert_int_equal(elisa_buffer_map(&buf, zero, 0, 4096), -ENODEV);
	assert_null(buf.addr);

	assert_int_equal(elisa_buffer_map(&buf, fd, 4096, 0), 0);
	assert_int_equal(buf.size, 3 * 4096);
	assert_int_equal(*(char *)buf.addr, 'x');
	*(char *)buf.addr = 'y';
	elisa_buffer_free(&buf);
	assert_null(buf.addr);
	assert_int_equal(pread(fd, path, 1, 4096), 1);
	assert_int_equal(path[0], 'y');
	close(zero);
	close(readonly);
	close(fd);
}

static void info(void **state)
{
	const uint64_t stale = 0x5555555555555555;
	struct {
		struct elisa_attachment_info known;
		uint64_t later;
	} info = { .later = stale };
	struct elisa_attachment *att;
	const size_t size = sizeof(info.known);
	/* As it was before there were modes. */
	const size_t first = offsetof(struct elisa_attachment_info, mode);

	(void)state;
	assert_int_equal(elisa_attach(&att, "a", page, 3 * 4096), 0);
	assert_int_equal(elisa_attachment_info(att, &info.known, first - 1),
			 -EINVAL);
	info.known.mode = 77;
	assert_int_equal(elisa_attachment_info(att, &info.known, first), 0);
	assert_int_equal(info.known.window, ELISA_WINDOW(5));
	assert_int_equal(info.known.mode, 77);
	assert_int_equal(elisa_attachment_info(att, &info.known, size), 0);
	assert_int_equal(info.known.rights,
			 ELISA_RIGHT_READ | ELISA_RIGHT_WRITE);
	assert_int_equal(info.known.vmfuncs, 4);
	assert_int_equal(info.known.window, ELISA_WINDOW(5));
	assert_int_equal(info.known.xbuf_size, 3 * 4096);
	assert_int_equal(info.known.interrupted, 0);
	assert_true(info.later == stale);
	/* What this version does not know. */
	assert_int_equal(elisa_attachment_info(att, &info.known, sizeof(info)),
			 0);
	assert_int_equal(info.later, 0);

	/* The second hypercall says so. */
	mock.fail_at = mock.calls + 2;
	mock.fail_count = 1;
	mock.fail_with = -ENOLINK;
	info.known.xbuf_size = 0;
	assert_int_equal(elisa_attachment_info(att, &info.known, size),
			 -ENOLINK);
	assert_int_equal(info.known.xbuf_size, 3 * 4096);
	mock.fail_at = mock.calls + 1;
	mock.fail_count = 2;
	mock.fail_with = -1000;
	assert_int_equal(elisa_attachment_info(att, &info.known, size),
			 -ENOSYS);
	assert_int_equal(info.known.vmfuncs, 0);
	assert_int_equal(elisa_detach(att), 0);

	mock.rights |= ELISA_RIGHT_FULL_TRUST;
	assert_int_equal(elisa_attach(&att, "a", NULL, 0), 0);
	assert_int_equal(elisa_attachment_info(att, &info.known, size), 0);
	assert_int_equal(info.known.vmfuncs, 3);
	assert_int_equal(elisa_detach(att), 0);
}

/* What a child does with its parent's attachment. */
static void child_uses_parents(void **state)
{
	struct elisa_attachment *att, *own;
	struct elisa_entry entry;
	int status;
	pid_t pid;

	(void)state;
	assert_int_equal(elisa_attach(&att, "a", NULL, 0), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		if (elisa_lookup(att, "seven", &entry))
			_exit(1);
		/* The parent has detached, the host gives its window away. */
		mock.attachments = 0;
		if (elisa_lookup(att, "seven", &entry) != -ENOENT)
			_exit(2);
		if (elisa_attach(&own, "b", NULL, 0) != -EEXIST ||
		    mock.attachments)
			_exit(3);
		if (elisa_detach(att) || elisa_attach(&own, "b", NULL, 0) ||
		    mock.attachments != 1)
			_exit(4);
		/* Its own it can end. */
		_exit(elisa_detach(own) || mock.attachments ? 5 : 0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_int_equal(elisa_detach(att), 0);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(attach_and_detach),
		TEST(bad_arguments),
		TEST(attach_refused),
		TEST(kvm_answers),
		TEST(mode),
		TEST(bad_window),
		TEST(window_in_use),
		TEST(mprotect_fails),
		TEST(detach_fails),
		TEST(child_detaches_itself_only),
		TEST(child_uses_parents),
		TEST(info),
		TEST(buffers),
		TEST(buffers_of_files),
	};

	return cmocka_run_group_tests_name("attach", tests, NULL, NULL);
}
