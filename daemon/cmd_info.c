// SPDX-License-Identifier: GPL-2.0-only
#include "cmd.h"
#include "log.h"
#include "nl.h"
#include "nl_info.h"
#include "print.h"
#include "version.h"

static int on_info(struct nlmsghdr *nlh, void *arg)
{
	return enl_info_decode(nlh, arg);
}

int cmd_info(const struct cmd_env *env, int argc, char **argv)
{
	struct enl_info info = { 0 };
	struct print print;
	struct enl enl;
	int ret;

	(void)argv;
	if (!cmd_args(argc, 1, 1, "info"))
		return CMD_USAGE;
	ret = enl_open(&enl);
	if (!ret)
		ret = enl_request(&enl, enl_info_msg(enl.family), on_info,
				  &info);
	if (ret)
		complain("%s", enl.error);
	enl_close(&enl);
	if (ret)
		return CMD_FAILED;

	print_begin(&print, env->json);
	print_row(&print);
	print_text(&print, "elisactl", ELISACTL_VERSION);
	print_uint(&print, "abi", info.abi);
	print_bool(&print, "hooks", info.hooks);
	print_uint(&print, "vms", info.n_vms);
	print_uint(&print, "exports", info.n_exports);
	return print_object(&print);
}
