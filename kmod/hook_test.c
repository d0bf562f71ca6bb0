// SPDX-License-Identifier: GPL-2.0-only
/*
 * Whether a hook fires, gets the argument, and redirects a call is a property of
 * the kernel's configuration, of what else traces it, and of sysctls.  The hooks
 * on KVM would show it when the first VM is enrolled; this shows it when the
 * module is loaded, with a hook of the same kind on a function of our own.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/compiler.h>
#include <linux/errno.h>
#include <linux/ftrace.h>
#include <linux/printk.h>

#include "compat/ftrace.h"
#include "hook_test.h"

enum { NOT_REDIRECTED, REDIRECTED };

/* What the hook has seen; only the thread that loads the module runs it. */
static void *seen;

static noinline int subject(void *arg)
{
	barrier();
	return NOT_REDIRECTED;
}

static noinline int replacement(void *arg)
{
	barrier();
	return REDIRECTED;
}

static void notrace on_call(unsigned long ip, unsigned long parent_ip,
			    struct ftrace_ops *ops,
			    struct elisa_ftrace_regs *fregs)
{
	seen = elisa_ftrace_arg0(fregs);
	elisa_ftrace_redirect(fregs, replacement);
}

/* As those of hooks.c that redirect. */
static struct ftrace_ops ops = {
	.func = on_call,
	.flags = FTRACE_OPS_FL_PERMANENT | FTRACE_OPS_FL_IPMODIFY |
		 ELISA_FTRACE_FLAGS,
};

/**
 * elisa_hook_test() - does a hook fire and redirect on this very kernel?
 *
 * Context: module init; sleeps.
 * Return: 0, or -errno with one line in the log.
 */
int elisa_hook_test(void)
{
	int (*call)(void *arg) = subject;
	int hooked, after, err;

	/* The compiler must not know what is called, and what that returns. */
	OPTIMIZER_HIDE_VAR(call);
	err = elisa_ftrace_init();
	if (err)
		return err;
	err = ftrace_set_filter_ip(&ops, (unsigned long)subject, 0, 1);
	if (!err)
		err = register_ftrace_function(&ops);
	if (err) {
		elisa_ftrace_free(&ops);
		/* The only reason for it: __register_ftrace_function(). */
		if (err == -EBUSY)
			pr_err("the sysctl kernel.ftrace_enabled is 0: hooks need 1\n");
		else
			pr_err("this kernel cannot hook a function (%d)\n",
			       err);
		return err;
	}
	hooked = call(&ops);
	err = unregister_ftrace_function(&ops);
	after = call(&ops);
	elisa_ftrace_free(&ops);
	if (err || seen != &ops || hooked != REDIRECTED ||
	    after != NOT_REDIRECTED) {
		pr_err("hooks do not work on this kernel (%d: saw %s, returned %d, then %d)\n",
		       err, seen == &ops ? "the argument" : "something else",
		       hooked, after);
		return -EOPNOTSUPP;
	}
	return 0;
}
