// SPDX-License-Identifier: GPL-2.0-only
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "cmd.h"
#include "log.h"

int cmd_dispatch(const struct cmd *table, const char *noun,
		 const struct cmd_env *env, int argc, char **argv)
{
	const struct cmd *cmd, *found = NULL;
	const char *name = argc ? argv[0] : table->name;

	for (cmd = table; cmd->name; cmd++) {
		if (!strcmp(cmd->name, name)) {
			found = cmd;
			break;
		}
		if (!*name || strncmp(cmd->name, name, strlen(name)))
			continue;
		/* A noun with several lines in the help is still one. */
		if (found && found->run != cmd->run) {
			complain("'%s' may be '%s' or '%s'", name, found->name,
				 cmd->name);
			return CMD_USAGE;
		}
		found = cmd;
	}
	if (!found) {
		complain("unknown command '%s%s%s'; try 'elisactl help'",
			 noun ? noun : "", noun ? " " : "", name);
		return CMD_USAGE;
	}
	/* getopt() begins its complaints with this. */
	if (argc)
		argv[0] = (char *)"elisactl";
	return found->run(env, argc, argv);
}

bool cmd_args(int argc, int min, int max, const char *usage)
{
	if (argc >= min && argc <= max)
		return true;
	complain("usage: elisactl %s", usage);
	return false;
}

__u32 cmd_id(const char *text)
{
	__u64 id = 0;

	if (!*text)
		return 0;
	for (; *text; text++) {
		if (*text < '0' || *text > '9')
			return 0;
		id = id * 10 + (*text - '0');
		if (id > UINT32_MAX)
			return 0;
	}
	return id;
}
