// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include <elisa/guest.h>
#include <elisa/layout.h>
#include <elisa/manager.h>

#include "mock_vmcall.h"

/* 1030 pages: three EXPORT_DATA hypercalls.  Never touched. */
static char data[1030 * ELISA_PAGE_SIZE]
	__attribute__((aligned(ELISA_PAGE_SIZE)));
static struct elisa_image *image;

static const char *image_path(const char *name)
{
	static char path[4096];

	snprintf(path, sizeof(path), "%s/%s", getenv("IMAGES"), name);
	return path;
}

static int load(void **state)
{
	char why[ELISA_IMAGE_ERR_SIZE];

	(void)state;
	if (elisa_image_load(&image, image_path("good.sub"), why, sizeof(why)))
		return -1;
	mock_reset();
	return elisa_probe();
}

static int unload(void **state)
{
	(void)state;
	elisa_image_free(image);
	elisa_image_free(NULL);
	return 0;
}

static int setup(void **state)
{
	(void)state;
	mock_reset();
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	return (int)mock.exports;
}

static void create_and_destroy(void **state)
{
	struct elisa_export *exp;
	unsigned int i;

	(void)state;
	assert_int_equal(elisa_export_create(&exp, "an.export", image, data,
					     sizeof(data)),
			 0);
	assert_string_equal(mock.name, "an.export");
	assert_true(mock.sealed);
	assert_int_equal(mock.data_pages, 1030);
	assert_int_equal(mock.data_calls, 3);
	assert_int_equal(mock.image_calls, 4);
	for (i = 0; i < 4; i++) {
		assert_int_equal(mock.image[i].first_page, i);
		assert_int_equal(mock.image[i].pages, 1);
	}
	assert_int_equal(mock.image[0].prot, ELISA_PROT_R | ELISA_PROT_X);
	assert_int_equal(mock.image[1].prot, ELISA_PROT_R);
	assert_int_equal(mock.image[2].prot, ELISA_PROT_R | ELISA_PROT_W);
	assert_int_equal(mock.image[3].prot, ELISA_PROT_R | ELISA_PROT_W);
	assert_int_equal(mock.entries, 3);
	assert_int_equal(mock.entries, elisa_image_entries(image));
	assert_string_equal(mock.entry_name[0],
			    "a_name_of_thirty_one_characters");
	assert_string_equal(mock.entry_name[0],
			    elisa_image_entry_name(image, 0));
	assert_string_equal(mock.entry_name[1], "first");
	assert_null(elisa_image_entry_name(image, 3));
	assert_true(mock.entry_offset[0] < ELISA_PAGE_SIZE);
	assert_int_equal(elisa_export_destroy(exp), 0);
	assert_int_equal(mock.exports, 0);
	assert_int_equal(elisa_export_destroy(NULL), 0);
}

static void without_data(void **state)
{
	struct elisa_export *exp;

	(void)state;
	assert_int_equal(elisa_export_create(&exp, "e", image, NULL, 0), 0);
	assert_int_equal(mock.data_calls, 0);
	assert_int_equal(elisa_export_destroy(exp), 0);
}

static void bad_arguments(void **state)
{
	struct elisa_export *exp = NULL;
	size_t too_much = (ELISA_DATA_PAGES_MAX + 1ULL) * ELISA_PAGE_SIZE;

	(void)state;
	assert_int_equal(elisa_export_create(&exp, "a b", image, NULL, 0),
			 -EINVAL);
	assert_int_equal(elisa_export_create(&exp, "a", image, data, 0),
			 -EINVAL);
	assert_int_equal(elisa_export_create(&exp, "a", image, NULL, 4096),
			 -EINVAL);
	assert_int_equal(elisa_export_create(&exp, "a", image, data + 1, 4096),
			 -EINVAL);
	assert_int_equal(elisa_export_create(&exp, "a", image, data, 4097),
			 -EINVAL);
	assert_int_equal(elisa_export_create(&exp, "a", image, data, too_much),
			 -EINVAL);
	assert_int_equal(mock.calls, 0);
	assert_null(exp);
}

/* Whichever hypercall fails, the error comes back and nothing is left. */
static void each_hypercall_fails(void **state)
{
	struct elisa_export *exp;
	unsigned int n, calls;

	(void)state;
	assert_int_equal(elisa_export_create(&exp, "a", image, data,
					     sizeof(data)),
			 0);
	calls = mock.calls;
	/* CREATE, 4 IMAGE, 3 DATA, 3 ENTRY, SEAL */
	assert_int_equal(calls, 12);
	assert_int_equal(elisa_export_destroy(exp), 0);
	for (n = 1; n <= calls; n++) {
		mock_reset();
		mock.fail_at = n;
		mock.fail_count = 1;
		mock.fail_with = -ENOSPC;
		exp = NULL;
		assert_int_equal(elisa_export_create(&exp, "a", image, data,
						     sizeof(data)),
				 -ENOSPC);
		assert_null(exp);
		assert_int_equal(mock.exports, 0);
		assert_int_equal(mock.calls, n == 1 ? 1 : n + 1);
	}
}

/* Image pages that are swapped out are touched and offered again. */
static void image_pages_retried(void **state)
{
	struct elisa_export *exp;

	(void)state;
	mock.fail_at = 3;
	mock.fail_count = 3;
	mock.fail_with = -EFAULT;
	assert_int_equal(elisa_export_create(&exp, "a", image, NULL, 0), 0);
	assert_int_equal(mock.image_calls, 4);
	assert_int_equal(elisa_export_destroy(exp), 0);

	mock_reset();
	mock.fail_at = 2;
	mock.fail_count = 4;
	mock.fail_with = -EFAULT;
	assert_int_equal(elisa_export_create(&exp, "a", image, NULL, 0),
			 -EFAULT);
}

static void child_does_not_destroy(void **state)
{
	struct elisa_export *exp;
	int status;
	pid_t pid;

	(void)state;
	assert_int_equal(elisa_export_create(&exp, "a", image, NULL, 0), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (!pid)
		_exit(elisa_export_destroy(exp) || mock.exports != 1);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_int_equal(elisa_export_destroy(exp), 0);
}

static void load_errors(void **state)
{
	char why[ELISA_IMAGE_ERR_SIZE];
	struct elisa_image *img = NULL;
	char path[] = "/tmp/elisa-test-XXXXXX";
	int fd;

	(void)state;
	assert_int_equal(elisa_image_load(&img, "/nonexistent", why,
					  sizeof(why)),
			 -ENOENT);
	assert_string_equal(why, "No such file or directory");
	assert_int_equal(elisa_image_load(&img, "/", why, sizeof(why)),
			 -EINVAL);
	assert_int_equal(elisa_image_load(&img, "/dev/zero", NULL, 0), -EINVAL);

	fd = mkstemp(path);
	assert_true(fd >= 0);
	assert_int_equal(elisa_image_load(&img, path, why, sizeof(why)),
			 -ENOEXEC);
	assert_string_equal(why, "file is shorter than an ELF header");
	assert_int_equal(ftruncate(fd, (16 << 20) + 1), 0);
	assert_int_equal(elisa_image_load(&img, path, why, sizeof(why)),
			 -EFBIG);
	close(fd);
	unlink(path);

	assert_int_equal(elisa_image_load(&img, image_path("forbidden.sub"),
					  why, sizeof(why)),
			 -ENOEXEC);
	assert_non_null(strstr(why, "forbidden instruction VMFUNC at image"));

	assert_int_equal(elisa_image_load_memory(&img, "x", 1, NULL, 0),
			 -ENOEXEC);
	assert_int_equal(elisa_image_load_memory(&img, "x", 1, why, 9),
			 -ENOEXEC);
	assert_string_equal(why, "file is ");
	assert_null(img);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(create_and_destroy),  TEST(without_data),
		TEST(bad_arguments),	   TEST(each_hypercall_fails),
		TEST(image_pages_retried), TEST(child_does_not_destroy),
		TEST(load_errors),
	};

	return cmocka_run_group_tests_name("export", tests, load, unload);
}
