// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "cmd.h"
#include "cmd_list.h"
#include "enrol.h"
#include "find.h"
#include "limit.h"
#include "log.h"
#include "nl.h"
#include "nl_vm.h"
#include "pattern.h"
#include "print.h"
#include "vmscan.h"

static void print_stat(struct print *print, const char *key,
		       const struct enl_vm *vm, unsigned int attr)
{
	if (vm->has_stats)
		print_uint(print, key, vm->stat[attr]);
	else
		print_none(print, key);
}

static int on_vm(struct nlmsghdr *nlh, void *arg)
{
	struct print *print = arg;
	char why[UNMIGRATABLE_TEXT_SIZE];
	char uuid[UUID_TEXT_SIZE];
	struct enl_vm vm;
	int ret;

	ret = enl_vm_decode(nlh, &vm);
	if (ret)
		return ret;
	print_row(print);
	print_uint(print, "id", vm.id);
	print_text(print, "name", vm.name);
	print_uint(print, "pid", vm.pid);
	print_text(print, "state", enl_vm_state_name(vm.state));
	print_stat(print, "attachments", &vm, ELISA_STAT_A_ATTACHMENTS);
	print_stat(print, "exports", &vm, ELISA_STAT_A_EXPORTS);
	print_bool(print, "migratable", !vm.unmigratable);
	enl_vm_unmigratable_text(vm.unmigratable, why);
	if (*why)
		print_text(print, "because", why);
	else
		print_none(print, "because");
	if (vm.has_uuid) {
		uuid_format(vm.uuid, uuid);
		print_text(print, "uuid", uuid);
	} else {
		print_none(print, "uuid");
	}
	print_text(print, "decided_by", enl_origin_name(vm.origin));
	return 0;
}

static int vm_list(const struct cmd_env *env, int argc, char **argv)
{
	(void)argv;
	if (!cmd_args(argc, 0, 1, "vm list"))
		return CMD_USAGE;
	return cmd_list(env, ELISA_CMD_VM_GET, on_vm);
}

static int vm_show(const struct cmd_env *env, int argc, char **argv)
{
	if (!cmd_args(argc, 2, 2, "vm show ID|NAME"))
		return CMD_USAGE;
	return cmd_show(env, ELISA_CMD_VM_GET, on_vm, "VM", find_vm, argv[1]);
}

static int vm_del(const struct cmd_env *env, int argc, char **argv)
{
	struct enl enl;
	__u32 id;
	int ret;

	(void)env;
	if (!cmd_args(argc, 2, 2, "vm del ID|NAME"))
		return CMD_USAGE;
	ret = enl_open(&enl);
	if (!ret)
		ret = find_vm(&enl, argv[1], &id);
	if (!ret)
		ret = enl_request(&enl, enl_vm_del_msg(enl.family, id), NULL,
				  NULL);
	if (ret)
		complain("%s", enl.error);
	enl_close(&enl);
	return ret ? CMD_FAILED : CMD_OK;
}

/* PATTERN, for --attach with or without rights */
static bool add_grant(struct policy_entry *entry, __u8 kind, char *arg)
{
	__u32 rights = ELISA_RIGHT_READ | ELISA_RIGHT_WRITE;
	char *colon = strchr(arg, ':');
	const char *why;
	int ret;

	if (kind == ELISA_GRANT_EXPORT)
		rights = 0;
	if (colon && kind == ELISA_GRANT_ATTACH) {
		rights = rights_parse(colon + 1);
		if (!rights) {
			complain("rights are :ro or :rw, and k (kernel) or f (full trust) behind that, not '%s'",
				 colon);
			return false;
		}
		*colon = '\0';
	}
	why = pattern_check(arg, strlen(arg));
	if (why) {
		complain("name pattern '%s' %s", arg, why);
		return false;
	}
	ret = policy_entry_grant(entry, kind, arg, rights);
	if (ret) {
		complain("name pattern '%s': %s", arg,
			 ret == -EEXIST ? "given twice" : "too many patterns");
		return false;
	}
	return true;
}

/* KEY=VALUE */
static bool add_limit(struct policy_limits *limits, char *arg)
{
	const struct limit *limit;
	char *value = strchr(arg, '=');
	char text[LIMIT_KEYS_SIZE];
	const char *hint;
	__u32 n;

	if (value)
		*value++ = '\0';
	limit = limit_by_key(arg);
	if (!limit || !value) {
		limit_keys(text);
		complain("a limit is KEY=VALUE with one of the keys %s, not '%s'%s",
			 text, arg,
			 strcmp(arg, "pinned-pages") ?
				 "" :
				 " (it is 'pinned', in bytes, like 64M)");
		return false;
	}
	if (limit_parse(limit, value, strlen(value), &n, text, sizeof(text),
			&hint)) {
		complain("limit '%s': %s%s%s%s", arg, text, hint ? " (" : "",
			 hint ?: "", hint ? ")" : "");
		return false;
	}
	limits->set[limit->attr] = true;
	limits->value[limit->attr] = n;
	return true;
}

enum {
	OPT_PID,
	OPT_FD,
	OPT_NAME,
	OPT_UUID,
	OPT_EXPORT,
	OPT_ATTACH,
	OPT_LIMIT,
	OPT_PCID,
};

static const struct option enrol_options[] = {
	{ "pid", required_argument, NULL, OPT_PID },
	{ "fd", required_argument, NULL, OPT_FD },
	{ "name", required_argument, NULL, OPT_NAME },
	{ "uuid", required_argument, NULL, OPT_UUID },
	{ "export", required_argument, NULL, OPT_EXPORT },
	{ "attach", required_argument, NULL, OPT_ATTACH },
	{ "limit", required_argument, NULL, OPT_LIMIT },
	{ "pcid", required_argument, NULL, OPT_PCID },
	{},
};

static const struct option set_options[] = {
	{ "export", required_argument, NULL, OPT_EXPORT },
	{ "attach", required_argument, NULL, OPT_ATTACH },
	{ "limit", required_argument, NULL, OPT_LIMIT },
	{ "pcid", required_argument, NULL, OPT_PCID },
	{},
};

struct enrol_args {
	pid_t pid;
	int number; /* -1: the only one */
	struct policy_entry entry;
	struct enl_enrol enrol;
};

static bool enrol_arg(struct enrol_args *args, int opt, char *arg)
{
	struct policy_entry *entry = &args->entry;
	__u32 n;

	switch (opt) {
	case OPT_PID:
		n = cmd_id(arg);
		if (!n || n > INT_MAX) {
			complain("bad process ID '%s'", arg);
			return false;
		}
		args->pid = n;
		return true;
	case OPT_FD:
		n = cmd_id(arg);
		if (n > INT_MAX || (!n && strcmp(arg, "0"))) {
			complain("bad descriptor number '%s'", arg);
			return false;
		}
		args->number = n;
		return true;
	case OPT_NAME:
		if (!vm_name_valid(arg, strlen(arg))) {
			complain(
				"a VM name has 1 to 63 printable ASCII characters");
			return false;
		}
		args->enrol.name = arg;
		return true;
	case OPT_UUID:
		if (!uuid_parse(arg, entry->match.uuid)) {
			complain("bad UUID '%s'", arg);
			return false;
		}
		args->enrol.uuid = entry->match.uuid;
		return true;
	case OPT_EXPORT:
		return add_grant(entry, ELISA_GRANT_EXPORT, arg);
	case OPT_ATTACH:
		return add_grant(entry, ELISA_GRANT_ATTACH, arg);
	case OPT_LIMIT:
		return add_limit(&entry->limits, arg);
	case OPT_PCID:
		if (!pcid_parse(arg, &args->enrol.pcid)) {
			complain("--pcid is intercept, deny or trust, not '%s'",
				 arg);
			return false;
		}
		return true;
	}
	return false; /* getopt has complained */
}

static bool choose_vm(const struct vmscan *scan, int *number)
{
	unsigned int i;

	if (!scan->n_fds) {
		complain("process %d has no KVM VM", scan->ident.pid);
		return false;
	}
	if (*number < 0 && scan->n_fds == 1) {
		*number = scan->fds[0];
		return true;
	}
	if (*number < 0) {
		complain("process %d has more than one VM descriptor; choose one with --fd",
			 scan->ident.pid);
		return false;
	}
	for (i = 0; i < scan->n_fds; i++) {
		if (scan->fds[i] == *number)
			return true;
	}
	complain("descriptor %d of process %d is not a KVM VM", *number,
		 scan->ident.pid);
	return false;
}

static int vm_enrol(const struct cmd_env *env, int argc, char **argv)
{
	struct enrol_args args = { .number = -1 };
	struct print print;
	struct vmscan scan;
	struct enl enl;
	__u32 id;
	int opt, ret;

	optind = 1;
	while ((opt = getopt_long(argc, argv, "", enrol_options, NULL)) != -1) {
		if (!enrol_arg(&args, opt, optarg))
			return CMD_USAGE;
	}
	if (!args.pid || optind != argc) {
		cmd_args(0, 1, 1,
			 "vm enrol --pid PID [--fd N] [--name NAME] [--uuid UUID] [--export PATTERN]... [--attach PATTERN[:{ro|rw}[k][f]]]... [--limit KEY=VALUE]... [--pcid intercept|deny|trust]");
		return CMD_USAGE;
	}
	args.enrol.grants = args.entry.grants;
	args.enrol.n_grants = args.entry.n_grants;
	args.enrol.limits = &args.entry.limits;

	if (enl_open(&enl)) {
		complain("%s", enl.error);
		return CMD_FAILED;
	}
	ret = vmscan_open(&scan, args.pid);
	if (ret) {
		complain("cannot look at process %d: %s", args.pid,
			 strerror(-ret));
		goto out_close;
	}
	ret = -ENOENT;
	if (!choose_vm(&scan, &args.number))
		goto out_scan;
	ret = enrol(&enl, &scan, args.number, &args.enrol, &id);
	if (ret) {
		complain("%s", enl.error);
		goto out_scan;
	}
	print_begin(&print, env->json);
	print_row(&print);
	print_uint(&print, "id", id);
	ret = print_object(&print);
out_scan:
	vmscan_close(&scan);
out_close:
	enl_close(&enl);
	return ret ? CMD_FAILED : CMD_OK;
}

static int on_set(struct nlmsghdr *nlh, void *arg)
{
	return enl_set_decode(nlh, arg);
}

static int print_set(const struct cmd_env *env,
		     const struct enl_set_result *result)
{
	struct print print;

	print_begin(&print, env->json);
	print_row(&print);
	print_uint(&print, "id", result->id);
	print_uint(&print, "attachments_revoked", result->attachments);
	print_uint(&print, "exports_revoked", result->exports);
	return print_object(&print);
}

static int vm_set(const struct cmd_env *env, int argc, char **argv)
{
	struct enrol_args args = { .number = -1 };
	struct enl_set_result result = { 0 };
	struct enl_set set = { .vm.fd = -1 };
	struct enl enl;
	int opt, ret;

	optind = 0; /* anew: options may stand behind the name */
	while ((opt = getopt_long(argc, argv, "", set_options, NULL)) != -1) {
		if (!enrol_arg(&args, opt, optarg))
			return CMD_USAGE;
	}
	if (!cmd_args(argc - optind, 1, 1,
		      "vm set ID|NAME [--export PATTERN]... [--attach PATTERN[:{ro|rw}[k][f]]]... [--limit KEY=VALUE]... [--pcid intercept|deny|trust]"))
		return CMD_USAGE;
	set.grants = args.entry.grants;
	set.n_grants = args.entry.n_grants;
	set.limits = &args.entry.limits;
	set.pcid = args.enrol.pcid;

	ret = enl_open(&enl);
	if (!ret)
		ret = find_vm(&enl, argv[optind], &set.vm.id);
	if (!ret)
		ret = enl_request(&enl, enl_set_msg(enl.family, &set), on_set,
				  &result);
	if (ret)
		complain("%s", enl.error);
	enl_close(&enl);
	return ret ? CMD_FAILED : print_set(env, &result);
}

/* clang-format off */
static const struct cmd verbs[] = {
	{ "list", vm_list, NULL, NULL },
	{ "show", vm_show, NULL, NULL },
	{ "del", vm_del, NULL, NULL },
	{ "enrol", vm_enrol, NULL, NULL },
	{ "set", vm_set, NULL, NULL },
	{},
};
/* clang-format on */

int cmd_vm(const struct cmd_env *env, int argc, char **argv)
{
	return cmd_dispatch(verbs, "vm", env, argc - 1, argv + 1);
}
