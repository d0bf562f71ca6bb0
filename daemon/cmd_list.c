// SPDX-License-Identifier: GPL-2.0-only
#include "cmd.h"
#include "cmd_list.h"
#include "log.h"
#include "print.h"

int cmd_list(const struct cmd_env *env, __u8 cmd, enl_fn fn)
{
	struct print print;
	struct enl enl;
	int ret;

	if (enl_open(&enl)) {
		complain("%s", enl.error);
		return CMD_FAILED;
	}
	print_begin(&print, env->json);
	ret = enl_dump(&enl, cmd, fn, print_restart, &print);
	if (ret) {
		complain("%s", enl.error);
		print_drop(&print);
		ret = CMD_FAILED;
	} else {
		ret = print_table(&print);
	}
	enl_close(&enl);
	return ret;
}
