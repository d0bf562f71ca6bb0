// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
#define _GNU_SOURCE
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <elisa/guest.h>

#define HUGE_SHIFT 21
#define HUGE_SIZE  ((size_t)1 << HUGE_SHIFT)
#define PAGE	   ((size_t)4096)

#ifndef MAP_HUGE_SHIFT
#define MAP_HUGE_SHIFT 26
#endif
#ifndef MADV_POPULATE_WRITE /* Linux 5.14 */
#define MADV_POPULATE_WRITE 23
#endif

/*
 * MAP_SHARED, because after a fork() a write to a private mapping would move
 * the parent to a fresh page, while the host keeps the old one pinned.
 */
#define BUFFER_FLAGS                                               \
	(MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE | MAP_HUGETLB | \
	 (HUGE_SHIFT << MAP_HUGE_SHIFT))

/*
 * MAP_POPULATE does its best and tells nobody.  What it could not get, for a limit
 * of the control group, would end the process with SIGBUS when it is touched.
 */
static int populate(void *p, size_t size)
{
	size_t step;

	if (!madvise(p, size, MADV_POPULATE_WRITE))
		return 0;
	if (errno != EINVAL)
		return -ENOMEM;
	/* An older kernel: there is no other way. */
	for (step = 0; step < size; step += HUGE_SIZE)
		*((volatile char *)p + step) = 0;
	return 0;
}

int elisa_buffer_alloc(struct elisa_buffer *buf, size_t size)
{
	int rc;
	void *p;

	memset(buf, 0, sizeof(*buf));
	if (!size || size > SIZE_MAX - HUGE_SIZE)
		return -EINVAL;
	size = (size + HUGE_SIZE - 1) & ~(HUGE_SIZE - 1);
	p = mmap(NULL, size, PROT_READ | PROT_WRITE, BUFFER_FLAGS, -1, 0);
	if (p == MAP_FAILED)
		return -errno;
	rc = populate(p, size);
	if (rc) {
		munmap(p, size);
		return rc;
	}
	buf->addr = p;
	buf->size = size;
	return 0;
}

int elisa_buffer_map(struct elisa_buffer *buf, int fd, uint64_t offset,
		     size_t size)
{
	struct stat st;
	void *p;

	memset(buf, 0, sizeof(*buf));
	if (fstat(fd, &st))
		return -errno;
	/* A character device has no size; mmap() knows. */
	if (offset % PAGE || size % PAGE || offset > INT64_MAX)
		return -EINVAL;
	if (S_ISREG(st.st_mode)) {
		if (offset >= (uint64_t)st.st_size ||
		    size > (uint64_t)st.st_size - offset)
			return -EINVAL;
		if (!size)
			size = ((size_t)st.st_size - offset) & ~(PAGE - 1);
	}
	if (!size)
		return -EINVAL;
	p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE,
		 fd, (off_t)offset);
	if (p == MAP_FAILED)
		return -errno;
	buf->addr = p;
	buf->size = size;
	return 0;
}

void elisa_buffer_free(struct elisa_buffer *buf)
{
	if (buf->addr)
		munmap(buf->addr, buf->size);
	memset(buf, 0, sizeof(*buf));
}
