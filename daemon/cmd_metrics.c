// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cmd.h"
#include "log.h"
#include "metrics.h"
#include "metrics_listen.h"
#include "metrics_serve.h"
#include "nl.h"
#include "replace_file.h"
#include "snapshot.h"

static const struct option options[] = {
	{ "listen", optional_argument, NULL, 'l' },
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

/* Anew each time: the module may go and come back meanwhile. */
static void write_now(FILE *to)
{
	struct snapshot snapshot;
	struct enl enl;
	int ret;

	ret = enl_open(&enl);
	if (!ret)
		ret = snapshot_take(&enl, &snapshot);
	metrics_print(to, ret ? NULL : &snapshot);
	if (!ret)
		snapshot_free(&snapshot);
	enl_close(&enl);
}

static int serve(const char *where)
{
	char why[METRICS_LISTEN_WHY_SIZE];
	int fd, ret;

	fd = metrics_listen(where, why);
	if (fd < 0) {
		complain("%s", why);
		return fd == -EINVAL ? CMD_USAGE : CMD_FAILED;
	}
	ret = metrics_serve(fd, write_now);
	close(fd);
	if (where && *where == '/')
		unlink(where);
	return ret;
}

static int print_once(const char *output)
{
	struct snapshot snapshot;
	struct enl enl;
	int ret;

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

int cmd_metrics(const struct cmd_env *env, int argc, char **argv)
{
	const char *output = NULL, *where = NULL;
	bool listens = false;
	int opt;

	(void)env;
	optind = 1;
	while ((opt = getopt_long(argc, argv, "o:", options, NULL)) != -1) {
		switch (opt) {
		case 'l':
			listens = true;
			where = optarg;
			break;
		case 'o':
			output = optarg;
			break;
		default:
			return CMD_USAGE;
		}
	}
	if (optind != argc || (listens && output)) {
		cmd_args(0, 1, 1,
			 "metrics [--output FILE | --listen[=[ADDRESS:]PORT|PATH]]");
		return CMD_USAGE;
	}
	return listens ? serve(where) : print_once(output);
}
