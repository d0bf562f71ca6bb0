/* SPDX-License-Identifier: GPL-2.0-only */
/* Reading of MSRs: rdmsrl_safe() is rdmsrq_safe() since 6.16. */
#ifndef ELISA_COMPAT_MSR_H
#define ELISA_COMPAT_MSR_H

#include <asm/msr.h>

#ifdef rdmsrq
#define elisa_rdmsr_safe(msr, value) rdmsrq_safe(msr, value)
#else
#define elisa_rdmsr_safe(msr, value) rdmsrl_safe(msr, value)
#endif

#endif /* ELISA_COMPAT_MSR_H */
