/* SPDX-License-Identifier: GPL-2.0-only */
/* Hooks on stock KVM, installed while any VM is enrolled. */
#ifndef ELISA_HOOKS_H
#define ELISA_HOOKS_H

#include <linux/types.h>

struct module;

int elisa_hooks_check(void);
int elisa_hooks_get(struct module *kvm_vendor);
void elisa_hooks_put(void);
bool elisa_hooks_installed(void);
void elisa_hooks_exit(void);

#endif /* ELISA_HOOKS_H */
