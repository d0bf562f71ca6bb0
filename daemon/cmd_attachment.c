// SPDX-License-Identifier: GPL-2.0-only
#include <getopt.h>
#include <stddef.h>

#include <elisa/netlink.h>

#include "cmd.h"
#include "cmd_list.h"
#include "log.h"
#include "nl.h"
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

static const struct option del_options[] = {
	{ "forget", no_argument, NULL, 'f' },
	{ }
};

static int attachment_del(const struct cmd_env *env, int argc, char **argv)
{
	bool forget = false;
	struct enl enl;
	int opt, ret;
	__u32 id;

	(void)env;
	optind = 0;		/* anew: options may stand behind the ID */
	while ((opt = getopt_long(argc, argv, "", del_options, NULL)) != -1) {
		if (opt != 'f')
			return CMD_USAGE;	/* getopt has complained */
		forget = true;
	}
	if (!cmd_args(argc - optind, 1, 1, "attachment del [--forget] ID"))
		return CMD_USAGE;
	id = cmd_id(argv[optind]);
	if (!id) {
		complain("'%s' is not the ID of an attachment", argv[optind]);
		return CMD_USAGE;
	}
	ret = enl_open(&enl);
	if (!ret)
		ret = enl_request(&enl, enl_attachment_del_msg(enl.family, id,
							       forget),
				  NULL, NULL);
	if (ret)
		complain("%s", enl.error);
	enl_close(&enl);
	return ret ? CMD_FAILED : CMD_OK;
}

static const struct cmd verbs[] = {
	{ "list", attachment_list, NULL, NULL },
	{ "del", attachment_del, NULL, NULL },
	{ }
};

int cmd_attachment(const struct cmd_env *env, int argc, char **argv)
{
	return cmd_dispatch(verbs, "attachment", env, argc - 1, argv + 1);
}
