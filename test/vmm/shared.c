// SPDX-License-Identifier: GPL-2.0-only
/*
 * A file mapped into guest memory, shared by all VMs that name it: direct
 * mapping, without isolation.  A guest reaches it through /dev/mem.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "layout.h"
#include "shared.h"
#include "vm.h"

#define SLOT_SHARED 1 /* RAM is slot 0 */

int shared_map(struct vm *vm)
{
	struct kvm_userspace_memory_region slot = {
		.slot = SLOT_SHARED,
		.guest_phys_addr = LAYOUT_SHARED,
	};
	struct stat st;
	void *addr;
	int fd;

	if (!vm->shared)
		return 0;
	fd = open(vm->shared, O_RDWR | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0)
		goto fail;
	addr = mmap(NULL, st.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd,
		    0);
	if (addr == MAP_FAILED)
		goto fail;
	close(fd);
	slot.memory_size = st.st_size;
	slot.userspace_addr = (uintptr_t)addr;
	if (ioctl(vm->fd, KVM_SET_USER_MEMORY_REGION, &slot) < 0)
		goto fail;
	return 0;
fail:
	vm_log(vm, "%s: %s", vm->shared, strerror(errno));
	return -errno;
}
