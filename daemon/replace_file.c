// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "replace_file.h"

/*
 * Beside NAME, because only there rename() is atomic.  It begins with a dot
 * and ends otherwise, so that nobody who looks for *.prom finds it.
 */
static bool temporary_name(char *text, size_t size, const char *name)
{
	const char *base = strrchr(name, '/');
	int n;

	base = base ? base + 1 : name;
	n = snprintf(text, size, "%.*s.%s.XXXXXX", (int)(base - name), name,
		     base);
	return *base && n > 0 && (size_t)n < size;
}

static int fill(int fd, void (*write)(FILE *to, const void *arg),
		const void *arg)
{
	FILE *to = fdopen(fd, "w");
	int ret = 0;

	if (!to) {
		ret = -errno;
		close(fd);
		return ret;
	}
	write(to, arg);
	/* A full disk may tell as late as when the data is written out. */
	if (fflush(to) || ferror(to) || fchmod(fd, 0644) || fsync(fd))
		ret = errno ? -errno : -EIO;
	if (fclose(to) && !ret)
		ret = -errno;
	return ret;
}

int replace_file(const char *name, void (*write)(FILE *to, const void *arg),
		 const void *arg)
{
	char temporary[PATH_MAX];
	struct stat st;
	int fd, ret;

	/* Root would replace /dev/stdout itself. */
	if (!lstat(name, &st) && !S_ISREG(st.st_mode))
		return -EINVAL;
	if (!temporary_name(temporary, sizeof(temporary), name))
		return -EINVAL;
	fd = mkostemp(temporary, O_CLOEXEC);
	if (fd < 0)
		return -errno;
	ret = fill(fd, write, arg);
	if (!ret && rename(temporary, name))
		ret = -errno;
	if (ret)
		unlink(temporary);
	return ret;
}
