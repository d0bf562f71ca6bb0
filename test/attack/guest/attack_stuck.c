// SPDX-License-Identifier: GPL-2.0-only
/*
 * A VMM that holds its vCPU between a VM exit and KVM's handler for it, or gets
 * it from there.
 *
 *	stuck	KVM reads the VMM's memory in between, which makes it wait
 *	halted	KVM of 6.12 goes from there straight to the VMM (without
 *		--no-irqchip it need not)
 *
 * The VMM hopes that the vCPU counts as one that is in the guest: then whoever
 * revokes what it uses waits for it, and what the VMM changes meanwhile is not
 * looked at before the vCPU enters again.
 *
 *	backing	memory of a file, which only its file system can release:
 *		err=ERRNO of ATTACH and EXPORT_DATA
 */
#include <linux/kvm.h>

#include "elisa.h"

#define STALL_US  3000000
#define IDT_THERE ELISA_WINDOW(100)

BLOB(nop);

static struct sub_shared *shared;
static struct export export;
static struct att att;
static volatile bool halts;
static s64 last;

static bool set_up(const char *name)
{
	shared = sub_export(&export, name);
	if (!shared || !check(n_cpus > 1, "two vCPUs"))
		return false;
	attach(&att, name, 3, NULL, 0);
	return check(!att.err, "attach");
}

static s64 call(u64 entry)
{
	return elisa_call(&att, entry, ARGS(0)).status;
}

/* DETACH, while vCPU 1 will be kept for STALL_US. */
static void detach_meanwhile(const char *what)
{
	u64 begin = rdtsc(), took, all;

	check_eq(detach(&att), 0, "%s: DETACH", what);
	took = rdtsc() - begin;
	cpu_wait(1);
	all = rdtsc() - begin;
	check(took < all / 2, "%s: which waits for nobody: %llu ticks of %llu",
	      what, took, all);
}

static void spin(u64 unused)
{
	(void)unused;
	last = call(SUB_SPIN);
}

static void stuck(void)
{
	u64 *vapic = pages(1);
	struct kvm_vapic_addr *addr = pages(1);
	struct svc stall = { .op = SVC_STALL, .a = { (u64)vapic, STALL_US } };
	struct svc stalled = { .op = SVC_STALLED };

	if (!set_up("stuck"))
		return;
	addr->vapic_addr = (u64)vapic;
	check_eq(vcpu_ioctl(1, KVM_SET_VAPIC_ADDR, addr), 0,
		 "KVM reads and writes memory at each exit and entry");
	shared->entered = 0;
	/* The stall counts: three seconds can be 600 million ticks. */
	run_limit *= 10;
	cpu_start(1, spin, 0);
	while (!shared->entered)
		vmm_sleep(1000);
	check_eq(service(&stall), 0, "nobody answers for that memory");
	detach_meanwhile("stuck");
	check_eq(service(&stalled), 1, "the vCPU had to wait");
	check_eq(last, -ENOLINK, "the call that was under way");
	addr->vapic_addr = 0;
	vcpu_ioctl(1, KVM_SET_VAPIC_ADDR, addr);
}

ATTACK("stuck", stuck);

static void halt(void)
{
	__asm__ volatile("hlt" : : : "memory");
}

/*
 * With its IDT where exported code finds memory: events that it meets would be
 * delivered there.  Here this is but a copy of the IDT.
 */
static void change_halted(void)
{
	struct kvm_sregs *sregs = pages(1);
	struct {
		u16 limit;
		u64 base;
	} __attribute__((packed)) idtr;
	s64 status;

	__asm__ volatile("sidt %0" : "=m"(idtr));
	check(!vcpu_ioctl(0, KVM_GET_SREGS, sregs), "KVM_GET_SREGS");
	map(IDT_THERE, sregs->idt.base, PTE_P | PTE_W);
	sregs->idt.base = IDT_THERE;
	check_eq(call(SUB_NOP), 0, "a call");
	check(!vcpu_post(0, KVM_SET_SREGS, sregs, SVC_WHEN_HLT, 0, 0), "post");
	halt();
	/* At once: at the first exit it would be seen. */
	status = call(SUB_NOP);
	check_eq(vcpu_posted(0), 0, "the VMM moves the IDT of a halted vCPU");
	check_eq(status, -EOPNOTSUPP, "a call");
	__asm__ volatile("lidt %0" : : "m"(idtr));
	check_eq(call(SUB_NOP), 0, "a call, with the old IDT");
}

static void call_and_halt(u64 unused)
{
	(void)unused;
	last = call(SUB_NOP);
	/* Not before: a vCPU without work halts, too. */
	expect(!vcpu_post(1, 0, (void *)STALL_US, SVC_WHEN_HLT, 0, 0), "post");
	halts = true;
	halt();
}

static void halted(void)
{
	if (!set_up("halted"))
		return;
	change_halted();
	cpu_start(1, call_and_halt, 0);
	while (!halts)
		vmm_sleep(1000);
	vmm_sleep(100000);
	check_eq(last, 0, "a call");
	detach_meanwhile("halted");
}

ATTACK("halted", halted);

static void backing(void)
{
	void *memory = (void *)ATTACK_SHARED(0);
	u64 err = arg("err", 0);
	struct export data;

	shared = sub_export(&export, "backing");
	if (!shared)
		return;
	attach(&att, "backing", 3, memory, 1);
	check_eq(-att.err, err, "an exchange buffer in a file: ATTACH");
	export_begin(&data, "data");
	export_blob(&data, nop);
	export_data(&data, memory, 1);
	check_eq(-data.err, err, "shared data in a file: EXPORT_DATA");
}

ATTACK("backing", backing);
