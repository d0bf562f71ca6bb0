// SPDX-License-Identifier: GPL-2.0-only
#include <elisa/netlink.h>

#include "cmd.h"
#include "cmd_list.h"
#include "find.h"
#include "log.h"
#include "nl.h"
#include "nl_export.h"
#include "print.h"

static int on_export(struct nlmsghdr *nlh, void *arg)
{
	struct print *print = arg;
	struct enl_export export;
	int ret;

	ret = enl_export_decode(nlh, &export);
	if (ret)
		return ret;
	print_row(print);
	print_uint(print, "id", export.id);
	print_text(print, "name", export.name);
	if (export.vm_id)
		print_uint(print, "vm", export.vm_id);
	else
		print_none(print, "vm");
	print_uint(print, "entries", export.n_entries);
	print_uint(print, "image_pages", export.image_pages);
	print_uint(print, "data_pages", export.data_pages);
	print_uint(print, "attachments", export.n_attachments);
	return 0;
}

static int export_list(const struct cmd_env *env, int argc, char **argv)
{
	(void)argv;
	if (!cmd_args(argc, 0, 1, "export list"))
		return CMD_USAGE;
	return cmd_list(env, ELISA_CMD_EXPORT_GET, on_export);
}

static int revoke(const char *what)
{
	struct enl enl;
	__u32 id;
	int ret;

	ret = enl_open(&enl);
	if (!ret)
		ret = find_export(&enl, what, &id);
	if (!ret)
		ret = enl_request(&enl, enl_export_del_msg(enl.family, id),
				  NULL, NULL);
	if (ret)
		complain("%s", enl.error);
	enl_close(&enl);
	return ret ? CMD_FAILED : CMD_OK;
}

static int export_del(const struct cmd_env *env, int argc, char **argv)
{
	(void)env;
	if (!cmd_args(argc, 2, 2, "export del ID|NAME"))
		return CMD_USAGE;
	return revoke(argv[1]);
}

int cmd_revoke(const struct cmd_env *env, int argc, char **argv)
{
	(void)env;
	if (!cmd_args(argc, 2, 2, "revoke ID|NAME"))
		return CMD_USAGE;
	return revoke(argv[1]);
}

static const struct cmd verbs[] = {
	{ "list", export_list, NULL, NULL },
	{ "del", export_del, NULL, NULL },
	{ }
};

int cmd_export(const struct cmd_env *env, int argc, char **argv)
{
	return cmd_dispatch(verbs, "export", env, argc - 1, argv + 1);
}
