/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Basic exit reasons that <asm/vmx.h> of older kernels does not name (SDM
 * vol. 3, appendix C): 5.10 lacks all of these, NOTIFY came in 6.0.
 */
#ifndef ELISA_COMPAT_VMX_H
#define ELISA_COMPAT_VMX_H

#include <asm/vmx.h>

#ifndef EXIT_REASON_SIPI_SIGNAL
#define EXIT_REASON_SIPI_SIGNAL 4
#endif
#ifndef EXIT_REASON_BUS_LOCK
#define EXIT_REASON_BUS_LOCK 74
#endif
#ifndef EXIT_REASON_NOTIFY
#define EXIT_REASON_NOTIFY 75
#endif

#endif /* ELISA_COMPAT_VMX_H */
