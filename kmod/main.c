// SPDX-License-Identifier: GPL-2.0-only
/*
 * elisa: Exit-Less, Isolated, and Shared Access for virtual machines on stock
 * KVM.  docs/ARCHITECTURE.md says how it works.
 */
#include <linux/module.h>

#include "cpu.h"
#include "fpu.h"
#include "hook_test.h"
#include "hooks.h"
#include "inject.h"
#include "kvm_internal.h"
#include "ledger.h"
#include "netlink.h"
#include "vm.h"

#define CREATE_TRACE_POINTS
#include "trace.h"

static int __init elisa_init(void)
{
	int err;

	err = elisa_cpu_check();
	if (err)
		return err;
	err = elisa_hook_test();
	if (err)
		return err;
	err = elisa_kvm_internal_init();
	if (err)
		return err;
	err = elisa_hooks_check();
	if (err)
		return err;
	elisa_fpu_init();
	err = elisa_vm_init();
	if (err)
		return err;
	err = elisa_inject() ? -ENOMEM :
			       genl_register_family(&elisa_genl_family);
	if (err) {
		elisa_vm_exit();
		return err;
	}
	return 0;
}

/* No VM is enrolled: each holds a reference to the module. */
static void __exit elisa_exit(void)
{
	genl_unregister_family(&elisa_genl_family);
	elisa_vm_exit();
	elisa_hooks_exit();
	elisa_ledger_exit();
}

module_init(elisa_init);
module_exit(elisa_exit);

MODULE_DESCRIPTION("Exit-Less, Isolated, and Shared Access for VMs");
MODULE_AUTHOR("The ELISA developers");
MODULE_LICENSE("GPL");
MODULE_VERSION(ELISA_VERSION);
MODULE_ALIAS_GENL_FAMILY(ELISA_GENL_NAME);
MODULE_SOFTDEP("pre: kvm_intel");
