// SPDX-License-Identifier: GPL-2.0-only
/*
 * Vector state is saved and scrubbed when a call is interrupted in sub and
 * loaded when it is resumed, because KVM and the guest see the registers in
 * between.
 */
#include <linux/lockdep.h>
#include <linux/string.h>
#include <linux/thread_info.h>
#include <asm/cpufeature.h>
#include <asm/fpu/api.h>
#include <asm/fpu/xcr.h>

#include "compat/fpu.h"
#include "fpu.h"
#include "kvm_internal.h"

#define STATE_FP_SSE	  0x3ULL  /* x87, SSE */
#define STATE_VECTOR	  0xe7ULL /* and AVX, AVX-512 */
#define XSAVE_HEADER	  512
#define XSAVE_HEADER_SIZE 64

static u8 init_area[ELISA_FPU_AREA] __aligned(64);

/** elisa_fpu_init() - prepare the initial state that scrubbing loads */
void elisa_fpu_init(void)
{
	*(u16 *)init_area = 0x37f;	   /* x87 control word */
	*(u32 *)(init_area + 24) = 0x1f80; /* MXCSR */
}

/**
 * elisa_fpu_mask() - state components that this guest can hold
 * @vcpu: the vCPU
 *
 * PKRU is KVM's to switch and WRPKRU is refused in sub images; AMX tiles are
 * not saved (docs: README, limits).
 */
u64 elisa_fpu_mask(struct kvm_vcpu *vcpu)
{
	return STATE_FP_SSE | (vcpu->arch.xcr0 & STATE_VECTOR);
}

/*
 * The guest's state is in the registers or, after a context switch, in the
 * thread's fpstate; KVM reloads it the same way before an entry.
 */
static void load_live(void)
{
	if (test_thread_flag(TIF_NEED_FPU_LOAD))
		elisa_kvm_switch_fpu_return();
}

static void xsave(void *area, u64 mask)
{
	asm volatile("xsave64 %0"
		     : "=m"(*(u8(*)[ELISA_FPU_AREA])area)
		     : "a"((u32)mask), "d"((u32)(mask >> 32))
		     : "memory");
}

static void xrstor(const void *area, u64 mask)
{
	asm volatile("xrstor64 %0"
		     :
		     : "m"(*(const u8(*)[ELISA_FPU_AREA])area), "a"((u32)mask),
		       "d"((u32)(mask >> 32))
		     : "memory");
}

/**
 * elisa_fpu_save() - save the guest's vector state
 * @area: ELISA_FPU_AREA bytes, 64-byte aligned
 * @mask: from elisa_fpu_mask()
 *
 * Context: the vCPU's thread after an exit, host XCR0 loaded.  Interrupts are
 * off, which keeps softirqs and preemption from using the registers; the
 * kernel's own fpregs_unlock() would run softirqs here.
 */
void elisa_fpu_save(void *area, u64 mask)
{
	lockdep_assert_irqs_disabled();
	load_live();
	memset(area + XSAVE_HEADER, 0, XSAVE_HEADER_SIZE);
	xsave(area, mask & xgetbv(XCR_XFEATURE_ENABLED_MASK));
}

/**
 * elisa_fpu_scrub() - set the guest's vector state to initial values
 * @vcpu: the vCPU
 *
 * Context: as elisa_fpu_save().
 */
void elisa_fpu_scrub(struct kvm_vcpu *vcpu)
{
	lockdep_assert_irqs_disabled();
	load_live();
	xrstor(init_area, xgetbv(XCR_XFEATURE_ENABLED_MASK) & STATE_VECTOR);
	elisa_fpu_clear_copies(vcpu);
}

/**
 * elisa_fpu_load() - load a saved state right before a VM entry
 * @area: from elisa_fpu_save()
 * @mask: as it was saved; the guest's XCR0 must still have these components
 *
 * Context: interrupts off, KVM has loaded the guest's registers and maybe its
 * XCR0 already.
 */
void elisa_fpu_load(const void *area, u64 mask)
{
	xrstor(area, mask);
}
