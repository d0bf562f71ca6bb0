// SPDX-License-Identifier: GPL-2.0-only
/* Does the framework work, and ELISA in it as a well-behaved guest uses it? */
#include <linux/kvm.h>

#include "elisa.h"

#define CALLS  1000
#define SECRET 0x5ec2e7c0ffee1234ULL

static struct sub_shared *shared;
static struct att at_cpl0, at_cpl3;

static u64 add_one(u64 x)
{
	return x + 1;
}

static u64 read_at(u64 va)
{
	return *(volatile u64 *)va;
}

static u64 out_nop(u64 unused)
{
	vmm_exit();
	return unused;
}

static u64 halt(u64 unused)
{
	__asm__ volatile("hlt");
	return unused;
}

static void framework(void)
{
	struct kvm_regs *regs = pages(1);
	u64 *page = pages(1), nmis = this_cpu()->irqs[2];
	struct trap t;

	check(try(add_one, 41, &t) && t.regs.rax == 42, "a function at CPL 0");
	check(try_at(3, add_one, 41, &t) && t.regs.rax == 42 &&
		      (t.regs.cs & 3) == 3,
	      "a function at CPL 3");
	check(!try(read_at, 0x7000000000, &t) && t.regs.vector == 14 &&
		      t.cr2 == 0x7000000000,
	      "an exception is caught");
	check(!try_at(3, halt, 0, &t) && t.regs.vector == 13,
	      "HLT at CPL 3 is #GP");
	check(try_at(3, out_nop, 0, &t), "the VMM's ports at CPL 3");
	page[1] = 77;
	map(0x7000000000, (u64)page, PTE_P);
	check(try(read_at, 0x7000000008, &t) && t.regs.rax == 77, "map");
	check(!try_at(3, read_at, 0x7000000008, &t) && t.regs.error == 5,
	      "a page of CPL 0 at CPL 3");
	map(0x7000000000, 0, 0);
	check(!try(read_at, 0x7000000008, &t) && t.regs.error == 0, "unmap");
	check(!vcpu_ioctl(0, KVM_GET_REGS, regs) && regs->rsp &&
		      regs->rip >= ATTACK_LOAD,
	      "KVM_GET_REGS");
	check(!vcpu_ioctl(0, KVM_NMI, NULL), "KVM_NMI");
	check_eq(this_cpu()->irqs[2], nmis + 1, "an NMI arrives");
	check(!memslot(4, 0x180000000, PAGE_SIZE, 0, (u64)page) &&
		      try(read_at, 0x180000008, &t) && t.regs.rax == 77,
	      "memory slot");
	memslot(4, 0x180000000, 0, 0, 0);
}

static void calls(const struct att *att)
{
	unsigned int i, wrong = 0;

	for (i = 0; i < CALLS; i++) {
		const u64 args[6] = { random(), random(), random(),
				      random(), random(), random() };
		struct result res = elisa_call(att, SUB_NOP, args);

		wrong += res.status || res.value != sub_nop_value(args);
	}
	check_eq(wrong, 0, "%d calls at CPL %d are right", CALLS, att->cpl);
	check_eq(elisa_call(att, SUB_COUNT, ARGS(0)).status, -EINVAL,
		 "no such entry, CPL %d", att->cpl);
}

/* What sub sees is what it should. */
static void inside(const struct att *att)
{
	const struct sub_log *log;
	u64 n = shared->calls;
	struct result res = elisa_call(att, SUB_LOG, ARGS(1, 2, 3, 4, 5, 6));

	log = &shared->log[n % SUB_LOG_SIZE];
	check(!res.status && shared->calls == n + 1 && log->rdi == 1 &&
		      log->rsi == 2 && log->rdx == 3 && log->rcx == 4 &&
		      log->r8 == 5,
	      "arguments in sub, CPL %d", att->cpl);
	check_eq(log->rsp, ELISA_SUB_STACK_TOP - 8, "stack in sub, CPL %d",
		 att->cpl);
}

static void faults(const struct att *att)
{
	static const struct {
		u64 entry, args[2];
		const char *name;
	} fault[] = {
		{ SUB_UD2, {}, "UD2" },
		{ SUB_INT3, {}, "INT3" },
		{ SUB_INT80, {}, "INT 80h" },
		{ SUB_CPUID, {}, "CPUID" },
		{ SUB_HLT, {}, "HLT" },
		{ SUB_SYSCALL, {}, "SYSCALL" },
		{ SUB_VMCALL, {}, "VMCALL" },
		{ SUB_DIVIDE, {}, "division by 0" },
		{ SUB_OUT, {}, "OUT" },
		{ SUB_ICEBP, {}, "ICEBP" },
		{ SUB_READ, { ATTACK_LOAD }, "read of guest memory" },
		{ SUB_READ, { 0 }, "read of 0" },
		{ SUB_WRITE, { ELISA_SUB_INFO }, "write to the info page" },
		{ SUB_WRITE, { ELISA_SUB_IMAGE }, "write to code" },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(fault); i++) {
		struct result res =
			elisa_call(att, fault[i].entry, ARGS(fault[i].args[0]));

		check_eq(res.status, -EFAULT, "%s in sub, CPL %d: %s %llx",
			 fault[i].name, att->cpl, how_name[res.last.how],
			 res.value);
	}
}

static void handles(const struct att *att)
{
	unsigned int i, wrong = 0;
	struct outcome out;

	for (i = 0; i < 200; i++) {
		u64 handle = random();

		/* The low bits are a slot: half of them name a real one. */
		if (i & 1)
			handle = (handle & ~127ULL) |
				 (att->window - ELISA_WINDOW_BASE) /
					 ELISA_WINDOW_SIZE;
		resume(handle, NULL, att->cpl, &out);
		wrong += out.how != HOW_REFUSED ||
			 (s64)out.trap.regs.rax != -ENOLINK;
		wrong += abort_call(handle) != -ENOLINK;
	}
	check_eq(wrong, 0, "forged handles are refused, CPL %d", att->cpl);
}

static void storm(const struct att *att)
{
	u64 irqs = this_cpu()->irqs[VECTOR_TIMER];
	struct result res;

	shared->secret[0] = SECRET;
	storm_start(1000000, 2000000);
	res = elisa_call(att, SUB_HOLD, ARGS(3000000));
	storm_stop();
	irqs = this_cpu()->irqs[VECTOR_TIMER] - irqs;
	check(!res.status && !res.value,
	      "a call in a storm of interrupts, CPL %d: status %lld value %llx",
	      att->cpl, res.status, res.value);
	check(res.aex >= 20 && irqs >= res.aex / 2,
	      "it was interrupted, CPL %d: %llu times, %llu interrupts",
	      att->cpl, res.aex, irqs);
}

static void poked(const struct att *att)
{
	/* The counters only fit in a page; the VMM writes there. */
	struct poker *poker = pages(1);
	u64 irqs = this_cpu()->irqs[VECTOR_TIMER];
	struct result res;

	shared->secret[0] = SECRET;
	poker->period_us = 1000;
	poker->secret[0] = SECRET;
	check_eq(poker_start(0, poker), 0, "the poker starts");
	res = elisa_call(att, SUB_HOLD, ARGS(3000000));
	poker_stop(0, poker);
	irqs = this_cpu()->irqs[VECTOR_TIMER] - irqs;
	check(!res.status && !res.value, "a call under a poker, CPL %d",
	      att->cpl);
	check(poker->kicks >= 20 && poker->at_aep >= 10,
	      "the poker pokes, CPL %d: %llu times, %llu of them at the AEP",
	      att->cpl, poker->kicks, poker->at_aep);
	/* On a host that is slow its own tick comes in between. */
	check(res.aex <= poker->at_aep / 2 + irqs,
	      "the guest notices few of them, CPL %d: %llu AEX, %llu interrupts of its own",
	      att->cpl, res.aex, irqs);
	check_eq(poker->secrets_seen + poker->in_window, 0,
		 "the VMM sees no state of sub, CPL %d (rip %llx, secret at %llu)",
		 att->cpl, poker->first_rip, poker->first_secret);
}

/* The poker must be able to see a secret: hold one outside of sub. */
static void poker_sees(void)
{
	struct poker *poker = pages(1);
	const volatile u64 *seen = (void *)&poker->secrets_seen;
	u64 until = rdtsc() + 300000000;

	poker->period_us = 1000;
	poker->secret[0] = SECRET;
	poker_start(0, poker);
	while (!*seen && rdtsc() < until)
		__asm__ volatile("mov %0, %%r9\n\t"
				 "mov $1000, %%ecx\n"
				 "1: dec %%ecx\n\t"
				 "jnz 1b\n\t"
				 "xor %%r9d, %%r9d"
				 :
				 : "r"(SECRET)
				 : "r9", "rcx", "memory");
	poker_stop(0, poker);
	check(poker->secrets_seen, "the poker sees what it may: %llu of %llu",
	      poker->secrets_seen, poker->kicks);
}

static u64 wrong_elsewhere;

static void calls_elsewhere(u64 arg)
{
	const struct att *att = (const struct att *)arg;
	unsigned int i;

	for (i = 0; i < CALLS; i++) {
		struct result res = elisa_call(att, SUB_NOP, ARGS(i, 1, 2));

		if (res.status || res.value != i + 2 + 8)
			__atomic_add_fetch(&wrong_elsewhere, 1,
					   __ATOMIC_SEQ_CST);
	}
}

static void spin_elsewhere(u64 arg)
{
	struct result res =
		elisa_call((const struct att *)arg, SUB_SPIN, ARGS(0));

	check(!res.status && res.value, "a call that another vCPU ends");
}

static void two_vcpus(void)
{
	struct kvm_regs *regs = pages(1);
	unsigned int tries = 100;
	bool at_aep;
	u64 spins;
	long err;

	cpu_start(1, calls_elsewhere, (u64)&at_cpl3);
	calls_elsewhere((u64)&at_cpl3);
	cpu_wait(1);
	check_eq(wrong_elsewhere, 0, "calls on two vCPUs are right");

	/* One spins in sub, the other looks at it, and lets it go. */
	shared->go = 0;
	shared->entered = 0;
	cpu_start(1, spin_elsewhere, (u64)&at_cpl3);
	while (!shared->entered)
		vmm_sleep(1000);
	/* Now and then it is in the handler of its own timer interrupt instead. */
	do {
		err = vcpu_ioctl(1, KVM_GET_REGS, regs);
		at_aep = regs->rip - at_cpl3.window - ELISA_W_AEP < 4096;
	} while (!err && !at_aep && regs->rip < ELISA_WINDOW_BASE && --tries);
	check(!err && at_aep,
	      "to the VMM, a vCPU in sub is at the AEP (RIP %llx)", regs->rip);
	spins = shared->spins;
	while (shared->spins == spins)
		vmm_sleep(1000);
	shared->go = 1;
	cpu_wait(1);
}

static void smoke(void)
{
	struct hc hc = {};
	struct export e;
	const struct att *att;
	unsigned int i;

	framework();
	check_eq(hypercall(ELISA_HC_VERSION, &hc), ELISA_ABI_VERSION,
		 "VERSION");
	shared = sub_export(&e, "smoke");
	if (!shared)
		return;
	attach(&at_cpl3, "smoke", 3, pages(1), 1);
	attach(&at_cpl0, "smoke", 0, NULL, 0);
	check_eq(at_cpl3.err, 0, "attach at CPL 3");
	check_eq(at_cpl0.err, 0, "attach at CPL 0");
	if (at_cpl3.err || at_cpl0.err)
		return;
	for (i = 0; i < 2; i++) {
		att = i ? &at_cpl0 : &at_cpl3;
		calls(att);
		inside(att);
		faults(att);
		handles(att);
		storm(att);
		poked(att);
	}
	poker_sees();
	if (n_cpus > 1)
		two_vcpus();
	check_eq(detach(&at_cpl3), 0, "detach");
	/* This vCPU has used the window: its gate page is there, unmapped. */
	check_eq(elisa_call(&at_cpl3, SUB_NOP, ARGS(0)).status, -ENOLINK,
		 "a call through a window that is gone");
	check_eq(export_destroy(&e), 0, "destroy");
	check_eq(elisa_call(&at_cpl0, SUB_NOP, ARGS(0)).status, -ENOLINK,
		 "a call to an export that is gone");
}

ATTACK("smoke", smoke);
