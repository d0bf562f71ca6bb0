// SPDX-License-Identifier: GPL-2.0-only
#include <linux/kvm.h>
#include <stdlib.h>
#include <sys/ioctl.h>

#include "long_mode.h"

/* Far more than any processor has leaves. */
#define MAX_CPUID 256

int long_mode_cpuid(int kvm, int vcpu)
{
	struct kvm_cpuid2 *all;
	int ret;

	all = calloc(1, sizeof(*all) + MAX_CPUID * sizeof(all->entries[0]));
	if (!all)
		return -1;
	all->nent = MAX_CPUID;
	ret = ioctl(kvm, KVM_GET_SUPPORTED_CPUID, all);
	if (!ret)
		ret = ioctl(vcpu, KVM_SET_CPUID2, all);
	free(all);
	return ret;
}

int long_mode_set(int vcpu, const struct long_mode *at)
{
	struct kvm_segment cs = {
		.limit = 0xffffffff,
		.selector = LONG_MODE_CS,
		.type = 11,
		.present = 1,
		.s = 1,
		.l = 1,
		.g = 1,
	};
	struct kvm_segment ds = {
		.limit = 0xffffffff,
		.selector = LONG_MODE_DS,
		.type = 3,
		.present = 1,
		.s = 1,
		.db = 1,
		.g = 1,
	};
	struct kvm_sregs s;

	if (ioctl(vcpu, KVM_GET_SREGS, &s))
		return -1;
	s.cs = cs;
	s.ds = ds;
	s.es = ds;
	s.fs = ds;
	s.gs = ds;
	s.ss = ds;
	s.cr3 = at->pml4;
	s.cr4 = 0x20;	    /* PAE */
	s.cr0 = 0x80000011; /* PG, ET, PE */
	s.efer = 0x500;	    /* LMA, LME */
	s.gdt.base = at->gdt;
	s.gdt.limit = 0x17;
	s.idt.base = at->idt;
	s.idt.limit = at->idt_limit;
	return ioctl(vcpu, KVM_SET_SREGS, &s) ? -1 : 0;
}
