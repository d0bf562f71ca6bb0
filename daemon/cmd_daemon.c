// SPDX-License-Identifier: GPL-2.0-only
#include <getopt.h>
#include <stddef.h>

#include "cmd.h"
#include "control.h"
#include "daemon.h"
#include "log.h"
#include "policy_yaml.h"

static const struct option options[] = {
	{ "config", required_argument, NULL, 'c' },
	{ "socket", required_argument, NULL, 's' },
	{ "verbose", no_argument, NULL, 'v' },
	{ "foreground", no_argument, NULL, 'f' },
	{},
};

int cmd_daemon(const struct cmd_env *env, int argc, char **argv)
{
	const char *config = POLICY_DEFAULT_FILE;
	const char *control = CONTROL_DEFAULT_SOCKET;
	enum log_level level = LOG_LEVEL_INFO;
	int opt;

	(void)env;
	optind = 1;
	while ((opt = getopt_long(argc, argv, "c:vf", options, NULL)) != -1) {
		switch (opt) {
		case 'c':
			config = optarg;
			break;
		case 's':
			control = optarg;
			break;
		case 'v':
			level = LOG_LEVEL_DEBUG;
			break;
		case 'f':
			break; /* it always is */
		default:
			return CMD_USAGE;
		}
	}
	if (optind != argc) {
		cmd_args(0, 1, 1,
			 "daemon [--config FILE] [--socket PATH] [--verbose]");
		return CMD_USAGE;
	}
	log_init(level);
	return daemon_run(config, control);
}
