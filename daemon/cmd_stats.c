// SPDX-License-Identifier: GPL-2.0-only
#include <stdlib.h>

#include "cmd.h"
#include "figures.h"
#include "find.h"
#include "log.h"
#include "nl.h"
#include "nl_vm.h"
#include "print.h"

struct stats {
	struct print print;
	__u32 only; /* 0: all VMs */
	unsigned int count;
};

static void stats_restart(void *arg)
{
	struct stats *stats = arg;

	stats->count = 0;
	print_restart(&stats->print);
}

static int on_vm(struct nlmsghdr *nlh, void *arg)
{
	struct stats *stats = arg;
	struct enl_vm vm;
	const struct figure *f;
	int ret;

	ret = enl_vm_decode(nlh, &vm);
	if (ret || (stats->only && vm.id != stats->only))
		return ret;
	stats->count++;
	print_row(&stats->print);
	print_uint(&stats->print, "id", vm.id);
	print_text(&stats->print, "name", vm.name);
	for (f = figures; f->key; f++) {
		if (vm.has_stats)
			print_uint(&stats->print, f->key, vm.stat[f->attr]);
		else
			print_none(&stats->print, f->key);
	}
	return 0;
}

int cmd_stats(const struct cmd_env *env, int argc, char **argv)
{
	struct stats stats = { 0 };
	struct enl enl;
	int ret;

	if (!cmd_args(argc, 1, 2, "stats [VM]"))
		return CMD_USAGE;
	print_begin(&stats.print, env->json);
	ret = enl_open(&enl);
	if (!ret && argc == 2)
		ret = find_vm(&enl, argv[1], &stats.only);
	if (!ret)
		ret = enl_dump(&enl, ELISA_CMD_VM_GET, on_vm, stats_restart,
			       &stats);
	if (ret)
		complain("%s", enl.error);
	enl_close(&enl);
	if (!ret && stats.only && !stats.count) {
		complain("there is no VM '%s'", argv[1]);
		ret = -1;
	}
	if (ret) {
		print_drop(&stats.print);
		return CMD_FAILED;
	}
	/* One VM reads best with a line for each figure. */
	return stats.only ? print_object(&stats.print) :
			    print_table(&stats.print);
}
