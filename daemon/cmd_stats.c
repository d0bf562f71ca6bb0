// SPDX-License-Identifier: GPL-2.0-only
#include <stdlib.h>

#include "cmd.h"
#include "compiler.h"
#include "find.h"
#include "log.h"
#include "nl.h"
#include "nl_vm.h"
#include "print.h"

static const struct {
	unsigned int attr;
	const char *key;
} columns[] = {
	{ ELISA_STAT_A_ARMED_VCPUS, "armed_vcpus" },
	{ ELISA_STAT_A_ATTACHMENTS, "attachments" },
	{ ELISA_STAT_A_EXPORTS, "exports" },
	{ ELISA_STAT_A_INSTANCES, "instances" },
	{ ELISA_STAT_A_PINNED_PAGES, "pinned_pages" },
	{ ELISA_STAT_A_ATTACHES, "attaches" },
	{ ELISA_STAT_A_DENIED, "denied" },
	{ ELISA_STAT_A_AEX, "aex" },
	{ ELISA_STAT_A_RESUMES, "resumes" },
	{ ELISA_STAT_A_GATE_EXITS, "gate_exits" },
	{ ELISA_STAT_A_FAULTS, "faults" },
	{ ELISA_STAT_A_BUSY, "busy" },
	{ ELISA_STAT_A_WAITS, "waits" },
	{ ELISA_STAT_A_YIELDS, "yields" },
	{ ELISA_STAT_A_ABORTED, "aborted" },
	{ ELISA_STAT_A_SUSPENDED, "suspended" },
	{ ELISA_STAT_A_SECTIONS, "sections" },
};

struct stats {
	struct print print;
	__u32 only;		/* 0: all VMs */
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
	unsigned int i;
	int ret;

	ret = enl_vm_decode(nlh, &vm);
	if (ret || (stats->only && vm.id != stats->only))
		return ret;
	stats->count++;
	print_row(&stats->print);
	print_uint(&stats->print, "id", vm.id);
	print_text(&stats->print, "name", vm.name);
	for (i = 0; i < ARRAY_SIZE(columns); i++) {
		if (vm.has_stats)
			print_uint(&stats->print, columns[i].key,
				   vm.stat[columns[i].attr]);
		else
			print_none(&stats->print, columns[i].key);
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
