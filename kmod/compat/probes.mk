# SPDX-License-Identifier: GPL-2.0-only
#
# What the headers of this kernel have.  A search in them instead of a version
# number, because distributions backport, and because the preprocessor sees
# neither members nor enumerators.
#
# $(call elisa-probe,WORD,HEADER,MACRO): define MACRO if HEADER has WORD

elisa-probe = $(if $(shell grep -w '$(1)' $(srctree)/$(2)),-DELISA_HAVE_$(3))

kvm_host := arch/x86/include/asm/kvm_host.h

ccflags-y += $(call elisa-probe,VCPU_REG_RIP,$(kvm_host),ARCH_RIP)
ccflags-y += $(call elisa-probe,exception_vmexit,$(kvm_host),EXCEPTION_VMEXIT)
ccflags-y += $(call elisa-probe,nla_strscpy,include/net/netlink.h,NLA_STRSCPY)
ccflags-y += $(call elisa-probe,cap_sys_admin,include/net/genetlink.h,GENL_CAP_SYS_ADMIN)
ccflags-y += $(call elisa-probe,resv_start_op,include/net/genetlink.h,RESV_START_OP)
ccflags-y += $(call elisa-probe,pebs_enable,$(kvm_host),PEBS_ENABLE)
ccflags-y += $(call elisa-probe,dirty_ring_size,include/linux/kvm_host.h,DIRTY_RING)
ccflags-y += $(call elisa-probe,folio_mapping,include/linux/pagemap.h,FOLIO_MAPPING)
ccflags-y += $(call elisa-probe,hrtimer_setup,include/linux/hrtimer.h,HRTIMER_SETUP)
ccflags-y += $(call elisa-probe,struct fpu \*guest_fpu,$(kvm_host),GUEST_FPU_POINTER)
