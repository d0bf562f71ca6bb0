// SPDX-License-Identifier: GPL-2.0-only
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd.h"
#include "log.h"
#include "print.h"
#include "version.h"

static int cmd_help(const struct cmd_env *env, int argc, char **argv);

/* A row for each verb; the first of a noun is what runs without a verb. */
static const struct cmd nouns[] = {
	{ "info", cmd_info, "", "the module as a whole" },
	{ "vm", cmd_vm, "list", "enrolled VMs" },
	{ "vm", cmd_vm, "show ID|NAME", "one of them" },
	{ "vm", cmd_vm, "del ID|NAME", "take all rights from a VM" },
	{ "vm", cmd_vm,
	  "enrol --pid PID [--fd N] [--name NAME] [--uuid UUID]\n"
	  "          [--export PATTERN]... [--attach PATTERN[:{ro|rw}[k][f]]]...\n"
	  "          [--limit KEY=VALUE]... [--pcid intercept|deny|trust]",
	  "enrol a VM by hand" },
	{ "vm", cmd_vm,
	  "set ID|NAME [--export PATTERN]...\n"
	  "          [--attach PATTERN[:{ro|rw}[k][f]]]... [--limit KEY=VALUE]...\n"
	  "          [--pcid intercept|deny|trust]",
	  "give an enrolled VM another policy, by hand" },
	{ "export", cmd_export, "list", "what VMs and the host share" },
	{ "export", cmd_export, "show ID|NAME", "one export" },
	{ "export", cmd_export,
	  "add NAME IMAGE [--data MIB] [--memfd PID:FD]\n"
	  "          [--trust full|sealed]",
	  "share code and memory of the host" },
	{ "export", cmd_export, "del ID|NAME", "the same as revoke" },
	{ "attachment", cmd_attachment, "list [vm ID|NAME] [export ID|NAME]",
	  "which VM uses which export" },
	{ "attachment", cmd_attachment, "show ID", "one attachment" },
	{ "attachment", cmd_attachment, "del [--forget] ID",
	  "end one VM's use of an export" },
	{ "revoke", cmd_revoke, "ID|NAME", "end an export and its use, now" },
	{ "stats", cmd_stats, "[VM]", "counters" },
	{ "monitor", cmd_monitor, "", "live events" },
	{ "top", cmd_top, "[--delay SECONDS] [--count N] [--batch]",
	  "live counters, by VM" },
	{ "metrics", cmd_metrics, "[--output FILE]",
	  "all figures in Prometheus' text format" },
	{ "metrics", cmd_metrics, "--listen[=[ADDRESS:]PORT|PATH]",
	  "the same by HTTP, to whoever asks" },
	{ "debug", cmd_debug, "[FILE]", "make an archive for a bug report" },
	{ "policy", cmd_policy, "check [FILE]...", "look for mistakes" },
	{ "policy", cmd_policy, "diff [FILE]...",
	  "what `policy reload` would change, for each VM" },
	{ "policy", cmd_policy, "reload [--socket PATH]",
	  "make the files the policy, also of VMs that are enrolled" },
	{ "policy", cmd_policy, "show ID|NAME", "what a VM may do now" },
	{ "doctor", cmd_doctor, "[--probe]",
	  "does this host have what ELISA needs?" },
	{ "bench", cmd_bench, "[--count N]",
	  "what a call costs on this host, and what a VMCALL does" },
	{ "daemon", cmd_daemon, "[--config FILE] [--socket PATH] [--verbose]",
	  "enrol VMs as the policy says" },
	{ "version", cmd_version, "", "the version of elisactl" },
	{ "help", cmd_help, "[COMMAND]", "this text, or that of one command" },
	{},
};

bool cmd_print_help(FILE *to, const char *noun)
{
	const struct cmd *cmd;
	bool any = false;

	for (cmd = nouns; cmd->name; cmd++) {
		if (noun && strcmp(cmd->name, noun))
			continue;
		fprintf(to, "  %s%s%s\n          %s\n", cmd->name,
			*cmd->args ? " " : "", cmd->args, cmd->help);
		any = true;
	}
	return any;
}

static void print_help(FILE *to)
{
	fprintf(to, "usage: elisactl [OPTIONS] COMMAND\n"
		    "       elisactl -V | -h\n\n");
	cmd_print_help(to, NULL);
	fprintf(to,
		"\n  -j, --json     print JSON\n"
		"  -p, --pretty   print JSON with line breaks\n"
		"  --color[=auto|always|never]\n"
		"                 colours; without it on a terminal only\n"
		"  -V, --version  print the version\n"
		"  -h, --help     print this text\n"
		"\nWords can be abbreviated; 'elisactl help COMMAND' tells of one command.\n");
}

static int cmd_help(const struct cmd_env *env, int argc, char **argv)
{
	char option[] = { "--help" }, *words[2];

	if (!cmd_args(argc, 1, 2, "help [COMMAND]"))
		return CMD_USAGE;
	if (argc == 2) {
		words[0] = argv[1];
		words[1] = option;
		return cmd_dispatch(nouns, NULL, env, 2, words);
	}
	print_help(stdout);
	return CMD_OK;
}

int cmd_version(const struct cmd_env *env, int argc, char **argv)
{
	struct print print;

	(void)argv;
	if (!cmd_args(argc, 1, 1, "version"))
		return CMD_USAGE;
	print_begin(&print, env->json);
	print_row(&print);
	print_text(&print, "version", ELISACTL_VERSION);
	return print_line(&print, "elisactl " ELISACTL_VERSION);
}

enum {
	OPT_COLOR = 0x100,
};

static const struct option options[] = {
	{ "json", no_argument, NULL, 'j' },
	{ "pretty", no_argument, NULL, 'p' },
	{ "color", optional_argument, NULL, OPT_COLOR },
	{ "version", no_argument, NULL, 'V' },
	{ "help", no_argument, NULL, 'h' },
	{},
};

/* As no-color.org has it, and for terminals that know no escape sequences. */
static bool color_auto(void)
{
	const char *no = getenv("NO_COLOR"), *term = getenv("TERM");

	return isatty(STDOUT_FILENO) && !(no && *no) &&
	       !(term && !strcmp(term, "dumb"));
}

/* false: there is no such value */
static bool parse_color(const char *text, bool *color)
{
	if (!text || !strcmp(text, "always"))
		*color = true;
	else if (!strcmp(text, "never"))
		*color = false;
	else if (!strcmp(text, "auto"))
		*color = color_auto();
	else
		return false;
	return true;
}

int main(int argc, char **argv)
{
	bool pretty = false, color = color_auto();
	struct cmd_env env = { 0 };
	int opt;

	/* A closed pipe is an error to report, not a reason to die silently. */
	signal(SIGPIPE, SIG_IGN);

	/* '+': what follows the noun is the command's. */
	while ((opt = getopt_long(argc, argv, "+jpVh", options, NULL)) != -1) {
		switch (opt) {
		case 'p':
			pretty = true;
			env.json = true;
			break;
		case 'j':
			env.json = true;
			break;
		case OPT_COLOR:
			if (parse_color(optarg, &color))
				break;
			complain("--color is auto, always or never, not '%s'",
				 optarg);
			return CMD_USAGE;
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
	print_style(pretty, color);
	return cmd_dispatch(nouns, NULL, &env, argc - optind, argv + optind);
}
