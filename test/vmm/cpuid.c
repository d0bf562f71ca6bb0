// SPDX-License-Identifier: GPL-2.0-only
/*
 * CPUID as KVM supports it, with the topology of this VM: one package, one
 * thread a core, APIC id = vCPU number.
 */
#include <errno.h>
#include <linux/kvm.h>
#include <string.h>
#include <sys/ioctl.h>

#include "vcpu.h"

#define MAX_ENTRIES 256

#define LEAF1_ECX_PCID	       (1u << 17)
#define LEAF1_ECX_X2APIC       (1u << 21)
#define LEAF1_ECX_TSC_DEADLINE (1u << 24)
#define LEAF1_ECX_HYPERVISOR   (1u << 31)
#define LEAF1_EDX_HTT	       (1u << 28)
#define LEAF7_EBX_INVPCID      (1u << 10)

#define TOPO_LEVEL_SMT	1
#define TOPO_LEVEL_CORE 2

static unsigned int log2_roundup(unsigned int n)
{
	unsigned int bits = 0;

	while (1u << bits < n)
		bits++;
	return bits;
}

static void cpuid_topology(struct kvm_cpuid_entry2 *e, struct vcpu *vcpu)
{
	unsigned int nr = vcpu->vm->nr_cpus;

	e->edx = vcpu->id;
	e->ecx = e->index & 0xff;
	switch (e->index) {
	case 0:
		e->eax = 0;
		e->ebx = 1;
		e->ecx |= TOPO_LEVEL_SMT << 8;
		break;
	case 1:
		e->eax = log2_roundup(nr);
		e->ebx = nr;
		e->ecx |= TOPO_LEVEL_CORE << 8;
		break;
	default:
		e->eax = 0;
		e->ebx = 0;
		break;
	}
}

static void cpuid_leaf1(struct kvm_cpuid_entry2 *e, struct vcpu *vcpu)
{
	struct vm *vm = vcpu->vm;

	e->ebx = (e->ebx & 0xffff) | vm->nr_cpus << 16 | vcpu->id << 24;
	e->ecx |= LEAF1_ECX_HYPERVISOR | LEAF1_ECX_X2APIC;
	if (ioctl(vm->kvm_fd, KVM_CHECK_EXTENSION, KVM_CAP_TSC_DEADLINE_TIMER) >
	    0)
		e->ecx |= LEAF1_ECX_TSC_DEADLINE;
	if (!vm->pcid)
		e->ecx &= ~LEAF1_ECX_PCID;
	if (vm->nr_cpus > 1)
		e->edx |= LEAF1_EDX_HTT;
	else
		e->edx &= ~LEAF1_EDX_HTT;
}

int cpuid_setup(struct vcpu *vcpu)
{
	static struct {
		struct kvm_cpuid2 head;
		struct kvm_cpuid_entry2 entry[MAX_ENTRIES];
	} cpuid;
	struct vm *vm = vcpu->vm;
	unsigned int i;

	memset(&cpuid, 0, sizeof(cpuid));
	cpuid.head.nent = MAX_ENTRIES;
	if (ioctl(vm->kvm_fd, KVM_GET_SUPPORTED_CPUID, &cpuid) < 0)
		goto err;

	for (i = 0; i < cpuid.head.nent; i++) {
		struct kvm_cpuid_entry2 *e = &cpuid.entry[i];

		switch (e->function) {
		case 0x1:
			cpuid_leaf1(e, vcpu);
			break;
		case 0x4:
			/* Cores in the package, minus one. */
			e->eax = (e->eax & 0x3ffffff) | (vm->nr_cpus - 1) << 26;
			break;
		case 0x7:
			if (e->index == 0 && !vm->pcid)
				e->ebx &= ~LEAF7_EBX_INVPCID;
			break;
		case 0xb:
		case 0x1f:
			cpuid_topology(e, vcpu);
			break;
		}
	}
	if (ioctl(vcpu->fd, KVM_SET_CPUID2, &cpuid) < 0)
		goto err;
	return 0;
err:
	vm_log(vm, "vcpu%u: CPUID: %s", vcpu->id, strerror(errno));
	return -1;
}
