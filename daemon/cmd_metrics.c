// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "cmd.h"
#include "log.h"
#include "metrics.h"
#include "nl.h"
#include "replace_file.h"
#include "snapshot.h"

static const struct option options[] = {
	{ "output", required_argument, NULL, 'o' },
	{},
};

static void write_metrics(FILE *to, const void *arg)
{
	metrics_print(to, arg);
}

static int put(const struct snapshot *snapshot, const char *output)
{
	int ret;

	if (output) {
		ret = replace_file(output, write_metrics, snapshot);
		if (ret)
			complain("cannot write %s: %s", output, strerror(-ret));
		return ret;
	}
	metrics_print(stdout, snapshot);
	if (fflush(stdout) || ferror(stdout)) {
		complain("cannot write to standard output");
		return -EIO;
	}
	return 0;
}

int cmd_metrics(const struct cmd_env *env, int argc, char **argv)
{
	struct snapshot snapshot;
	const char *output = NULL;
	struct enl enl;
	int opt, ret;

	(void)env;
	optind = 1;
	while ((opt = getopt_long(argc, argv, "o:", options, NULL)) != -1) {
		if (opt != 'o')
			return CMD_USAGE;
		output = optarg;
	}
	if (optind != argc) {
		cmd_args(0, 1, 1, "metrics [--output FILE]");
		return CMD_USAGE;
	}
	ret = enl_open(&enl);
	if (!ret)
		ret = snapshot_take(&enl, &snapshot);
	if (ret) {
		/* Old figures must not look as if they were of now. */
		complain("%s", enl.error);
		put(NULL, output);
	} else {
		ret = put(&snapshot, output);
		snapshot_free(&snapshot);
	}
	enl_close(&enl);
	return ret ? CMD_FAILED : CMD_OK;
}
