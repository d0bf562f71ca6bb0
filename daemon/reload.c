// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "log.h"
#include "nl.h"
#include "plan.h"
#include "reload.h"

static const struct {
	const char *done;
	const char *failed;
} action_names[] = {
	[PLAN_KEEP] = { "vm-kept", "vm-look-failed" },
	[PLAN_ENROL] = { "vm-enrolled", "vm-enrol-failed" },
	[PLAN_SET] = { "vm-changed", "vm-change-failed" },
	[PLAN_DEL] = { "vm-removed", "vm-remove-failed" },
	[PLAN_HAND] = { "vm-by-hand", "vm-by-hand" },
};

static void log_vm(const struct plan_vm *vm)
{
	char who[VM_IDENT_TEXT_SIZE], where[300] = "policy=none";

	/* What has not changed is not worth a line each time. */
	if (vm->action == PLAN_KEEP && !vm->error)
		return;
	vm_ident_format(&vm->ident, who, sizeof(who));
	if (vm->entry)
		snprintf(where, sizeof(where), "policy=%s:%u", vm->entry->file,
			 vm->entry->line);
	if (vm->error)
		log_err("%s vm=%u %s %s: %s", action_names[vm->action].failed,
			vm->id, who, where, vm->why);
	else if (vm->action == PLAN_HAND)
		log_info("vm-by-hand vm=%u %s: left as it is", vm->id, who);
	else
		log_notice("%s vm=%u %s %s attachments-revoked=%u exports-revoked=%u",
			   action_names[vm->action].done, vm->id, who, where,
			   vm->attachments, vm->exports);
}

static void note_failure(struct reload *reload, const struct plan_vm *vm)
{
	json_t *failure;

	reload->failed++;
	if (!reload->failures)
		reload->failures = json_array();
	/* Without memory for it the count is still right. */
	failure = json_pack("{s:I, s:s, s:i, s:s}", "vm", (json_int_t)vm->id,
			    "name", vm->name, "pid", vm->ident.pid, "why",
			    vm->why);
	if (failure)
		json_array_append_new(reload->failures, failure);
}

static void count(struct reload *reload, const struct plan_vm *vm)
{
	if (vm->error) {
		note_failure(reload, vm);
		return;
	}
	switch (vm->action) {
	case PLAN_KEEP:
		reload->kept++;
		break;
	case PLAN_ENROL:
		reload->enrolled++;
		break;
	case PLAN_SET:
		reload->changed++;
		break;
	case PLAN_DEL:
		reload->removed++;
		break;
	case PLAN_HAND:
		reload->by_hand++;
		break;
	}
	reload->attachments += vm->attachments;
	reload->exports += vm->exports;
}

int reload_apply(struct reload *reload, struct enl *enl,
		 const struct policy *policy)
{
	struct plan plan;
	size_t i;
	int ret;

	memset(reload, 0, sizeof(*reload));
	ret = plan_make(&plan, enl, policy);
	if (ret)
		return ret;
	plan_apply(&plan, enl, policy);
	for (i = 0; i < plan.n; i++) {
		log_vm(&plan.vms[i]);
		count(reload, &plan.vms[i]);
	}
	plan_free(&plan);
	return 0;
}

void reload_free(struct reload *reload)
{
	json_decref(reload->failures);
	reload->failures = NULL;
}

static char *dump_and_drop(json_t *json)
{
	char *text = json ? json_dumps(json, JSON_COMPACT) : NULL;

	json_decref(json);
	return text;
}

char *reload_answer(const struct reload *reload, const char *config,
		    size_t n_entries)
{
	json_t *failures = reload->failures ? json_incref(reload->failures) :
					      json_array();

	/* clang-format off */
	return dump_and_drop(json_pack(
		"{s:b, s:s, s:I, s:i, s:i, s:i, s:i, s:i, s:i, s:i, s:o}",
		"ok", 1, "policy", config, "entries", (json_int_t)n_entries,
		"kept", reload->kept, "enrolled", reload->enrolled,
		"changed", reload->changed, "removed", reload->removed,
		"by_hand", reload->by_hand,
		"attachments_revoked", reload->attachments,
		"exports_revoked", reload->exports, "failed", failures));
	/* clang-format on */
}

char *reload_refusal(const char *why)
{
	char text[1024];

	/* It may quote a file that is not UTF-8. */
	snprintf(text, sizeof(text), "%s", why);
	log_sanitize(text);
	return dump_and_drop(json_pack("{s:b, s:s}", "ok", 0, "error", text));
}
