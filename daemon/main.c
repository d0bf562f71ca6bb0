// SPDX-License-Identifier: GPL-2.0-only
#include <getopt.h>
#include <signal.h>
#include <stdio.h>

#include "cmd.h"
#include "version.h"

static int cmd_help(const struct cmd_env *env, int argc, char **argv);

static const struct cmd nouns[] = {
	{ "info", cmd_info, "", "the module as a whole" },
	{ "vm", cmd_vm, "list", "enrolled VMs" },
	{ "vm", cmd_vm, "del ID|NAME", "take all rights from a VM" },
	{ "vm", cmd_vm, "enrol --pid PID [--fd N] [--name NAME] [--uuid UUID]\n"
	  "          [--export PATTERN]... [--attach PATTERN[:{ro|rw}[k][f]]]...\n"
	  "          [--limit KEY=VALUE]... [--pcid intercept|deny|trust]",
	  "enrol a VM by hand" },
	{ "vm", cmd_vm, "set ID|NAME [--export PATTERN]...\n"
	  "          [--attach PATTERN[:{ro|rw}[k][f]]]... [--limit KEY=VALUE]...\n"
	  "          [--pcid intercept|deny|trust]",
	  "give an enrolled VM another policy, by hand" },
	{ "export", cmd_export, "list", "what VMs and the host share" },
	{ "export", cmd_export, "add NAME IMAGE [--data MIB] [--trust full|sealed]",
	  "share code and memory of the host" },
	{ "export", cmd_export, "del ID|NAME", "the same as revoke" },
	{ "attachment", cmd_attachment, "list", "which VM uses which export" },
	{ "attachment", cmd_attachment, "del [--forget] ID",
	  "end one VM's use of an export" },
	{ "revoke", cmd_revoke, "ID|NAME", "end an export and its use, now" },
	{ "stats", cmd_stats, "[VM]", "counters" },
	{ "monitor", cmd_monitor, "", "live events" },
	{ "policy", cmd_policy, "check [FILE]...", "look for mistakes" },
	{ "policy", cmd_policy, "diff [FILE]...",
	  "what `policy reload` would change, for each VM" },
	{ "policy", cmd_policy, "reload",
	  "make the files the policy, also of VMs that are enrolled" },
	{ "policy", cmd_policy, "show ID|NAME", "what a VM may do now" },
	{ "doctor", cmd_doctor, "[--probe]",
	  "does this host have what ELISA needs?" },
	{ "daemon", cmd_daemon, "[--config FILE] [--socket PATH] [--verbose]",
	  "enrol VMs as the policy says" },
	{ "help", cmd_help, "", "this text" },
	{ }
};

static void print_help(FILE *to)
{
	const struct cmd *cmd;

	fprintf(to, "usage: elisactl [-j] COMMAND\n"
		"       elisactl -V | -h\n\n");
	for (cmd = nouns; cmd->name; cmd++)
		fprintf(to, "  %s %s\n          %s\n", cmd->name, cmd->args,
			cmd->help);
	fprintf(to, "\n  -j, --json     print JSON\n"
		"  -V, --version  print the version\n"
		"  -h, --help     print this text\n");
}

static int cmd_help(const struct cmd_env *env, int argc, char **argv)
{
	(void)env;
	(void)argc;
	(void)argv;
	print_help(stdout);
	return CMD_OK;
}

static const struct option options[] = {
	{ "json", no_argument, NULL, 'j' },
	{ "version", no_argument, NULL, 'V' },
	{ "help", no_argument, NULL, 'h' },
	{ }
};

int main(int argc, char **argv)
{
	struct cmd_env env = { 0 };
	int opt;

	/* A closed pipe is an error to report, not a reason to die silently. */
	signal(SIGPIPE, SIG_IGN);

	/* '+': what follows the noun is the command's. */
	while ((opt = getopt_long(argc, argv, "+jVh", options, NULL)) != -1) {
		switch (opt) {
		case 'j':
			env.json = true;
			break;
		case 'V':
			printf("elisactl %s\n", ELISACTL_VERSION);
			return CMD_OK;
		case 'h':
			print_help(stdout);
			return CMD_OK;
		default:
			fputs("try 'elisactl help'\n", stderr);
			return CMD_USAGE;
		}
	}
	if (optind == argc) {
		print_help(stderr);
		return CMD_USAGE;
	}
	return cmd_dispatch(nouns, NULL, &env, argc - optind, argv + optind);
}
