// SPDX-License-Identifier: GPL-2.0-only
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "attacker.h"

void *guest_mem(uint64_t gpa, uint64_t size)
{
	unsigned int i;

	for (i = 0; i < REGIONS_MAX; i++) {
		const struct region *r = &vm.region[i];

		if (r->host && gpa >= r->gpa && gpa - r->gpa < r->size &&
		    size <= r->size - (gpa - r->gpa))
			return r->host + (gpa - r->gpa);
	}
	return NULL;
}

int set_slot(unsigned int slot, uint64_t gpa, uint64_t size, uint32_t flags,
	     void *host)
{
	struct kvm_userspace_memory_region mem = {
		.slot = slot,
		.flags = flags,
		.guest_phys_addr = gpa,
		.memory_size = size,
		.userspace_addr = (uintptr_t)host,
	};

	if (ioctl(vm.fd, KVM_SET_USER_MEMORY_REGION, &mem))
		return -errno;
	/* System-management mode has an address space of its own. */
	mem.slot |= 1 << 16;
	if (vm.smm && !slot && ioctl(vm.fd, KVM_SET_USER_MEMORY_REGION, &mem))
		return -errno;
	vm.region[slot] = (struct region){ gpa, size, size ? host : NULL };
	return 0;
}

/* Populated: the module pins exchange buffers and shared data. */
static void *new_memory(uint64_t size, int fd)
{
	return mmap(NULL, size, PROT_READ | PROT_WRITE,
		    (fd < 0 ? MAP_PRIVATE | MAP_ANONYMOUS : MAP_SHARED) |
			    MAP_POPULATE,
		    fd, 0);
}

/* @size 0: that of the file */
void add_memory(unsigned int slot, uint64_t gpa, uint64_t size,
		const char *file)
{
	struct stat st;
	void *host;
	int fd = -1;

	if (file) {
		fd = open(file, O_RDWR);
		if (fd < 0 || fstat(fd, &st))
			err(2, "%s", file);
		size = st.st_size;
	}
	host = new_memory(size, fd);
	if (host == MAP_FAILED)
		err(2, "memory");
	errno = -set_slot(slot, gpa, size, 0, host);
	if (errno)
		err(2, "memory slot %u", slot);
	if (fd >= 0)
		close(fd);
}

long svc_memslot(const struct svc *svc)
{
	uint64_t slot = svc->a[0], size = svc->a[2];
	void *host = NULL;

	/* RAM, high memory and shared files stay. */
	if (slot < 4 || slot >= REGIONS_MAX)
		return -EINVAL;
	if (size && svc->a[4] == ~0ULL) {
		host = new_memory(size, -1);
		if (host == MAP_FAILED)
			return -ENOMEM;
	} else if (size) {
		host = guest_mem(svc->a[4], size);
		if (!host)
			return -EFAULT;
	}
	return set_slot(slot, svc->a[1], size, svc->a[3], host);
}
