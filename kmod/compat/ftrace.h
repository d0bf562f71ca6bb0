/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Arguments and redirection in an ftrace callback.
 *
 * With CONFIG_HAVE_DYNAMIC_FTRACE_WITH_ARGS (x86: since 5.11) a callback that
 * does not ask for all registers still gets the arguments and may change the
 * instruction pointer.
 */
#ifndef ELISA_COMPAT_FTRACE_H
#define ELISA_COMPAT_FTRACE_H

#include <linux/ftrace.h>

#ifndef CONFIG_DYNAMIC_FTRACE_WITH_ARGS
#error "elisa needs CONFIG_DYNAMIC_FTRACE_WITH_ARGS (x86: 5.11 and later)"
#endif

static __always_inline void *elisa_ftrace_arg0(struct ftrace_regs *fregs)
{
	return (void *)fregs->regs.di;
}

static __always_inline void elisa_ftrace_redirect(struct ftrace_regs *fregs,
						  void *function)
{
	ftrace_instruction_pointer_set(fregs, (unsigned long)function);
}

#endif /* ELISA_COMPAT_FTRACE_H */
