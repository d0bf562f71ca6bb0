// SPDX-License-Identifier: GPL-2.0-only
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "cmd.h"
#include "compiler.h"
#include "log.h"

static bool is_help_option(const char *word)
{
	return !strcmp(word, "-h") || !strcmp(word, "--help");
}

/* An option for all commands behind one, where many programs want it. */
static const char *misplaced(int argc, char **argv)
{
	static const char *const options[] = {
		"-j",
		"--json",
		"-p",
		"--pretty",
	};
	size_t k;
	int i;

	/* Behind another option it may be that one's value. */
	for (i = 1; i < argc && argv[i - 1][0] != '-'; i++) {
		for (k = 0; k < ARRAY_SIZE(options); k++) {
			if (!strcmp(argv[i], options[k]))
				return options[k];
		}
	}
	return NULL;
}

int cmd_dispatch(const struct cmd *table, const char *noun,
		 const struct cmd_env *env, int argc, char **argv)
{
	const struct cmd *cmd, *found = NULL;
	static char full[64];
	const char *name = argc ? argv[0] : table->name;
	const char *option = noun ? NULL : misplaced(argc, argv);

	if (noun && (!strcmp(name, "help") || is_help_option(name)))
		return cmd_print_help(stdout, noun) ? CMD_OK : CMD_FAILED;

	for (cmd = table; cmd->name; cmd++) {
		if (!strcmp(cmd->name, name)) {
			found = cmd;
			break;
		}
		if (!*name || strncmp(cmd->name, name, strlen(name)))
			continue;
		/* A noun with several lines in the help is still one. */
		if (found && found->run != cmd->run) {
			complain("'%s' may be '%s' or '%s': write more of it",
				 name, found->name, cmd->name);
			return CMD_USAGE;
		}
		found = cmd;
	}
	if (!found) {
		complain("unknown command '%s%s%s'; try 'elisactl %s%shelp'",
			 noun ? noun : "", noun ? " " : "", name,
			 noun ? noun : "", noun ? " " : "");
		return CMD_USAGE;
	}
	/* Not the word: "revoke help" is about an export that is called so. */
	if (argc == 2 && is_help_option(argv[1]))
		return cmd_print_help(stdout, noun ? noun : found->name) ?
			       CMD_OK :
			       CMD_FAILED;
	if (option) {
		complain("%s goes before the command: elisactl %s %s ...",
			 option, option, found->name);
		return CMD_USAGE;
	}
	if (argc) {
		/* getopt() begins its complaints with it. */
		snprintf(full, sizeof(full), "elisactl %s%s%s",
			 noun ? noun : "", noun ? " " : "", found->name);
		argv[0] = full;
	}
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
