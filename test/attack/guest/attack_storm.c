// SPDX-License-Identifier: GPL-2.0-only
/*
 * Interrupts in the few instructions of the gate, and wherever else in a call:
 * from the timer, by TSC deadline, which KVM serves in a fast path, and from
 * another vCPU as IPI, MSI and NMI.
 *
 * The attacker hopes for an entry half that is left with the list open, for a
 * return half that is executed twice, for an interrupt that gets lost, and for
 * a handler that runs in another context.
 */
#include <linux/kvm.h>

#include "loop.h"

#define MSR_DEADLINE	0x6e0
#define MSR_LVT_TIMER	0x832
#define LVT_DEADLINE	(2u << 17)
#define VECTOR_DEADLINE VECTOR_USER
#define VECTOR_IPI	(VECTOR_USER + 1)
#define VECTOR_MSI	(VECTOR_USER + 2)

static struct att att[2];
static struct export export;
static u64 window;
static struct {
	u64 all, restart, at_return, at_aep, at_vmcall, inside;
} seen;

static void look(struct regs *f)
{
	u64 offset = f->rip - window;

	seen.all++;
	seen.restart += offset == ELISA_W_RESTART;
	seen.at_return += offset == ELISA_W_RETURN;
	seen.at_aep += offset == ELISA_W_AEP;
	/* 4 bytes of INC, 5 of MOV before it */
	seen.at_vmcall += offset == ELISA_W_AEP + 10;
	seen.inside += offset - ELISA_W_GATE < PAGE_SIZE ||
		       f->rip - ELISA_CHUNK_VA(1) < 1ULL << 29 ||
		       f->rsp - ELISA_CHUNK_VA(1) < 1ULL << 29;
}

static void on_deadline(struct regs *f)
{
	look(f);
	wrmsr(MSR_DEADLINE, rdtsc() + 50000 + random() % 100000);
}

static bool set_up(void)
{
	if (!sub_export(&export, "storm"))
		return false;
	attach(&att[0], "storm", 0, NULL, 0);
	attach(&att[1], "storm", 3, NULL, 0);
	return check(!att[0].err && !att[1].err, "attach at CPL 0 and 3");
}

static void storm(const struct att *a, const char *what, u64 calls, u64 least)
{
	struct loop *loop = pages(1);
	struct outcome out;
	bool good;

	memset(&seen, 0, sizeof(seen));
	window = a->window;
	good = loop_calls(a, loop, calls, &out);
	check(good && !loop->wrong && !loop->again,
	      "%llu calls, %s, CPL %d: %llu wrong, vector %llu", calls, what,
	      a->cpl, loop->wrong, out.trap.regs.vector);
	check(!seen.inside && seen.all >= least,
	      "interrupts, CPL %d: %llu, none seen in gate or sub", a->cpl,
	      seen.all);
	check(seen.restart >= least / 30 && seen.at_return >= least / 30 &&
		      seen.at_aep >= least / 5 && loop->aex >= least / 5,
	      "%llu calls restarted, %llu rolled forward, %llu interrupted; %llu interrupts on RESUME",
	      seen.restart, seen.at_return, seen.at_aep, seen.at_vmcall);
}

static void run_storm(void)
{
	u64 calls = arg("long", 0) ? 10000000 : 200000;
	unsigned int i;

	if (!set_up())
		return;
	for (i = 0; i < 2; i++) {
		irq_hook[VECTOR_TIMER] = look;
		storm_start(500000, 1500000);
		storm(&att[i], "timer", calls, calls / 3000);
		storm_stop();
		irq_hook[VECTOR_TIMER] = NULL;

		irq_hook[VECTOR_DEADLINE] = on_deadline;
		wrmsr(MSR_LVT_TIMER, VECTOR_DEADLINE | LVT_DEADLINE);
		wrmsr(MSR_DEADLINE, rdtsc() + 50000);
		storm(&att[i], "TSC deadline", calls, calls / 3000);
		wrmsr(MSR_DEADLINE, 0);
		storm_stop();
	}
}

ATTACK("storm", run_storm);

static volatile bool stop;
static u64 sent[3];

/* On vCPU 1. */
static void send(u64 unused)
{
	struct kvm_msi *msi = pages(1);
	unsigned int i;

	(void)unused;
	msi->address_lo = 0xfee00000; /* to APIC 0 */
	msi->data = VECTOR_MSI;
	for (i = 0; !stop; i++) {
		switch (i % 3) {
		case 0:
			ipi(0, VECTOR_IPI);
			break;
		case 1:
			vm_ioctl(KVM_SIGNAL_MSI, msi);
			break;
		case 2:
			vcpu_ioctl(0, KVM_NMI, NULL);
			break;
		}
		sent[i % 3]++;
		vmm_sleep(1000 + random() % 2000);
	}
}

static void run_cross(void)
{
	u64 calls = arg("long", 0) ? 10000000 : 200000;
	u64 *irqs = this_cpu()->irqs;
	unsigned int i;

	if (!set_up() || !check(n_cpus > 1, "two vCPUs"))
		return;
	irq_hook[VECTOR_IPI] = look;
	irq_hook[VECTOR_MSI] = look;
	irq_hook[2] = look;
	cpu_start(1, send, 0);
	for (i = 0; i < 2; i++)
		storm(&att[i], "from another vCPU", calls, calls / 5000);
	stop = true;
	cpu_wait(1);
	check(irqs[VECTOR_IPI] && irqs[VECTOR_IPI] <= sent[0] &&
		      irqs[VECTOR_MSI] && irqs[VECTOR_MSI] <= sent[1] &&
		      irqs[2] && irqs[2] <= sent[2],
	      "IPIs %llu of %llu, MSIs %llu of %llu, NMIs %llu of %llu",
	      irqs[VECTOR_IPI], sent[0], irqs[VECTOR_MSI], sent[1], irqs[2],
	      sent[2]);
}

ATTACK("cross", run_cross);
