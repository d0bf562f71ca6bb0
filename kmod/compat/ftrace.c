// SPDX-License-Identifier: GPL-2.0-only
/*
 * What an ftrace_ops leaves behind.  ftrace_free_filter() was exported with
 * CONFIG_DYNAMIC_FTRACE_WITH_ARGS; before, it has to be looked up: at load, because a
 * look-up can fail for want of memory, and nothing can be done about that at the end.
 */
#include "ftrace.h"
#include "../symbols.h"

#ifdef CONFIG_DYNAMIC_FTRACE_WITH_ARGS
int elisa_ftrace_init(void)
{
	return 0;
}

void elisa_ftrace_free(struct ftrace_ops *ops)
{
	ftrace_free_filter(ops);
}
#else
static void (*free_filter)(struct ftrace_ops *ops);

int elisa_ftrace_init(void)
{
	free_filter = (void *)elisa_symbol("ftrace_free_filter");
	return free_filter ? 0 : -EOPNOTSUPP;
}

void elisa_ftrace_free(struct ftrace_ops *ops)
{
	free_filter(ops);
}
#endif
