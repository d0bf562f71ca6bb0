// SPDX-License-Identifier: GPL-2.0-only
/*
 * A VMM resets its VM.  Whatever ran there is gone, and its memory is something
 * else's: exports and attachments have to end, or others share a new kernel's memory.
 *
 *	reboot
 */
#include <linux/kvm.h>

#include "elisa.h"

#define VECTOR_AGAIN 0x87

extern const char stub_again[];

__asm__(".pushsection .text\n"
	"stub_again: int $0x87\n"
	"	ud2\n"
	".popsection");

static struct kvm_sregs *alive, *vector;
static struct kvm_regs *back, *first;
static struct sub_shared *shared;
static struct export export;
static struct att att;

static u64 leave(u64 unused)
{
	vmm_exit();
	return unused;
}

/* SDM vol. 3, "Processor State After Reset", as far as a VM has it */
static void make_vector(void)
{
	struct kvm_segment seg = {
		.limit = 0xffff,
		.type = 3,
		.present = 1,
		.s = 1,
	};

	*vector = *alive;
	vector->ds = seg;
	vector->es = seg;
	vector->fs = seg;
	vector->gs = seg;
	vector->ss = seg;
	seg.type = 0xb;
	seg.selector = 0xf000;
	seg.base = 0xffff0000;
	vector->cs = seg;
	vector->cr0 = 0x60000010;
	vector->cr3 = 0;
	vector->cr4 = 0;
	vector->efer = 0;
	memset(first, 0, sizeof(*first));
	first->rip = 0xfff0;
	first->rflags = FLAG_FIXED;
}

/* On @cpu: where there is no firmware KVM gives up, and the VMM brings it back. */
static void reset(u64 cpu)
{
	struct trap trap;

	alive = pages(1);
	vector = pages(1);
	back = pages(1);
	first = pages(1);
	check(!vcpu_ioctl(cpu, KVM_GET_SREGS, alive), "KVM_GET_SREGS");
	make_vector();
	back->rip = (u64)stub_again;
	back->rflags = FLAG_IF | FLAG_FIXED;
	vcpu_post(cpu, KVM_SET_SREGS, vector, SVC_WHEN_PORT, 0, 0);
	vcpu_post(cpu, KVM_SET_REGS, first, SVC_WHEN_PORT, 0, 0);
	vcpu_post(cpu, KVM_SET_SREGS, alive, SVC_WHEN_FAIL, 0, 0);
	vcpu_post(cpu, KVM_SET_REGS, back, SVC_WHEN_FAIL, 0, 0);
	check(!try(leave, 0, &trap) && trap.regs.vector == VECTOR_AGAIN &&
		      !vcpu_posted(cpu),
	      "vCPU %llu has begun at the reset vector", cpu);
}

static s64 call(void)
{
	return elisa_call(&att, SUB_NOP, ARGS(0)).status;
}

static bool share(void)
{
	shared = sub_export(&export, "reboot");
	if (!shared)
		return false;
	attach(&att, "reboot", 3, NULL, 0);
	return check(!att.err, "attach: %lld", att.err) &&
	       check_eq(call(), 0, "a call");
}

static void reboot(void)
{
	unsigned int i;

	if (!check(n_cpus > 1, "two vCPUs") || !share())
		return;
	/* A processor that the guest's kernel starts is no reset of the VM. */
	cpu_start(1, reset, 1);
	cpu_wait(1);
	vmm_sleep(100000);
	check_eq(call(), 0, "a call after another vCPU's reset");

	reset(0);
	for (i = 0; i < 1000 && call() != -ENOLINK; i++)
		vmm_sleep(1000);
	check_eq(call(), -ENOLINK, "a call after the VM's reset");
	/* In the thread that does it the exports come first. */
	for (i = 0; i < 1000 && detach(&att) != -ENOENT; i++)
		vmm_sleep(1000);
	check_eq(detach(&att), -ENOENT, "DETACH");
	check_eq(export_destroy(&export), -ENOENT, "EXPORT_DESTROY");

	/* The next kernel begins with nothing, and under the same names. */
	if (share())
		check_eq(detach(&att), 0, "DETACH");
}

ATTACK("reboot", reboot);
