// SPDX-License-Identifier: GPL-2.0-only
#include <elisa/netlink.h>

#include "cmd.h"
#include "cmd_list.h"
#include "nl_attachment.h"
#include "print.h"

static int on_attachment(struct nlmsghdr *nlh, void *arg)
{
	struct print *print = arg;
	struct enl_attachment att;
	int ret;

	ret = enl_attachment_decode(nlh, &att);
	if (ret)
		return ret;
	print_row(print);
	print_uint(print, "id", att.id);
	print_uint(print, "vm", att.vm_id);
	print_uint(print, "export", att.export_id);
	print_text(print, "export_name", att.export_name);
	print_text(print, "rights", enl_rights_name(att.rights));
	print_hex(print, "window", att.window);
	print_uint(print, "xbuf_pages", att.xbuf_pages);
	print_uint(print, "instances", att.n_instances);
	return 0;
}

static int attachment_list(const struct cmd_env *env, int argc, char **argv)
{
	(void)argv;
	if (!cmd_args(argc, 0, 1, "attachment list"))
		return CMD_USAGE;
	return cmd_list(env, ELISA_CMD_ATTACHMENT_GET, on_attachment);
}

static const struct cmd verbs[] = {
	{ "list", attachment_list, NULL, NULL },
	{ }
};

int cmd_attachment(const struct cmd_env *env, int argc, char **argv)
{
	return cmd_dispatch(verbs, "attachment", env, argc - 1, argv + 1);
}
