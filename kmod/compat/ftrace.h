/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Arguments and redirection in an ftrace callback.
 *
 * With CONFIG_DYNAMIC_FTRACE_WITH_ARGS (x86: since 5.11) a callback that does
 * not ask for all registers still gets the arguments and may change the
 * instruction pointer.  Before, it has to ask for all of them.
 *
 * Since 6.2 there are accessors, and since 6.12 struct ftrace_regs is opaque.
 */
#ifndef ELISA_COMPAT_FTRACE_H
#define ELISA_COMPAT_FTRACE_H

#include <linux/ftrace.h>
#include <linux/ptrace.h>

#ifdef CONFIG_DYNAMIC_FTRACE_WITH_ARGS
#define elisa_ftrace_regs ftrace_regs
/* Ours cannot recurse: they call nothing that is hooked. */
#define ELISA_FTRACE_FLAGS 0

#ifdef ftrace_regs_set_instruction_pointer
#define elisa_ftrace_arg0(fregs) ((void *)ftrace_regs_get_argument(fregs, 0))
#define elisa_ftrace_redirect(fregs, function) \
	ftrace_regs_set_instruction_pointer(fregs, (unsigned long)(function))
#else
#define elisa_ftrace_arg0(fregs) ((void *)(fregs)->regs.di)
#define elisa_ftrace_redirect(fregs, function) \
	ftrace_instruction_pointer_set(fregs, (unsigned long)(function))
#endif

#elif defined(CONFIG_DYNAMIC_FTRACE_WITH_REGS)
#define elisa_ftrace_regs pt_regs
#define ELISA_FTRACE_FLAGS \
	(FTRACE_OPS_FL_SAVE_REGS | FTRACE_OPS_FL_RECURSION_SAFE)
#define elisa_ftrace_arg0(regs) ((void *)(regs)->di)
#define elisa_ftrace_redirect(regs, function) \
	instruction_pointer_set(regs, (unsigned long)(function))
#else
#error "elisa needs CONFIG_DYNAMIC_FTRACE_WITH_ARGS (or, before 5.11, _WITH_REGS)"
#endif

/**
 * elisa_ftrace_init() - before the first elisa_ftrace_free()
 *
 * Context: module init; sleeps.  Return: 0, or -EOPNOTSUPP with a line in the log.
 */
int elisa_ftrace_init(void);

/**
 * elisa_ftrace_free() - free what ftrace_set_filter_ip() has allocated
 * @ops: is not registered and never will be again
 *
 * Context: sleeps.
 */
void elisa_ftrace_free(struct ftrace_ops *ops);

#endif /* ELISA_COMPAT_FTRACE_H */
