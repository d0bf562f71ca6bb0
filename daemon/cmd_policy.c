// SPDX-License-Identifier: GPL-2.0-only
#include "cmd.h"
#include "log.h"
#include "policy_yaml.h"
#include "print.h"

static int policy_check(const struct cmd_env *env, int argc, char **argv)
{
	const char *file = argc > 1 ? argv[1] : POLICY_DEFAULT_FILE;
	struct policy policy;
	struct print print;
	char err[1024];
	size_t n;

	if (!cmd_args(argc, 0, 2, "policy check [FILE]"))
		return CMD_USAGE;
	if (policy_load(&policy, file, err, sizeof(err))) {
		/* As compilers print it, so that editors find the place. */
		complain_plain(err);
		return CMD_FAILED;
	}
	n = policy.n_entries;
	policy_free(&policy);

	print_begin(&print, env->json);
	print_row(&print);
	print_text(&print, "file", file);
	print_text(&print, "policy", n ? "good" : "good, but refuses every VM");
	print_uint(&print, "vms", n);
	return print_object(&print);
}

static const struct cmd verbs[] = {
	{ "check", policy_check, NULL, NULL },
	{ }
};

int cmd_policy(const struct cmd_env *env, int argc, char **argv)
{
	return cmd_dispatch(verbs, "policy", env, argc - 1, argv + 1);
}
