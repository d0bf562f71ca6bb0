// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "control.h"
#include "test.h"

/* One that nobody listens on is replaced, anything else stays as it is. */
static void left_behind(void **state)
{
	char dir[] = "/tmp/elisa-test-XXXXXX", path[64];
	struct stat st;
	int fd;

	(void)state;
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/s", dir);
	fd = control_listen(path);
	assert_true(fd >= 0);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode, S_IFSOCK | 0600);
	assert_int_equal(control_listen(path), -EADDRINUSE);
	close(fd);
	fd = control_listen(path);
	assert_true(fd >= 0);
	close(fd);
	unlink(path);

	fclose(fopen(path, "w"));
	assert_int_equal(control_listen(path), -EADDRINUSE);
	assert_int_equal(stat(path, &st), 0);
	assert_true(S_ISREG(st.st_mode));
	unlink(path);
	rmdir(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(left_behind),
	};

	return cmocka_run_group_tests_name("control", tests, NULL, NULL);
}
