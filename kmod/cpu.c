// SPDX-License-Identifier: GPL-2.0-only
/*
 * CPU features, and operations that every CPU takes part in.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/printk.h>
#include <linux/smp.h>
#include <asm/cpufeature.h>
#include <asm/hypervisor.h>
#include <asm/msr.h>
#include <asm/processor.h>
#include <asm/special_insns.h>
#include <asm/vmx.h>

#include "compat/msr.h"
#include "cpu.h"
#include "ept.h"
#include "ledger.h"

/* IA32_VMX_VMFUNC bit 0: EPTP switching (SDM vol. 3, appendix A.11). */
#define VMFUNC_EPTP_SWITCHING BIT_ULL(0)

static u64 exec_rights;
static u64 special_base;
static bool has_vmfunc;

static bool vmx_cap(u32 msr, u64 bits)
{
	u64 value;

	return !elisa_rdmsr_safe(msr, &value) && (value & bits) == bits;
}

/**
 * elisa_cpu_check() - does this CPU have what the module relies on?
 *
 * Prints one line for the first thing that is missing.  VM functions may be
 * missing, then calls are interposed.
 * Return: 0 or -EOPNOTSUPP.
 */
int elisa_cpu_check(void)
{
	static const struct {
		u32 msr;
		u64 bits;
		const char *what;
	} need[] = {
		{ MSR_IA32_VMX_PROCBASED_CTLS2,
		  (u64)SECONDARY_EXEC_ENABLE_EPT << 32, "EPT" },
		{ MSR_IA32_VMX_PROCBASED_CTLS2,
		  (u64)SECONDARY_EXEC_UNRESTRICTED_GUEST << 32,
		  "unrestricted guest" },
		{ MSR_IA32_VMX_PROCBASED_CTLS2, (u64)SECONDARY_EXEC_DESC << 32,
		  "descriptor-table exiting" },
		{ MSR_IA32_VMX_EPT_VPID_CAP, VMX_EPT_PAGE_WALK_4_BIT,
		  "4-level EPT" },
		{ MSR_IA32_VMX_EPT_VPID_CAP, VMX_EPTP_WB_BIT,
		  "write-back EPT tables" },
		{ MSR_IA32_VMX_EPT_VPID_CAP,
		  VMX_EPT_INVEPT_BIT | VMX_EPT_EXTENT_GLOBAL_BIT,
		  "global INVEPT" },
	};
	unsigned int i;

	if (!boot_cpu_has(X86_FEATURE_XSAVE)) {
		pr_err("this CPU has no XSAVE\n");
		return -EOPNOTSUPP;
	}
	/* With an enlightened VMCS, VMREAD does not tell what KVM sees. */
	if (hypervisor_is_type(X86_HYPER_MS_HYPERV)) {
		pr_err("hosts that run on Hyper-V are not supported\n");
		return -EOPNOTSUPP;
	}
	if (!boot_cpu_has(X86_FEATURE_VMX)) {
		pr_err("this CPU (or hypervisor) has no VMX\n");
		return -EOPNOTSUPP;
	}
	for (i = 0; i < ARRAY_SIZE(need); i++) {
		if (!vmx_cap(need[i].msr, need[i].bits)) {
			pr_err("this CPU has no %s\n", need[i].what);
			return -EOPNOTSUPP;
		}
	}
	has_vmfunc = vmx_cap(MSR_IA32_VMX_PROCBASED_CTLS2,
			     (u64)SECONDARY_EXEC_ENABLE_VMFUNC << 32) &&
		     vmx_cap(MSR_IA32_VMX_VMFUNC, VMFUNC_EPTP_SWITCHING);
	if (!has_vmfunc)
		pr_info("this CPU has no VM functions: calls are interposed\n");
	exec_rights = ELISA_EPT_EXEC;
	if (!vmx_cap(MSR_IA32_VMX_EPT_VPID_CAP, VMX_EPT_EXECUTE_ONLY_BIT))
		exec_rights |= ELISA_EPT_R;
	special_base = elisa_special_base(boot_cpu_data.x86_phys_bits);
	return 0;
}

/** elisa_cpu_has_vmfunc() - can a guest switch EPT contexts by VMFUNC? */
bool elisa_cpu_has_vmfunc(void)
{
	return has_vmfunc;
}

/** elisa_cpu_special_base() - first address of the special range */
u64 elisa_cpu_special_base(void)
{
	return special_base;
}

/** elisa_cpu_exec_rights() - EPT rights of code: execute-only if possible */
u64 elisa_cpu_exec_rights(void)
{
	return exec_rights;
}

static void nothing(void *unused)
{
}

/**
 * elisa_cpu_kick_all() - make every vCPU that is in the guest exit once
 *
 * The IPI forces a VM exit (external-interrupt exiting is always on under
 * KVM).  A vCPU whose entry hook has run but that has not entered yet takes
 * it at once after VM entry, because interrupts stay off in between.
 *
 * Context: sleepable, interrupts on.  When it returns each CPU has left the
 * guest at least once since the call.
 */
void elisa_cpu_kick_all(void)
{
	on_each_cpu(nothing, NULL, 1);
}

static void invept_global(void *began)
{
	struct {
		u64 eptp, reserved;
	} desc = { 0, 0 };

	/*
	 * Outside VMX operation INVEPT is #UD, and there is nothing to
	 * invalidate: KVM invalidates all when it enters VMX operation.  CR4.VMXE
	 * does not tell: it is set a little earlier and cleared a little later,
	 * with interrupts on when a CPU comes or goes, since 6.3.
	 */
	if (__read_cr4() & X86_CR4_VMXE)
		asm volatile("1: invept %0, %1\n"
			     "2:\n" _ASM_EXTABLE(1b, 2b)
			     :
			     : "m"(desc), "r"((u64)VMX_EPT_EXTENT_GLOBAL)
			     : "cc", "memory");
	elisa_ledger_invept_here(*(u64 *)began);
}

/**
 * elisa_cpu_invept_all() - drop all cached EPT translations on every CPU
 *
 * Needed before memory that an EPT of ours mapped, or an EPT page, is freed or
 * reused (SDM vol. 3, "Guidelines for Use of the INVEPT Instruction").
 *
 * Context: sleepable, interrupts on.
 */
void elisa_cpu_invept_all(void)
{
	u64 began = elisa_ledger_invept_begin();

	on_each_cpu(invept_global, &began, 1);
	elisa_ledger_invept_end(began);
}
