// SPDX-License-Identifier: GPL-2.0-only
/*
 * The only place where the module looks up a symbol.  kallsyms_lookup_name()
 * has not been exported since 5.7; a kprobe, registered and removed at once,
 * tells the address.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/kprobes.h>
#include <linux/printk.h>
#include <linux/types.h>

#include "inject.h"
#include "symbols.h"

#define ENDBR64_LEN 4

/* With IBT a kprobe on a function sits behind its ENDBR64 (F3 0F 1E FA). */
static bool behind_endbr(const u8 *addr)
{
	return addr[-4] == 0xf3 && addr[-3] == 0x0f && addr[-2] == 0x1e &&
	       addr[-1] == 0xfa;
}

static int look_up(const char *name, unsigned long *addr)
{
	struct kprobe probe = { .symbol_name = name };
	int err = register_kprobe(&probe);

	if (err)
		return err;
	*addr = (unsigned long)probe.addr;
	unregister_kprobe(&probe);
	return 0;
}

/**
 * elisa_symbol_check() - would elisa_symbol() find a function?
 * @name: as for elisa_symbol()
 *
 * Context: sleeps.
 * Return: 0, -ENOENT when there is none of that name, or another error of
 * register_kprobe() when it must not be probed.
 */
int elisa_symbol_check(const char *name)
{
	unsigned long addr;

	return look_up(name, &addr);
}

/**
 * elisa_symbol_refused() - one line in the log about a failed look-up
 * @name: the function
 * @err: -errno of the look-up
 */
void elisa_symbol_refused(const char *name, int err)
{
	if (err == -ENOMEM)
		pr_err("out of memory when looking up %s\n", name);
	else
		pr_err("this kernel has no %s that can be hooked (%d)\n", name,
		       err);
}

/**
 * elisa_symbol() - address of a kernel or module function
 * @name: its name; the module must not have a symbol of that name itself, the
 *	look-up would find that one
 *
 * Context: sleeps.
 * Return: the address where a call would go, or 0 with one line in the log.
 */
unsigned long elisa_symbol(const char *name)
{
	unsigned long addr;
	int err;

	err = elisa_inject() ? -ENOMEM : look_up(name, &addr);
	if (err) {
		elisa_symbol_refused(name, err);
		return 0;
	}
	return behind_endbr((u8 *)addr) ? addr - ENDBR64_LEN : addr;
}
