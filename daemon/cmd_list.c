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

int cmd_show(const struct cmd_env *env, __u8 cmd, enl_fn fn, const char *kind,
	     int (*find)(struct enl *enl, const char *what, __u32 *id),
	     const char *what)
{
	struct print print;
	struct enl enl;
	__u32 id = cmd_id(what);
	int ret;

	if (!id && !find) {
		complain("an %s is named by its ID, a number, not '%s'", kind,
			 what);
		return CMD_USAGE;
	}
	if (enl_open(&enl)) {
		complain("%s", enl.error);
		return CMD_FAILED;
	}
	print_begin(&print, env->json);
	ret = find ? find(&enl, what, &id) : 0;
	if (!ret)
		ret = enl_dump(&enl, cmd, fn, print_restart, &print);
	if (ret)
		complain("%s", enl.error);
	enl_close(&enl);
	if (!ret && !print.failed && !print_select(&print, "id", id)) {
		complain("there is no %s '%s'", kind, what);
		ret = -1;
	}
	if (ret) {
		print_drop(&print);
		return CMD_FAILED;
	}
	return print_object(&print);
}
