/* SPDX-License-Identifier: GPL-2.0-only */
/* The commands: elisactl NOUN VERB ARGUMENTS. */
#ifndef ELISACTL_CMD_H
#define ELISACTL_CMD_H

#include <stdbool.h>
#include <linux/types.h>
#include <stdint.h>
#include <stdio.h>

/* Exit status */
enum {
	CMD_OK = 0,
	CMD_FAILED = 1,
	CMD_USAGE = 2,
};

/* What goes before the noun. */
struct cmd_env {
	bool json;
};

struct cmd {
	const char *name;
	int (*run)(const struct cmd_env *env, int argc, char **argv);
	const char *args; /* for the usage text */
	const char *help;
};

/*
 * Run the one that argv[0] names in full or by an unambiguous beginning;
 * without argument the first of the table.  NOUN is for messages and for the
 * verb "help", or NULL.
 */
int cmd_dispatch(const struct cmd *table, const char *noun,
		 const struct cmd_env *env, int argc, char **argv);

/* What the rows of NOUN say, or of all when it is NULL; false: there are none. */
bool cmd_print_help(FILE *to, const char *noun);

/* Complain unless argc is in this range. */
bool cmd_args(int argc, int min, int max, const char *usage);

/* A decimal number in 1..UINT32_MAX; 0 when TEXT is not one. */
__u32 cmd_id(const char *text);

/* argv[0] is the command's own name in all of these. */
int cmd_vm(const struct cmd_env *env, int argc, char **argv);
int cmd_export(const struct cmd_env *env, int argc, char **argv);
int cmd_attachment(const struct cmd_env *env, int argc, char **argv);
int cmd_revoke(const struct cmd_env *env, int argc, char **argv);
int cmd_stats(const struct cmd_env *env, int argc, char **argv);
int cmd_monitor(const struct cmd_env *env, int argc, char **argv);
int cmd_metrics(const struct cmd_env *env, int argc, char **argv);
int cmd_top(const struct cmd_env *env, int argc, char **argv);
int cmd_debug(const struct cmd_env *env, int argc, char **argv);
int cmd_info(const struct cmd_env *env, int argc, char **argv);
int cmd_policy(const struct cmd_env *env, int argc, char **argv);
int cmd_doctor(const struct cmd_env *env, int argc, char **argv);
int cmd_bench(const struct cmd_env *env, int argc, char **argv);
int cmd_version(const struct cmd_env *env, int argc, char **argv);
int cmd_daemon(const struct cmd_env *env, int argc, char **argv);

#endif /* ELISACTL_CMD_H */
