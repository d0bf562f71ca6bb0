// SPDX-License-Identifier: GPL-2.0-only
/* Memory that makes whoever touches it wait, KVM too. */
#include <errno.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "attacker.h"

#define PAGE 4096UL

static struct {
	int fd;
	unsigned char *page;
	uint64_t us;
	bool met;
} stall;

/* Answers the first fault, late. */
static void *answer(void *arg)
{
	struct uffdio_range range = { (uintptr_t)stall.page, PAGE };
	struct uffdio_zeropage zero = { .range = range };
	struct uffd_msg msg;

	(void)arg;
	if (read(stall.fd, &msg, sizeof(msg)) == sizeof(msg)) {
		usleep(stall.us);
		__atomic_store_n(&stall.met, true, __ATOMIC_SEQ_CST);
	}
	ioctl(stall.fd, UFFDIO_ZEROPAGE, &zero);
	ioctl(stall.fd, UFFDIO_UNREGISTER, &range);
	close(stall.fd);
	return NULL;
}

long stall_page(uint64_t gpa, uint64_t us)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register reg = { .mode = UFFDIO_REGISTER_MODE_MISSING };
	pthread_t thread;

	stall.page = guest_mem(gpa, PAGE);
	if (!stall.page)
		return -EFAULT;
	stall.us = us;
	stall.met = false;
	stall.fd = syscall(SYS_userfaultfd, O_CLOEXEC);
	if (stall.fd < 0)
		return -errno;
	reg.range.start = (uintptr_t)stall.page;
	reg.range.len = PAGE;
	if (ioctl(stall.fd, UFFDIO_API, &api) ||
	    ioctl(stall.fd, UFFDIO_REGISTER, &reg))
		return -errno;
	errno = pthread_create(&thread, NULL, answer, NULL);
	if (errno)
		return -errno;
	pthread_detach(thread);
	return madvise(stall.page, PAGE, MADV_DONTNEED) ? -errno : 0;
}

bool stall_met(void)
{
	return __atomic_load_n(&stall.met, __ATOMIC_SEQ_CST);
}
