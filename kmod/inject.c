// SPDX-License-Identifier: GPL-2.0-only
/*
 * Fault injection of debug builds: see inject.h.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/delay.h>
#include <linux/kernel.h>
#include <linux/minmax.h>
#include <linux/moduleparam.h>
#include <linux/printk.h>
#include <linux/spinlock.h>
#include <linux/sysfs.h>

#include "inject.h"
#include "ledger.h"
#include "vm.h"

/* Nothing of this is used by a hook, nor with a lock of ours that is raw. */
static DEFINE_SPINLOCK(inject_lock);
static unsigned int left, points, failed;

static bool pass(unsigned int kind, void *caller)
{
	unsigned int n;
	bool fail;

	spin_lock(&inject_lock);
	n = ++points;
	fail = left && !--left;
	if (fail)
		failed = kind;
	spin_unlock(&inject_lock);
	if (fail)
		pr_info("inject: point %u fails, in %ps\n", n, caller);
	return fail;
}

/** elisa_inject() - shall what is asked for now be refused? */
bool elisa_inject(void)
{
	return pass(1, __builtin_return_address(0));
}

/** elisa_inject_event() - the same, for an event that may be lost */
bool elisa_inject_event(void)
{
	return pass(2, __builtin_return_address(0));
}

static unsigned int linger;
module_param(linger, uint, 0600);
MODULE_PARM_DESC(linger,
		 "debug: microseconds before an entry out of a fast path");

/** elisa_inject_linger() - wait as long as 'linger' says; any context */
void elisa_inject_linger(void)
{
	udelay(min(READ_ONCE(linger), 100U));
}

static int set_inject(const char *text, const struct kernel_param *param)
{
	unsigned int n;
	int err = kstrtouint(text, 0, &n);

	if (err)
		return err;
	spin_lock(&inject_lock);
	left = n;
	points = 0;
	failed = 0;
	spin_unlock(&inject_lock);
	return 0;
}

static int get_inject(char *text, const struct kernel_param *param)
{
	int n;

	spin_lock(&inject_lock);
	n = sysfs_emit(text, "%u %u %u\n", left, points, failed);
	spin_unlock(&inject_lock);
	return n;
}

static const struct kernel_param_ops inject_ops = {
	.set = set_inject,
	.get = get_inject,
};

module_param_cb(inject, &inject_ops, NULL, 0600);
MODULE_PARM_DESC(inject, "debug: fail the Nth allocation from now");

/** struct figures - sums over all VMs */
struct figures {
	unsigned int attachments, exports, instances, pinned, armed;
};

static int add_figures(struct elisa_vm *vm, void *arg)
{
	struct figures *f = arg;

	f->attachments += atomic_read(&vm->stats.attachments);
	f->exports += atomic_read(&vm->stats.exports);
	f->instances += atomic_read(&vm->stats.instances);
	f->pinned += atomic_read(&vm->stats.pinned_pages);
	f->armed += atomic_read(&vm->stats.armed);
	return 0;
}

static int get_figures(char *text, const struct kernel_param *param)
{
	struct figures f = {};

	elisa_vm_for_each(add_figures, 0, &f);
	return sysfs_emit(text, "%u %u %u %u %u %u\n", f.attachments, f.exports,
			  f.instances, f.pinned, f.armed, elisa_ledger_pages());
}

static const struct kernel_param_ops figures_ops = {
	.get = get_figures,
};

module_param_cb(figures, &figures_ops, NULL, 0400);
MODULE_PARM_DESC(figures, "debug: what all VMs use");
