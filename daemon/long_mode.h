/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A vCPU that starts in 64-bit mode, without a boot protocol: for the probe, and
 * for the VMMs of the tests.
 */
#ifndef ELISACTL_LONG_MODE_H
#define ELISACTL_LONG_MODE_H

#include <stdint.h>

/* Selectors of the GDT that the guest's memory must hold. */
#define LONG_MODE_CS 0x08
#define LONG_MODE_DS 0x10

struct long_mode {
	uint64_t pml4;
	uint64_t gdt;
	uint64_t idt;
	uint16_t idt_limit;
};

/**
 * long_mode_cpuid() - give a vCPU the CPUID that KVM supports
 * @kvm: descriptor of /dev/kvm
 * @vcpu: descriptor of a vCPU that has not run
 *
 * Newer kernels refuse long_mode_set() to a vCPU without it.
 *
 * Return: 0, or -1 with errno of KVM_GET_SUPPORTED_CPUID or KVM_SET_CPUID2.
 */
int long_mode_cpuid(int kvm, int vcpu);

/**
 * long_mode_set() - CPL 0 in 64-bit mode, flat segments, paging on
 * @vcpu: descriptor
 * @at: guest addresses of the tables, which are not looked at here
 *
 * Return: 0, or -1 with errno of KVM_GET_SREGS or KVM_SET_SREGS.
 */
int long_mode_set(int vcpu, const struct long_mode *at);

#endif /* ELISACTL_LONG_MODE_H */
