/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ELISACTL_CMD_LIST_H
#define ELISACTL_CMD_LIST_H

#include <linux/types.h>

#include "nl.h"

struct cmd_env;

/* Dump CMD and print a table; FN adds a row to the struct print it gets. */
int cmd_list(const struct cmd_env *env, __u8 cmd, enl_fn fn);

/*
 * The same, but print the one with the ID that WHAT names.  FIND is one of
 * find.h's, or NULL when only a number will do; KIND is for messages.
 */
int cmd_show(const struct cmd_env *env, __u8 cmd, enl_fn fn, const char *kind,
	     int (*find)(struct enl *enl, const char *what, __u32 *id),
	     const char *what);

#endif /* ELISACTL_CMD_LIST_H */
