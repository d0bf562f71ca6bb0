// SPDX-License-Identifier: GPL-2.0-only
/*
 * vCPU threads and their exits.
 */
#include <errno.h>
#include <linux/kvm.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include "pio.h"
#include "stats.h"
#include "vcpu.h"

#define MSR_IA32_MISC_ENABLE	0x1a0
#define MISC_ENABLE_FAST_STRING 1
#define MSR_MTRR_DEF_TYPE	0x2ff
#define MTRR_ENABLED_WRITE_BACK ((1 << 11) | 6)

#define CR0_PE 1
#define CR0_ET 0x10

static int vcpu_fail(struct vcpu *vcpu, const char *what)
{
	int err = errno;

	vm_log(vcpu->vm, "vcpu%u: %s: %s", vcpu->id, what, strerror(err));
	return -err;
}

/* What firmware would have set: without it Linux goes without PAT. */
static int vcpu_set_msrs(struct vcpu *vcpu)
{
	struct {
		struct kvm_msrs head;
		struct kvm_msr_entry entry[2];
	} msrs = {
		.head.nmsrs = 2,
		.entry = {
			{ MSR_IA32_MISC_ENABLE, 0, MISC_ENABLE_FAST_STRING },
			{ MSR_MTRR_DEF_TYPE, 0, MTRR_ENABLED_WRITE_BACK },
		},
	};

	if (ioctl(vcpu->fd, KVM_SET_MSRS, &msrs) != 2)
		return vcpu_fail(vcpu, "KVM_SET_MSRS");
	return 0;
}

int vcpu_create(struct vm *vm, unsigned int id)
{
	struct vcpu *vcpu = &vm->vcpus[id];
	int size, err;

	vcpu->vm = vm;
	vcpu->id = id;
	vcpu->stats_fd = -1;
	vcpu->fd = ioctl(vm->fd, KVM_CREATE_VCPU, id);
	if (vcpu->fd < 0)
		return vcpu_fail(vcpu, "KVM_CREATE_VCPU");

	size = ioctl(vm->kvm_fd, KVM_GET_VCPU_MMAP_SIZE, 0);
	if (size < 0)
		return vcpu_fail(vcpu, "KVM_GET_VCPU_MMAP_SIZE");
	vcpu->run = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED,
			 vcpu->fd, 0);
	if (vcpu->run == MAP_FAILED)
		return vcpu_fail(vcpu, "mmap");

	err = cpuid_setup(vcpu);
	if (err)
		return err;
	return vcpu_set_msrs(vcpu);
}

int vcpu_set_pvh_entry(struct vcpu *vcpu, uint32_t entry, uint32_t start_info)
{
	struct kvm_regs regs = { .rip = entry, .rbx = start_info, .rflags = 2 };
	struct kvm_segment code = {
		.limit = 0xffffffff,
		.selector = 0x08,
		.type = 0xb,
		.present = 1,
		.s = 1,
		.g = 1,
		.db = 1,
	};
	struct kvm_segment data = code;
	struct kvm_sregs sregs;

	if (ioctl(vcpu->fd, KVM_GET_SREGS, &sregs) < 0)
		return vcpu_fail(vcpu, "KVM_GET_SREGS");
	data.selector = 0x10;
	data.type = 0x3;
	sregs.cr0 = CR0_PE | CR0_ET;
	sregs.cs = code;
	sregs.ds = data;
	sregs.es = data;
	sregs.fs = data;
	sregs.gs = data;
	sregs.ss = data;
	sregs.tr.limit = 0x67;
	sregs.tr.type = 0xb;
	sregs.tr.present = 1;
	if (ioctl(vcpu->fd, KVM_SET_SREGS, &sregs) < 0)
		return vcpu_fail(vcpu, "KVM_SET_SREGS");
	if (ioctl(vcpu->fd, KVM_SET_REGS, &regs) < 0)
		return vcpu_fail(vcpu, "KVM_SET_REGS");
	return 0;
}

static void vcpu_log_regs(struct vcpu *vcpu)
{
	struct kvm_sregs s;
	struct kvm_regs r;

	if (ioctl(vcpu->fd, KVM_GET_REGS, &r) < 0 ||
	    ioctl(vcpu->fd, KVM_GET_SREGS, &s) < 0)
		return;
	vm_log(vcpu->vm, "vcpu%u: rip %llx rsp %llx rflags %llx", vcpu->id,
	       r.rip, r.rsp, r.rflags);
	vm_log(vcpu->vm, "vcpu%u: rax %llx rbx %llx rcx %llx rdx %llx",
	       vcpu->id, r.rax, r.rbx, r.rcx, r.rdx);
	vm_log(vcpu->vm, "vcpu%u: rsi %llx rdi %llx rbp %llx r8 %llx", vcpu->id,
	       r.rsi, r.rdi, r.rbp, r.r8);
	vm_log(vcpu->vm, "vcpu%u: cs %x cpl %u cr0 %llx cr2 %llx cr3 %llx",
	       vcpu->id, s.cs.selector, s.ss.dpl, s.cr0, s.cr2, s.cr3);
	vm_log(vcpu->vm, "vcpu%u: cr4 %llx efer %llx idt %llx+%x", vcpu->id,
	       s.cr4, s.efer, s.idt.base, s.idt.limit);
}

static void vcpu_log_internal_error(struct vcpu *vcpu)
{
	struct kvm_run *run = vcpu->run;
	unsigned int i;

	vm_log(vcpu->vm, "vcpu%u: KVM internal error, suberror %u", vcpu->id,
	       run->internal.suberror);
	for (i = 0; i < run->internal.ndata && i < 16; i++)
		vm_log(vcpu->vm, "vcpu%u: data[%u] %llx", vcpu->id, i,
		       run->internal.data[i]);
}

static void vcpu_handle_exit(struct vcpu *vcpu)
{
	struct kvm_run *run = vcpu->run;
	struct vm *vm = vcpu->vm;

	switch (run->exit_reason) {
	case KVM_EXIT_IO:
		if (!stats_exit(vcpu))
			pio_exit(vm, run);
		break;
	case KVM_EXIT_MMIO:
		/* Nothing there. */
		if (!run->mmio.is_write)
			memset(run->mmio.data, 0xff, sizeof(run->mmio.data));
		break;
	case KVM_EXIT_INTR:
	case KVM_EXIT_IRQ_WINDOW_OPEN:
		break;
	case KVM_EXIT_SHUTDOWN:
		vm_log(vm, "vcpu%u: triple fault", vcpu->id);
		vcpu_log_regs(vcpu);
		vm_stop(vm, VM_END_TRIPLE_FAULT);
		break;
	case KVM_EXIT_INTERNAL_ERROR:
		vcpu_log_internal_error(vcpu);
		vcpu_log_regs(vcpu);
		vm_stop(vm, VM_END_INTERNAL_ERROR);
		break;
	case KVM_EXIT_FAIL_ENTRY:
		vm_log(vm,
		       "vcpu%u: VM entry failed, hardware reason %llx on CPU %u",
		       vcpu->id, run->fail_entry.hardware_entry_failure_reason,
		       run->fail_entry.cpu);
		vcpu_log_regs(vcpu);
		vm_stop(vm, VM_END_FAIL_ENTRY);
		break;
	default:
		vm_log(vm, "vcpu%u: unknown exit reason %u", vcpu->id,
		       run->exit_reason);
		vcpu_log_regs(vcpu);
		vm_stop(vm, VM_END_UNKNOWN_EXIT);
		break;
	}
}

static void *vcpu_thread(void *arg)
{
	struct vcpu *vcpu = arg;
	struct vm *vm = vcpu->vm;

	while (atomic_load(&vm->end) == VM_END_RUNNING) {
		if (!ioctl(vcpu->fd, KVM_RUN, 0)) {
			vcpu_handle_exit(vcpu);
			continue;
		}
		/* A signal; or an AP that still waits for its start. */
		if (errno == EINTR || errno == EAGAIN)
			continue;
		vcpu_fail(vcpu, "KVM_RUN");
		vcpu_log_regs(vcpu);
		vm_stop(vm, VM_END_RUN_FAILED);
	}
	return NULL;
}

int vcpu_start(struct vcpu *vcpu)
{
	char name[16];
	sigset_t set;
	int err;

	/* Threads inherit the mask: only vCPUs take kicks. */
	sigemptyset(&set);
	sigaddset(&set, VCPU_KICK);
	pthread_sigmask(SIG_UNBLOCK, &set, NULL);
	err = pthread_create(&vcpu->thread, NULL, vcpu_thread, vcpu);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	if (err) {
		vm_log(vcpu->vm, "vcpu%u: %s", vcpu->id, strerror(err));
		return -err;
	}
	snprintf(name, sizeof(name), "vcpu%u", vcpu->id);
	pthread_setname_np(vcpu->thread, name);
	return 0;
}

void vcpu_join(struct vcpu *vcpu)
{
	/* Also covers a thread that is just about to call KVM_RUN. */
	vcpu->run->immediate_exit = 1;
	pthread_kill(vcpu->thread, VCPU_KICK);
	pthread_join(vcpu->thread, NULL);
}
