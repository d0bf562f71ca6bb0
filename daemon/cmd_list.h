/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ELISACTL_CMD_LIST_H
#define ELISACTL_CMD_LIST_H

#include <linux/types.h>

#include "nl.h"

struct cmd_env;

/* Dump CMD and print a table; FN adds a row to the struct print it gets. */
int cmd_list(const struct cmd_env *env, __u8 cmd, enl_fn fn);

#endif /* ELISACTL_CMD_LIST_H */
