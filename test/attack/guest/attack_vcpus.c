// SPDX-License-Identifier: GPL-2.0-only
/*
 * A VMM that stops, saves, resets, restores and adds vCPUs while calls are under
 * way, with each kind of interrupt controller.
 */
#include <linux/kvm.h>

#include "busy.h"
#include "steps.h"

#define ROUNDS	    2000
#define REAL_CODE   0x7000
#define REAL_FLAG   ((volatile u32 *)0x7f00)
#define VECTOR_BACK 0x86

extern const char stub_back[];

__asm__(".pushsection .text\n"
	"stub_back: int $0x86\n"
	"	ud2\n"
	".popsection");

static struct export steps_e;
static struct steps_shared *steps;
static u8 *busy;
static struct att att, busy_att;

static bool set_up(int cpl)
{
	steps = steps_export(&steps_e, "steps");
	if (!steps || !busy_export(&busy, "busy"))
		return false;
	attach(&att, "steps", cpl, NULL, 0);
	attach(&busy_att, "busy", cpl, NULL, 0);
	return check(!att.err && !busy_att.err, "attach: %lld %lld", att.err,
		     busy_att.err);
}

/* A call that counts its steps: was it done as it should? */
static bool step_call(u64 id, u64 n, u64 *aex)
{
	struct steps_call call = { &att, id, n, ROUNDS };
	struct regs in = steps_regs(&call);
	struct result res;

	steps->count[id] = 0;
	res = elisa_call_regs(&att, &in);
	*aex += res.aex;
	return steps_good(steps, &call, &res.last);
}

/* --- saved, reset and restored, as for a snapshot */

struct snapshot {
	struct kvm_regs regs;
	struct kvm_sregs sregs;
	struct kvm_vcpu_events events;
	struct kvm_debugregs debugregs;
	struct kvm_xcrs xcrs;
	struct kvm_xsave xsave;
};

static struct snapshot *saved, *again, *real;

static s64 mp_state(u32 value)
{
	struct kvm_mp_state *mp = pages(1);

	mp->mp_state = value;
	return vcpu_ioctl(1, KVM_SET_MP_STATE, mp);
}

static bool get(struct snapshot *s)
{
	return !vcpu_ioctl(1, KVM_GET_REGS, &s->regs) &&
	       !vcpu_ioctl(1, KVM_GET_SREGS, &s->sregs) &&
	       !vcpu_ioctl(1, KVM_GET_VCPU_EVENTS, &s->events) &&
	       !vcpu_ioctl(1, KVM_GET_DEBUGREGS, &s->debugregs) &&
	       !vcpu_ioctl(1, KVM_GET_XCRS, &s->xcrs) &&
	       !vcpu_ioctl(1, KVM_GET_XSAVE, &s->xsave);
}

static bool set(struct snapshot *s)
{
	return !vcpu_ioctl(1, KVM_SET_SREGS, &s->sregs) &&
	       !vcpu_ioctl(1, KVM_SET_REGS, &s->regs) &&
	       !vcpu_ioctl(1, KVM_SET_XCRS, &s->xcrs) &&
	       !vcpu_ioctl(1, KVM_SET_XSAVE, &s->xsave) &&
	       !vcpu_ioctl(1, KVM_SET_DEBUGREGS, &s->debugregs) &&
	       !vcpu_ioctl(1, KVM_SET_VCPU_EVENTS, &s->events);
}

/* 16 bits: inc dword cs:[0xf00]; hlt; jmp back to it */
static const u8 real_code[] = { 0x66, 0x2e, 0xff, 0x06, 0x00,
				0x0f, 0xf4, 0xeb, 0xfd };

static void make_real(void)
{
	struct kvm_segment seg = {
		.limit = 0xffff,
		.type = 3,
		.present = 1,
		.s = 1,
	};

	memcpy((void *)REAL_CODE, real_code, sizeof(real_code));
	*real = *saved;
	real->sregs.ds = seg;
	real->sregs.es = seg;
	real->sregs.fs = seg;
	real->sregs.gs = seg;
	real->sregs.ss = seg;
	seg.type = 11;
	seg.base = REAL_CODE;
	seg.selector = REAL_CODE >> 4;
	real->sregs.cs = seg;
	real->sregs.cr0 = 0x60000010;
	real->sregs.cr3 = 0;
	real->sregs.cr4 = 0;
	real->sregs.efer = 0;
	memset(&real->regs, 0, sizeof(real->regs));
	real->regs.rflags = FLAG_FIXED;
	memset(&real->events, 0, sizeof(real->events));
}

static u64 done, bad, aex;
static volatile bool stop;

static void call_on_1(u64 unused)
{
	(void)unused;
	while (!stop) {
		bad += !step_call(1, 300, &aex);
		elisa_call(&busy_att, BUSY_RUN, ARGS(100000, 0x2));
		done++;
	}
}

/* May a VMM find this in RIP?  The guest's code, and pages of windows that it */
static bool is_default(u64 rip)
{
	u64 offset = rip - ELISA_WINDOW_BASE;

	if (rip < info->ram_size)
		return true;
	return offset < ELISA_WINDOWS * ELISA_WINDOW_SIZE &&
	       (offset & (ELISA_WINDOW_SIZE - 1)) >> 12 != ELISA_W_GATE >> 12;
}

static void run_restore(void)
{
	unsigned int rounds = arg("n", 25), i, wrong = 0, in_call = 0;
	u64 offset;

	saved = (void *)pages(3);
	again = (void *)pages(3);
	real = (void *)pages(3);
	if (!check(n_cpus > 1, "two vCPUs") || !set_up(3))
		return;
	cpu_start(1, call_on_1, 0);
	while (!steps->entered)
		vmm_sleep(1000);
	for (i = 0; i < rounds; i++) {
		vmm_sleep(random() % 8000);
		/* It waits for SIPI now, and does not move. */
		wrong += !!mp_state(KVM_MP_STATE_INIT_RECEIVED);
		wrong += !get(saved);
		offset = saved->regs.rip - ELISA_WINDOW_BASE;
		in_call += offset < ELISA_WINDOWS * ELISA_WINDOW_SIZE;
		expect(is_default(saved->regs.rip), "rip %llx",
		       saved->regs.rip);
		expect(!holds_secret(saved, sizeof(*saved)),
		       "the secret, rip %llx", saved->regs.rip);
		expect(saved->sregs.cr3 == (u64)cpus[1].root &&
			       (saved->sregs.cs.selector == SEL_CODE ||
				saved->sregs.cs.selector == SEL_USER_CODE),
		       "cr3 %llx cs %x", saved->sregs.cr3,
		       saved->sregs.cs.selector);
		make_real();
		*REAL_FLAG = 0;
		wrong += !set(real);
		wrong += !!mp_state(KVM_MP_STATE_RUNNABLE);
		while (!*REAL_FLAG)
			vmm_sleep(500);
		wrong += !!mp_state(KVM_MP_STATE_INIT_RECEIVED);
		wrong += *REAL_FLAG != 1;
		wrong += !set(saved);
		wrong += !get(again);
		expect(!memcmp(&again->regs, &saved->regs, sizeof(saved->regs)),
		       "what was set is there");
		wrong += !!mp_state(KVM_MP_STATE_RUNNABLE);
	}
	stop = true;
	cpu_wait(1);
	check_eq(wrong, 0, "vcpus: %u times saved, reset and restored", rounds);
	check(in_call, "vcpus: %u of them in a window", in_call);
	check_eq(bad, 0, "vcpus: %llu rounds of calls, suspended %llu times",
		 done, aex);
}

ATTACK("vcpus-restore", run_restore);

/* --- a triple fault of one vCPU while another calls */

static struct kvm_regs *back;
static struct kvm_sregs *alive;

static u64 triple_fault(u64 unused)
{
	static const struct {
		u16 limit;
		u64 base;
	} __attribute__((packed)) none = {};

	(void)unused;
	__asm__ volatile("lidt %0; ud2" : : "m"(none));
	return 0;
}

static u64 faults, odd_ends;

static void fault_on_1(u64 n)
{
	struct trap trap;
	u64 unused;

	while (n--) {
		odd_ends += !step_call(1, 20, &unused);
		vcpu_ioctl(1, KVM_GET_SREGS, alive);
		memset(back, 0, sizeof(*back));
		back->rip = (u64)stub_back;
		back->rflags = FLAG_IF | FLAG_FIXED;
		vcpu_post(1, KVM_SET_SREGS, alive, SVC_WHEN_FAIL, 0, 0);
		vcpu_post(1, KVM_SET_REGS, back, SVC_WHEN_FAIL, 0, 0);
		odd_ends += try(triple_fault, 0, &trap) ||
			    trap.regs.vector != VECTOR_BACK || vcpu_posted(1);
		faults++;
		odd_ends += !step_call(1, 20, &unused);
	}
}

static void run_triple(void)
{
	unsigned int n = arg("n", 20);
	u64 calls = 0, unused = 0;

	alive = pages(1);
	back = pages(1);
	if (!check(n_cpus > 1, "two vCPUs") || !set_up(0))
		return;
	cpu_start(1, fault_on_1, n);
	while (faults < n) {
		bad += !step_call(0, 40, &unused);
		calls++;
	}
	cpu_wait(1);
	check_eq(odd_ends, 0, "vcpus: %llu triple faults between calls",
		 faults);
	check_eq(bad, 0, "vcpus: %llu calls beside them", calls);
}

ATTACK("vcpus-triple", run_triple);

/* --- calls with any interrupt controller, and a poker */

static void many(u64 id)
{
	u64 unused = 0;
	unsigned int i;

	for (i = 0; i < arg("n", 150); i++)
		if (!step_call(id, 20, &unused) ||
		    elisa_call(&busy_att, BUSY_RUN, ARGS(20000, 2)).status)
			__atomic_add_fetch(&bad, 1, __ATOMIC_SEQ_CST);
	__atomic_add_fetch(&done, i, __ATOMIC_SEQ_CST);
}

static void run_calls(void)
{
	struct poker *p = pages(1);

	if (!check(n_cpus > 1, "two vCPUs") || !set_up(3))
		return;
	p->period_us = 2000;
	p->secret[0] = ORACLE_SECRET;
	p->cr3 = (u64)cpus[1].root;
	expect(!poker_start(1, p), "a poker");
	cpu_start(1, many, 1);
	many(0);
	cpu_wait(1);
	expect(!poker_stop(1, p), "the poker ends");
	check_eq(bad, 0, "vcpus: %llu calls", done);
	check(p->kicks > 10 && !p->in_window && !p->stub_wrong &&
		      !p->secrets_seen && !p->elsewhere,
	      "vcpus: %llu looks: %llu %llu %llu, rip %llx", p->kicks,
	      p->in_window, p->stub_wrong, p->elsewhere, p->first_rip);
}

ATTACK("vcpus-calls", run_calls);

/* --- KVM_SET_CPUID2 of a vCPU that runs already, in the middle of calls */

#define MAX_CPUID 128

static struct kvm_cpuid2 *cpuid_get(void)
{
	struct kvm_cpuid2 *all = pages(2);

	all->nent = MAX_CPUID;
	if (vcpu_ioctl(1, KVM_GET_CPUID2, all))
		return NULL;
	/* Some kernels do not say how many there are; the rest is zero. */
	while (all->nent && !all->entries[all->nent - 1].function &&
	       !all->entries[all->nent - 1].eax)
		all->nent--;
	return all;
}

static u32 *cpuid_reg(struct kvm_cpuid2 *all, u32 function, unsigned int reg)
{
	unsigned int i;

	for (i = 0; i < all->nent; i++) {
		struct kvm_cpuid_entry2 *e = &all->entries[i];
		u32 *const regs[] = { &e->eax, &e->ebx, &e->ecx, &e->edx };

		if (e->function == function && !e->index)
			return regs[reg];
	}
	return NULL;
}

static void run_cpuid(void)
{
	/* What the module relies on, or might. */
	static const struct {
		const char *name;
		u32 function;
		unsigned int reg;
		u32 flip;
	} change[] = {
		{ "PCID", 1, 2, 1 << 17 },
		{ "XSAVE", 1, 2, 1 << 26 },
		{ "UMIP", 7, 2, 1 << 2 },
		{ "FSGSBASE", 7, 1, 1 << 0 },
		{ "state components", 0xd, 0, 4 },
		{ "physical addresses", 0x80000008, 0, 1 },
		{ "long mode", 0x80000001, 3, 1 << 29 },
	};
	struct kvm_cpuid2 *all;
	unsigned int i, refused = 0, wrong = 0;
	u32 *reg;
	s64 err;

	if (!check(n_cpus > 1, "two vCPUs") || !set_up(3))
		return;
	cpu_start(1, call_on_1, 0);
	while (!done)
		vmm_sleep(1000);
	all = cpuid_get();
	if (!check(all, "KVM_GET_CPUID2"))
		return;
	check(!vcpu_ioctl(1, KVM_SET_CPUID2, all),
	      "vcpus: the same CPUID again");
	for (i = 0; i < ARRAY_SIZE(change); i++) {
		reg = cpuid_reg(all, change[i].function, change[i].reg);
		if (!expect(reg, "%s", change[i].name))
			continue;
		*reg ^= change[i].flip;
		err = vcpu_ioctl(1, KVM_SET_CPUID2, all);
		*reg ^= change[i].flip;
		refused += err == -EINVAL;
		wrong += err && err != -EINVAL;
		wrong += !!vcpu_ioctl(1, KVM_SET_CPUID2, all);
		vmm_sleep(2000);
	}
	stop = true;
	cpu_wait(1);
	check_eq(wrong, 0, "vcpus: CPUID changed, refused %u of %u times",
		 refused, i);
	/* Up to 5.15 KVM takes any. */
	check(!refused || refused == i, "vcpus: all or none");
	check_eq(bad, 0, "vcpus: %llu rounds of calls, suspended %llu times",
		 done, aex);
}

ATTACK("vcpus-cpuid", run_cpuid);

/* --- vCPUs that come while the VM is enrolled, and attach at once */

#define LATE 5

static volatile u64 arrived;

static void arrive(u64 unused)
{
	struct att a;
	struct hc hc;
	s64 version;

	(void)unused;
	for (;;) {
		memset(&hc, 0, sizeof(hc));
		version = hypercall(ELISA_HC_VERSION, &hc);
		if (version != -1000)
			break;
		vmm_sleep(2000);
	}
	bad += version != ELISA_ABI_VERSION;
	while (!steps)
		vmm_sleep(2000);
	attach(&a, "steps", 3, NULL, 0);
	bad += !!a.err;
	if (!a.err) {
		u64 id = this_cpu()->index;
		struct steps_call call = { &a, id, 30, ROUNDS };
		struct regs in = steps_regs(&call);
		struct result res = elisa_call_regs(&a, &in);

		bad += !steps_good(steps, &call, &res.last);
		bad += !!detach(&a);
	}
	__atomic_add_fetch(&arrived, 1, __ATOMIC_SEQ_CST);
}

static void make_export(u64 unused)
{
	struct hc hc = {};

	(void)unused;
	while (hypercall(ELISA_HC_VERSION, &hc) == -1000)
		vmm_sleep(2000);
	steps = steps_export(&steps_e, "steps");
}

static void run_late(void)
{
	unsigned int i;
	s64 n;

	print("# early\n");
	for (i = 1; i < LATE; i++) {
		n = vmm_new_vcpu();
		expect(n == i, "vCPU %u is %lld", i, n);
		while (!cpus[i].up)
			vmm_sleep(500);
		cpu_start(i, arrive, 0);
		vmm_sleep(30000);
	}
	make_export(0);
	for (i = 1; i < LATE; i++)
		cpu_wait(i);
	check_eq(arrived, LATE - 1,
		 "vcpus: they came before, while and after it was enrolled");
	check_eq(bad, 0, "vcpus: each attached, called and detached");
}

ATTACK("vcpus-late", run_late);

/* --- kvm_intel unrestricted_guest=0: KVM emulates what the CPU cannot run */

static void run_emulated(void)
{
	struct regs in = { .rcx = ELISA_IDX_GATE, .rsp = 0x1230 };
	struct outcome out;
	int cpl;

	steps = steps_export(&steps_e, "emulated");
	if (!steps)
		return;
	for (cpl = 0; cpl < 4; cpl += 3) {
		attach(&att, "emulated", cpl, NULL, 0);
		check_eq(att.err, -EOPNOTSUPP, "vcpus: ATTACH at CPL %d", cpl);
		vmfunc(&in, cpl, &out);
		check(out.how == HOW_TRAP && out.trap.regs.vector == 6,
		      "vcpus: VMFUNC at CPL %d: %s %llu", cpl,
		      how_name[out.how], out.trap.regs.vector);
	}
}

ATTACK("vcpus-emulated", run_emulated);
