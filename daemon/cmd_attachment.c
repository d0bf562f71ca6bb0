// SPDX-License-Identifier: GPL-2.0-only
#include <getopt.h>
#include <stddef.h>
#include <string.h>

#include <elisa/netlink.h>

#include "cmd.h"
#include "cmd_list.h"
#include "find.h"
#include "log.h"
#include "nl.h"
#include "nl_attachment.h"
#include "print.h"

struct list {
	struct print print;
	__u32 vm; /* 0: of all */
	__u32 export;
};

static void print_attachment(struct print *print,
			     const struct enl_attachment *att)
{
	print_row(print);
	print_uint(print, "id", att->id);
	print_uint(print, "vm", att->vm_id);
	print_uint(print, "export", att->export_id);
	print_text(print, "export_name", att->export_name);
	print_text(print, "rights", enl_rights_name(att->rights));
	print_hex(print, "window", att->window);
	print_uint(print, "xbuf_pages", att->xbuf_pages);
	print_uint(print, "instances", att->n_instances);
	print_text(print, "calls", enl_calls_name(att->calls));
}

static int on_attachment(struct nlmsghdr *nlh, void *arg)
{
	struct enl_attachment att;
	int ret;

	ret = enl_attachment_decode(nlh, &att);
	if (!ret)
		print_attachment(arg, &att);
	return ret;
}

static int on_listed(struct nlmsghdr *nlh, void *arg)
{
	struct list *list = arg;
	struct enl_attachment att;
	int ret;

	ret = enl_attachment_decode(nlh, &att);
	if (ret || (list->vm && att.vm_id != list->vm) ||
	    (list->export && att.export_id != list->export))
		return ret;
	print_attachment(&list->print, &att);
	return 0;
}

static void list_restart(void *arg)
{
	struct list *list = arg;

	print_restart(&list->print);
}

/* [vm ID|NAME] [export ID|NAME], in any order; *VM and *EXPORT or NULL */
static bool list_args(int argc, char **argv, const char **vm,
		      const char **export)
{
	int i;

	*vm = NULL;
	*export = NULL;
	for (i = 1; i + 1 < argc; i += 2) {
		const char **what = !strcmp(argv[i], "vm")     ? vm :
				    !strcmp(argv[i], "export") ? export :
								 NULL;

		if (!what || *what)
			break;
		*what = argv[i + 1];
	}
	return i >= argc ||
	       cmd_args(0, 1, 1,
			"attachment list [vm ID|NAME] [export ID|NAME]");
}

static int attachment_list(const struct cmd_env *env, int argc, char **argv)
{
	struct list list = { 0 };
	const char *vm, *export;
	struct enl enl;
	int ret;

	if (!list_args(argc, argv, &vm, &export))
		return CMD_USAGE;
	print_begin(&list.print, env->json);
	ret = enl_open(&enl);
	if (!ret && vm)
		ret = find_vm(&enl, vm, &list.vm);
	if (!ret && export)
		ret = find_export(&enl, export, &list.export);
	if (!ret)
		ret = enl_dump(&enl, ELISA_CMD_ATTACHMENT_GET, on_listed,
			       list_restart, &list);
	if (ret)
		complain("%s", enl.error);
	enl_close(&enl);
	if (ret) {
		print_drop(&list.print);
		return CMD_FAILED;
	}
	return print_table(&list.print);
}

static int attachment_show(const struct cmd_env *env, int argc, char **argv)
{
	if (!cmd_args(argc, 2, 2, "attachment show ID"))
		return CMD_USAGE;
	return cmd_show(env, ELISA_CMD_ATTACHMENT_GET, on_attachment,
			"attachment", NULL, argv[1]);
}

static const struct option del_options[] = {
	{ "forget", no_argument, NULL, 'f' },
	{},
};

static int attachment_del(const struct cmd_env *env, int argc, char **argv)
{
	bool forget = false;
	struct enl enl;
	int opt, ret;
	__u32 id;

	(void)env;
	optind = 0; /* anew: options may stand behind the ID */
	while ((opt = getopt_long(argc, argv, "", del_options, NULL)) != -1) {
		if (opt != 'f')
			return CMD_USAGE; /* getopt has complained */
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
		ret = enl_request(&enl,
				  enl_attachment_del_msg(enl.family, id,
							 forget),
				  NULL, NULL);
	if (ret)
		complain("%s", enl.error);
	enl_close(&enl);
	return ret ? CMD_FAILED : CMD_OK;
}

static const struct cmd verbs[] = {
	{ "list", attachment_list, NULL, NULL },
	{ "show", attachment_show, NULL, NULL },
	{ "del", attachment_del, NULL, NULL },
	{},
};

int cmd_attachment(const struct cmd_env *env, int argc, char **argv)
{
	return cmd_dispatch(verbs, "attachment", env, argc - 1, argv + 1);
}
