/* SPDX-License-Identifier: GPL-2.0-only */
/* What the CPU offers, and cross-CPU operations. */
#ifndef ELISA_CPU_H
#define ELISA_CPU_H

#include <linux/types.h>

int elisa_cpu_check(void);
bool elisa_cpu_has_vmfunc(void);
u64 elisa_cpu_special_base(void);
u64 elisa_cpu_exec_rights(void);
void elisa_cpu_kick_all(void);
void elisa_cpu_invept_all(void);

#endif /* ELISA_CPU_H */
