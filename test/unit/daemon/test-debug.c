// SPDX-License-Identifier: GPL-2.0-only
#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <time.h>
#include <unistd.h>

#include "child.h"
#include "redact.h"
#include "tar.h"

static void stripped(const char *text, const char *want)
{
	char *copy = test_copy(text, strlen(text) + 1);

	strip_comments(copy);
	assert_string_equal(copy, want);
	free(copy);
}

static void comments(void **state)
{
	(void)state;
	stripped("", "");
	stripped("#secret", "");
	stripped("#secret\na: 1\n", "\na: 1\n");
	stripped("a: 1\t# secret\nb: 2 #secret # more\rc", "a: 1\t\nb: 2 \rc");
	stripped("a: \"x\t# y\" # z\n", "a: \"x\t\n");
	/* Not a comment for YAML, either */
	stripped("a: x#y\n", "a: x#y\n");
	stripped("a:\r#secret\rb\n", "a:\r\rb\n");
}

static void kept(const char *text, const char *want)
{
	char *copy = test_copy(text, strlen(text) + 1);

	assert_int_equal(keep_lines(copy, "elisa"), strlen(want));
	assert_string_equal(copy, want);
	free(copy);
}

static void lines(void **state)
{
	(void)state;
	kept("", "");
	kept("\n\n", "");
	kept("eli\nsa\n", "");
	kept("a\nelisa: x\nb\n [elisa]", "elisa: x\n [elisa]");
	kept("elisa", "elisa");
	kept("elisa\nx", "elisa\n");
}

/* What tar(1) says of an archive with two files, one of which is empty. */
static void archive(void **state)
{
	static const char *const list[] = { "tar", "xOf", NULL, NULL };
	char data[1300], *out, file[32];
	const char *argv[4];
	char name[101];
	int status = -1;
	size_t size;
	FILE *to;

	(void)state;
	memset(data, 'x', sizeof(data));
	memset(name, 'n', sizeof(name) - 1);
	name[100] = '\0';
	strcpy(file, "/tmp/test-debug.XXXXXX");
	to = fdopen(mkstemp(file), "w");
	assert_non_null(to);
	assert_int_equal(tar_file(to, "d/empty", "", 0, 0), 0);
	assert_int_equal(tar_file(to, "d/one", data, 512, 1700000000), 0);
	assert_int_equal(tar_file(to, "d/x", data, sizeof(data), 1700000000),
			 0);
	assert_int_equal(tar_file(to, name, data, 1, 0), -EINVAL);
	assert_int_equal(tar_file(to, name + 1, "end", 3, 0), 0);
	assert_int_equal(tar_end(to), 0);
	assert_int_equal(ftell(to) % 512, 0);
	fclose(to);

	memcpy(argv, list, sizeof(argv));
	argv[2] = file;
	out = child_output(argv, 1 << 20, 60, &size, &status);
	assert_non_null(out);
	assert_int_equal(status, 0);
	assert_int_equal(size, 512 + sizeof(data) + 3);
	assert_memory_equal(out + 512, data, sizeof(data));
	assert_string_equal(out + 512 + sizeof(data), "end");
	free(out);

	argv[1] = "tvf";
	out = child_output(argv, 1 << 20, 60, &size, &status);
	assert_non_null(out);
	assert_int_equal(status, 0);
	assert_non_null(
		strstr(out, "-rw-r--r-- root/root      1300 2023-11-14"));
	free(out);
	unlink(file);
}

static void full_disk(void **state)
{
	FILE *to = fopen("/dev/full", "w");

	(void)state;
	assert_non_null(to);
	setvbuf(to, NULL, _IONBF, 0);
	assert_int_equal(tar_file(to, "x", "", 0, 0), -EIO);
	assert_int_equal(tar_end(to), -EIO);
	fclose(to);
}

static char *run(const char *script, size_t max, unsigned int seconds,
		 size_t *size, int *status)
{
	const char *argv[4] = { "sh", "-c" };

	argv[2] = script;
	return child_output(argv, max, seconds, size, status);
}

static void children(void **state)
{
	int status, before = open("/dev/null", O_RDONLY), after;
	time_t start = time(NULL);
	size_t size;
	char *out;

	(void)state;
	close(before);
	/* Both streams, nothing to read, nothing of our environment */
	setenv("SECRET", "x", 1);
	out = run("echo a; echo b >&2; cat; echo \"$SECRET\"; exit 3", 100, 60,
		  &size, &status);
	assert_string_equal(out, "a\nb\n\n");
	assert_int_equal(size, 5);
	assert_int_equal(status, 3);
	free(out);

	/* One that says too much, one that never ends */
	out = run("while :; do echo abc; done", 10, 60, &size, &status);
	assert_string_equal(out, "abc\nabc\nab");
	assert_true(status > 128);
	free(out);
	out = run("echo x; exec sleep 1000", 100, 1, &size, &status);
	assert_string_equal(out, "x\n");
	assert_int_equal(status, 128 + 9);
	free(out);
	assert_true(time(NULL) - start < 100);

	out = child_output((const char *[]){ "no-such-program", NULL }, 100, 60,
			   &size, &status);
	assert_string_equal(out, "");
	assert_int_equal(status, 127);
	free(out);

	/* No descriptor is left. */
	after = open("/dev/null", O_RDONLY);
	assert_int_equal(before, after);
	close(after);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(comments), cmocka_unit_test(lines),
		cmocka_unit_test(archive),  cmocka_unit_test(full_disk),
		cmocka_unit_test(children),
	};

	return cmocka_run_group_tests_name("debug", tests, NULL, NULL);
}
