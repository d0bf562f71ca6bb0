// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "small_vm.h"

/** small_vm_create() - Return: a VM's file descriptor or -errno */
int small_vm_create(void)
{
	int kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	int vm;

	if (kvm < 0)
		return -errno;
	vm = ioctl(kvm, KVM_CREATE_VM, 0);
	if (vm < 0)
		vm = -errno;
	close(kvm);
	return vm;
}

/** small_vm_add_vcpu() - Return: a vCPU's file descriptor or -errno */
int small_vm_add_vcpu(int vm)
{
	int vcpu = ioctl(vm, KVM_CREATE_VCPU, 0);

	return vcpu < 0 ? -errno : vcpu;
}
