// SPDX-License-Identifier: GPL-2.0-only
/*
 * KVM's own count of a vCPU's exits, for benchmarks in guests.
 */
#include <linux/kvm.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "stats.h"
#include "vcpu.h"
#include "vm.h"

/* Where in the file the value called @name lies, or -1. */
static off_t find_stat(int fd, const char *name)
{
	struct kvm_stats_header header;
	struct kvm_stats_desc *desc;
	off_t at, found = -1;
	size_t size;
	uint32_t i;

	if (pread(fd, &header, sizeof(header), 0) != sizeof(header))
		return -1;
	size = sizeof(*desc) + header.name_size;
	desc = malloc(size);
	if (!desc)
		return -1;
	for (i = 0; i < header.num_desc && found < 0; i++) {
		at = header.desc_offset + i * size;
		if (pread(fd, desc, size, at) != (ssize_t)size)
			break;
		if (!strncmp(desc->name, name, header.name_size))
			found = header.data_offset + desc->offset;
	}
	free(desc);
	return found;
}

/*
 * Before 5.14, which brought KVM_GET_STATS_FD, only debugfs counts: all exits of
 * the VM, by whichever vCPU.
 */
static uint32_t exits_of_vm(const struct vm *vm)
{
	unsigned long long value = 0;
	char path[64];
	FILE *f;

	snprintf(path, sizeof(path), "/sys/kernel/debug/kvm/%d-%d/exits",
		 getpid(), vm->fd);
	f = fopen(path, "re");
	if (!f)
		return 0;
	if (fscanf(f, "%llu", &value) != 1)
		value = 0;
	fclose(f);
	return value;
}

static uint32_t exits(struct vcpu *vcpu)
{
	uint64_t value = 0;

	if (vcpu->stats_fd < 0) {
		vcpu->stats_fd = ioctl(vcpu->fd, KVM_GET_STATS_FD, NULL);
		if (vcpu->stats_fd < 0)
			return exits_of_vm(vcpu->vm);
		vcpu->stats_exits = find_stat(vcpu->stats_fd, "exits");
	}
	if (vcpu->stats_exits < 0 ||
	    pread(vcpu->stats_fd, &value, sizeof(value), vcpu->stats_exits) !=
		    sizeof(value))
		return 0;
	return value;
}

bool stats_exit(struct vcpu *vcpu)
{
	struct kvm_run *run = vcpu->run;
	uint32_t value;

	if (run->io.port != PIO_EXITS || run->io.size != sizeof(value) ||
	    run->io.count != 1 || run->io.direction != KVM_EXIT_IO_IN)
		return false;
	value = exits(vcpu);
	memcpy((uint8_t *)run + run->io.data_offset, &value, sizeof(value));
	return true;
}
