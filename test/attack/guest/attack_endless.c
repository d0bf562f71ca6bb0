// SPDX-License-Identifier: GPL-2.0-only
/*
 * Exported code that does not come back.
 *
 * The manager hopes to keep the vCPU, or one instance after the other, or to
 * make DETACH wait for ever.
 */
#include <linux/kvm.h>

#include "oracle.h"

#define CALLS 200

static struct sub_shared *shared;
static struct export export;
static struct att att;
static struct result spun;

static void spin(u64 unused)
{
	(void)unused;
	spun = elisa_call(&att, SUB_SPIN, ARGS(0));
}

static void run_endless(void)
{
	unsigned int i, wrong = 0;

	shared = sub_export(&export, "endless");
	if (!shared)
		return;
	attach(&att, "endless", 3, NULL, 0);
	check(!att.err, "attach");

	storm_start(200000, 300000);
	aep_hook = abort_at_aep;
	for (i = 0; i < 20; i++)
		elisa_call(&att, SUB_SPIN, ARGS(0));
	aep_hook = NULL;
	storm_stop();
	check_eq(aborted_calls, 20, "endless calls are aborted");
	check(!elisa_call(&att, SUB_NOP, ARGS(0)).status, "the next call");

	if (!check(n_cpus > 1, "two vCPUs"))
		return;
	shared->entered = 0;
	cpu_start(1, spin, 0);
	while (!shared->entered)
		vmm_sleep(1000);
	for (i = 0; i < CALLS; i++) {
		struct result res = elisa_call(&att, SUB_NOP, ARGS(i));

		wrong += res.status || res.value != i;
	}
	check_eq(wrong, 0, "%d calls while another vCPU is in an endless one",
		 CALLS);
	check_eq(detach(&att), 0, "DETACH while it is");
	cpu_wait(1);
	check(spun.status == -ENOLINK, "it is told: %lld", spun.status);
}

ATTACK("endless", run_endless);

/* --- INIT and SIPI to a vCPU in sub */

#define SIPI_PAGE 0x7a
#define SIPI_FLAG ((volatile u32 *)0x7af00)
#define MSR_ICR	  0x830
#define ICR_INIT  0x4500
#define ICR_SIPI  0x4600

/* vCPU 1: mov dword cs:[0xf00], 1; hlt; jmp -3, all in 16 bits */
static const u8 sipi_code[] = { 0x66, 0x2e, 0xc7, 0x06, 0x00, 0x0f, 0x01,
				0x00, 0x00, 0x00, 0xf4, 0xeb, 0xfd };

static void hold(u64 unused)
{
	(void)unused;
	elisa_call(&att, SUB_HOLD, ARGS(1ULL << 60));
}

/*
 * The attacker hopes that the reset vCPU starts in sub, or that a register
 * keeps what sub had in it.
 */
static void run_reset(void)
{
	struct kvm_xsave *xsave = pages(1);
	struct kvm_sregs *sregs = pages(1);
	struct kvm_regs *regs = pages(1);
	unsigned int i;

	shared = sub_export(&export, "reset");
	if (!shared || !check(n_cpus > 1, "two vCPUs"))
		return;
	shared->secret[0] = ORACLE_SECRET;
	attach(&att, "reset", 3, NULL, 0);
	check(!att.err, "attach");
	memcpy((void *)(SIPI_PAGE * PAGE_SIZE), sipi_code, sizeof(sipi_code));
	shared->entered = 0;
	cpu_start(1, hold, 0);
	while (!shared->entered)
		vmm_sleep(1000);
	vmm_sleep(20000);
	wrmsr(MSR_ICR, 1ULL << 32 | ICR_INIT);
	vmm_sleep(20000);
	expect(!vcpu_ioctl(1, KVM_GET_REGS, regs) &&
		       !vcpu_ioctl(1, KVM_GET_SREGS, sregs) &&
		       !vcpu_ioctl(1, KVM_GET_XSAVE, xsave),
	       "the VMM looks");
	check(!holds_secret(regs, sizeof(*regs)) &&
		      !holds_secret(sregs, sizeof(*sregs)) &&
		      !holds_secret(xsave, sizeof(*xsave)) &&
		      regs->rip == 0xfff0 && !(sregs->cr0 & 1),
	      "INIT takes a vCPU out of sub, with nothing in it: rip %llx, cr0 %llx",
	      regs->rip, sregs->cr0);
	wrmsr(MSR_ICR, 1ULL << 32 | ICR_SIPI | SIPI_PAGE);
	for (i = 0; i < 200 && !*SIPI_FLAG; i++)
		vmm_sleep(5000);
	check(*SIPI_FLAG == 1, "it starts in real mode");
	for (i = 0; i < CALLS; i++)
		expect(!elisa_call(&att, SUB_NOP, ARGS(0)).status, "a call");
	check_eq(detach(&att), 0, "calls and DETACH beside it");
}

ATTACK("reset", run_reset);
