/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Copies of a guest's vector state in memory, while the registers hold it.
 *
 * Before 5.16 KVM shows its VMM the x87 and SSE part of the XSAVE image as it is
 * in memory, even where the image's header says "initial".  XSAVE with the init
 * optimization (SDM vol. 1, 13.6) does not write a component that is initial, so
 * what was there before stays.  Since 5.16, where the guest's buffer is no struct fpu
 * any more, the header decides.
 */
#ifndef ELISA_COMPAT_FPU_H
#define ELISA_COMPAT_FPU_H

#include <linux/kvm_host.h>
#include <linux/sched.h>
#include <linux/string.h>
#include <linux/thread_info.h>

#ifdef ELISA_HAVE_GUEST_FPU_POINTER

static inline void elisa_fpu_clear_copy(struct fpu *fpu)
{
	memset(fpu->state.fxsave.st_space, 0,
	       sizeof(fpu->state.fxsave.st_space));
	memset(fpu->state.fxsave.xmm_space, 0,
	       sizeof(fpu->state.fxsave.xmm_space));
}

/*
 * The registers are loaded and interrupts off, so nothing reads the copies.
 * The next save writes them in full, but for what is initial: the registers were
 * not loaded from them (SDM vol. 1, 13.6, modified optimization).
 */
static inline void elisa_fpu_clear_copies(struct kvm_vcpu *vcpu)
{
	elisa_fpu_clear_copy(&current->thread.fpu);
	if (vcpu->arch.guest_fpu)
		elisa_fpu_clear_copy(vcpu->arch.guest_fpu);
}

#else

static inline void elisa_fpu_clear_copies(struct kvm_vcpu *vcpu)
{
}

#endif

#endif /* ELISA_COMPAT_FPU_H */
