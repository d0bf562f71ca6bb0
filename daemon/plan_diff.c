// SPDX-License-Identifier: GPL-2.0-only
/* The differences between two policies of one VM. */
#include <stdio.h>
#include <string.h>

#include "limit.h"
#include "plan.h"

struct context {
	void (*fn)(const struct plan_diff *diff, void *arg);
	void *arg;
};

static const struct policy_grant *find_grant(const struct policy_entry *entry,
					     const struct policy_grant *like)
{
	size_t i;

	for (i = 0; entry && i < entry->n_grants; i++) {
		if (entry->grants[i].kind == like->kind &&
		    !strcmp(entry->grants[i].pattern, like->pattern))
			return &entry->grants[i];
	}
	return NULL;
}

static void grant_text(char text[16], const struct policy_grant *grant)
{
	text[0] = '\0';
	if (grant && grant->kind == ELISA_GRANT_ATTACH)
		rights_format(grant->rights, text);
	else if (grant)
		strcpy(text, "yes");
}

static void one_grant(const struct context *c, const struct policy_grant *now,
		      const struct policy_grant *then)
{
	const struct policy_grant *any = now ? now : then;
	struct plan_diff diff = { .change = "grant" };
	bool attach = any->kind == ELISA_GRANT_ATTACH;

	/* The rights of an export grant mean nothing. */
	if (now && then && (!attach || now->rights == then->rights))
		return;
	if (now && (!then || now->rights & ~then->rights))
		diff.change = "take";
	snprintf(diff.what, sizeof(diff.what), "%s %s",
		 attach ? "attach" : "export", any->pattern);
	grant_text(diff.now, now);
	grant_text(diff.then, then);
	c->fn(&diff, c->arg);
}

static __u32 limit_of(const struct policy_entry *entry,
		      const struct limit *limit)
{
	return entry->limits.set[limit->attr] ?
		       entry->limits.value[limit->attr] :
		       limit->standard;
}

static void settings(const struct context *c, const struct policy_entry *now,
		     const struct policy_entry *then)
{
	struct plan_diff diff = { .change = "set" };
	const struct limit *limit;

	for (limit = limits_table; limit->key; limit++) {
		if (now && limit_of(now, limit) == limit_of(then, limit))
			continue;
		/* A VM that is new: only what is not as always. */
		if (!now && limit_of(then, limit) == limit->standard)
			continue;
		snprintf(diff.what, sizeof(diff.what), "%s", limit->key);
		diff.now[0] = '\0';
		if (now)
			limit_format(limit, limit_of(now, limit), diff.now);
		limit_format(limit, limit_of(then, limit), diff.then);
		c->fn(&diff, c->arg);
	}
	if (now ? now->pcid == then->pcid : then->pcid == ELISA_PCID_INTERCEPT)
		return;
	strcpy(diff.what, "pcid");
	snprintf(diff.now, sizeof(diff.now), "%s",
		 now ? pcid_name(now->pcid) : "");
	snprintf(diff.then, sizeof(diff.then), "%s", pcid_name(then->pcid));
	c->fn(&diff, c->arg);
}

void plan_diff(const struct plan_vm *vm,
	       void (*fn)(const struct plan_diff *diff, void *arg), void *arg)
{
	const struct context c = { .fn = fn, .arg = arg };
	const struct policy_entry *now = vm->now, *then = vm->entry;
	size_t i;

	if (vm->action == PLAN_HAND)
		return;
	/* An entry that grants nothing is no policy: the VM is let go. */
	if (then && !then->n_grants)
		then = NULL;
	for (i = 0; now && i < now->n_grants; i++)
		one_grant(&c, &now->grants[i],
			  find_grant(then, &now->grants[i]));
	for (i = 0; then && i < then->n_grants; i++) {
		if (!find_grant(now, &then->grants[i]))
			one_grant(&c, NULL, &then->grants[i]);
	}
	if (then)
		settings(&c, now, then);
}
