// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <getopt.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "cmd.h"
#include "control.h"
#include "find.h"
#include "limit.h"
#include "log.h"
#include "nl.h"
#include "nl_vm.h"
#include "plan.h"
#include "policy_yaml.h"
#include "print.h"

static int policy_check(const struct cmd_env *env, int argc, char **argv)
{
	struct policy policy;
	struct print print;
	char err[POLICY_ERR_SIZE];
	size_t n, files;
	int ret;

	if (!cmd_args(argc, 0, POLICY_FILES_MAX, "policy check [FILE]..."))
		return CMD_USAGE;
	if (argc > 1)
		ret = policy_load_files(&policy, argv + 1, argc - 1, err,
					sizeof(err));
	else
		ret = policy_load(&policy, POLICY_DEFAULT_FILE, err,
				  sizeof(err));
	if (ret) {
		/* As compilers print it, so that editors find the place. */
		complain_plain(err);
		return CMD_FAILED;
	}
	n = policy.n_entries;
	files = policy.n_files;
	policy_free(&policy);

	print_begin(&print, env->json);
	print_row(&print);
	print_text(&print, "file", argc > 1 ? argv[1] : POLICY_DEFAULT_FILE);
	print_uint(&print, "files", files);
	print_text(&print, "policy", n ? "good" : "good, but refuses every VM");
	print_uint(&print, "vms", n);
	return print_object(&print);
}

/* --- diff */

struct diff_row {
	struct print *print;
	const struct plan_vm *vm;
};

static void text_or_none(struct print *print, const char *key, const char *text)
{
	if (text[0])
		print_text(print, key, text);
	else
		print_none(print, key);
}

static void print_diff(const struct plan_diff *diff, void *arg)
{
	const struct diff_row *row = arg;
	const struct plan_vm *vm = row->vm;
	struct print *print = row->print;
	char where[320] = "";

	if (vm->entry)
		snprintf(where, sizeof(where), "%s:%u", vm->entry->file,
			 vm->entry->line);
	print_row(print);
	if (vm->id)
		print_uint(print, "vm", vm->id);
	else
		print_none(print, "vm");
	text_or_none(print, "name", vm->name);
	print_uint(print, "pid", vm->ident.pid);
	print_text(print, "change", diff->change);
	print_text(print, "what", diff->what);
	text_or_none(print, "now", diff->now);
	text_or_none(print, "then", diff->then);
	text_or_none(print, "policy", where);
}

static int diff_policy(const struct cmd_env *env, const struct policy *policy)
{
	struct diff_row row;
	struct print print;
	struct plan plan;
	struct enl enl;
	size_t i;
	int ret;

	ret = enl_open(&enl);
	if (!ret)
		ret = plan_make(&plan, &enl, policy);
	if (ret) {
		complain("%s", enl.error);
		enl_close(&enl);
		return CMD_FAILED;
	}
	enl_close(&enl);
	print_begin(&print, env->json);
	row.print = &print;
	for (i = 0; i < plan.n; i++) {
		row.vm = &plan.vms[i];
		if (row.vm->error)
			complain("%s", row.vm->why);
		else if (row.vm->action != PLAN_KEEP)
			plan_diff(row.vm, print_diff, &row);
	}
	ret = print_table(&print);
	plan_free(&plan);
	return ret;
}

static int policy_diff(const struct cmd_env *env, int argc, char **argv)
{
	struct policy policy;
	char err[POLICY_ERR_SIZE];
	int ret;

	if (!cmd_args(argc, 0, POLICY_FILES_MAX, "policy diff [FILE]..."))
		return CMD_USAGE;
	if (argc > 1)
		ret = policy_load_files(&policy, argv + 1, argc - 1, err,
					sizeof(err));
	else
		ret = policy_load(&policy, POLICY_DEFAULT_FILE, err,
				  sizeof(err));
	if (ret) {
		complain_plain(err);
		return CMD_FAILED;
	}
	ret = diff_policy(env, &policy);
	policy_free(&policy);
	return ret;
}

/* --- reload */

static void complain_failures(const json_t *failed)
{
	const json_t *one;
	size_t i;

	json_array_foreach(failed, i, one)
		complain("vm %lld (%s) keeps its old policy: %s",
			 (long long)json_integer_value(
				 json_object_get(one, "vm")),
			 json_string_value(json_object_get(one, "name")) ?: "?",
			 json_string_value(json_object_get(one, "why")) ?: "?");
}

/* The daemon's answer, as a table or as it is. */
static int print_answer(const struct cmd_env *env, const json_t *answer)
{
	static const char *const keys[] = {
		"entries",
		"kept",
		"enrolled",
		"changed",
		"removed",
		"by_hand",
		"attachments_revoked",
		"exports_revoked",
	};
	const json_t *failed = json_object_get(answer, "failed");
	struct print print;
	size_t i;
	int ret;

	print_begin(&print, env->json);
	print_row(&print);
	print_text(&print, "policy",
		   json_string_value(json_object_get(answer, "policy")) ?: "?");
	for (i = 0; i < sizeof(keys) / sizeof(*keys); i++)
		print_uint(&print, keys[i],
			   json_integer_value(
				   json_object_get(answer, keys[i])));
	print_uint(&print, "failed", json_array_size(failed));
	ret = print_object(&print);
	complain_failures(failed);
	return json_array_size(failed) ? CMD_FAILED : ret;
}

static int use_answer(const struct cmd_env *env, const char *text)
{
	json_t *answer = json_loads(text, 0, NULL);
	int ret = CMD_FAILED;

	if (!json_is_object(answer) || !json_object_get(answer, "ok"))
		complain(
			"the daemon's answer makes no sense: is it of another version than elisactl?");
	else if (json_is_true(json_object_get(answer, "ok")))
		ret = print_answer(env, answer);
	else
		complain_plain(
			json_string_value(json_object_get(answer, "error")) ?:
				"?");
	json_decref(answer);
	return ret;
}

static const struct option reload_options[] = {
	{ "socket", required_argument, NULL, 's' },
	{},
};

static int policy_reload(const struct cmd_env *env, int argc, char **argv)
{
	static char answer[CONTROL_ANSWER_SIZE];
	const char *path = CONTROL_DEFAULT_SOCKET;
	int opt, ret;

	optind = 0;
	while ((opt = getopt_long(argc, argv, "", reload_options, NULL)) !=
	       -1) {
		if (opt != 's')
			return CMD_USAGE;
		path = optarg;
	}
	if (!cmd_args(argc - optind, 0, 0, "policy reload [--socket PATH]"))
		return CMD_USAGE;
	ret = control_ask(path, "reload", answer);
	if (ret == -ENOENT || ret == -ECONNREFUSED) {
		complain("the daemon does not run (nobody listens at %s): systemctl start elisactl",
			 path);
		return CMD_FAILED;
	}
	if (ret == -EACCES || ret == -EPERM) {
		complain("permission denied: this needs root");
		return CMD_FAILED;
	}
	if (ret == -ECONNRESET) {
		complain(
			"the daemon ended before it answered; see its log: journalctl -u elisactl");
		return CMD_FAILED;
	}
	if (ret) {
		complain("cannot ask the daemon at %s: %s", path,
			 strerror(-ret));
		return CMD_FAILED;
	}
	return use_answer(env, answer);
}

/* --- show */

static int on_policy(struct nlmsghdr *nlh, void *arg)
{
	return enl_policy_decode(nlh, arg);
}

static void print_grants(struct print *print, const struct enl_vm_policy *p)
{
	char text[ELISA_NAME_SIZE + 16], rights[RIGHTS_TEXT_SIZE];
	size_t i;

	for (i = 0; i < p->entry.n_grants; i++) {
		const struct policy_grant *grant = &p->entry.grants[i];
		bool attach = grant->kind == ELISA_GRANT_ATTACH;

		rights_format(grant->rights, rights);
		snprintf(text, sizeof(text), "%s %s",
			 attach ? "attach" : "export", grant->pattern);
		print_row(print);
		print_text(print, "what", text);
		print_text(print, "value", attach ? rights : "yes");
	}
}

static void print_settings(struct print *print, const struct enl_vm_policy *p)
{
	const struct limit *limit;
	char text[LIMIT_TEXT_SIZE];

	for (limit = limits_table; limit->key; limit++) {
		if (!p->entry.limits.set[limit->attr])
			continue;
		limit_format(limit, p->entry.limits.value[limit->attr], text);
		print_row(print);
		print_text(print, "what", limit->key);
		print_text(print, "value", text);
	}
	print_row(print);
	print_text(print, "what", "pcid");
	print_text(print, "value", pcid_name(p->entry.pcid));
	print_row(print);
	print_text(print, "what", "decided-by");
	print_text(print, "value", enl_origin_name(p->origin));
}

static int policy_show(const struct cmd_env *env, int argc, char **argv)
{
	static struct enl_vm_policy policy;
	struct enl_which which = { .fd = -1 };
	struct print print;
	struct enl enl;
	int ret;

	if (!cmd_args(argc, 2, 2, "policy show ID|NAME"))
		return CMD_USAGE;
	ret = enl_open(&enl);
	if (!ret)
		ret = find_vm(&enl, argv[1], &which.id);
	if (!ret)
		ret = enl_request(&enl, enl_policy_get_msg(enl.family, &which),
				  on_policy, &policy);
	if (ret)
		complain("%s", enl.error);
	enl_close(&enl);
	if (ret)
		return CMD_FAILED;
	print_begin(&print, env->json);
	print_grants(&print, &policy);
	print_settings(&print, &policy);
	return print_table(&print);
}

static const struct cmd verbs[] = {
	{ "check", policy_check, NULL, NULL },
	{ "diff", policy_diff, NULL, NULL },
	{ "reload", policy_reload, NULL, NULL },
	{ "show", policy_show, NULL, NULL },
	{},
};

int cmd_policy(const struct cmd_env *env, int argc, char **argv)
{
	return cmd_dispatch(verbs, "policy", env, argc - 1, argv + 1);
}
