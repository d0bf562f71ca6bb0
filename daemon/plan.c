// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "enrol.h"
#include "nl.h"
#include "nl_vm.h"
#include "plan.h"
#include "vmscan.h"

struct making {
	struct plan *plan;
	struct enl *enl;
	const struct policy *policy;
	int error;
};

static struct plan_vm *add(struct plan *plan)
{
	struct plan_vm *vms;
	size_t n = plan->n;

	/* Grow at each power of two. */
	if (!(n & (n - 1))) {
		vms = reallocarray(plan->vms, n ? n * 2 : 1, sizeof(*vms));
		if (!vms)
			return NULL;
		plan->vms = vms;
	}
	memset(&plan->vms[n], 0, sizeof(*vms));
	plan->n++;
	return &plan->vms[n];
}

void plan_free(struct plan *plan)
{
	size_t i;

	for (i = 0; i < plan->n; i++)
		free(plan->vms[i].now);
	free(plan->vms);
	memset(plan, 0, sizeof(*plan));
}

static int fail(struct making *m, int error, const char *why)
{
	m->error = error;
	snprintf(m->enl->error, sizeof(m->enl->error), "%s", why);
	return error;
}

/* --- what the module has */

static int on_vm(struct nlmsghdr *nlh, void *arg)
{
	struct plan_vm *vm;
	struct enl_vm from;
	int ret;

	ret = enl_vm_decode(nlh, &from);
	if (ret)
		return ret;
	/* It has nothing any more. */
	if (from.state != ELISA_VM_ACTIVE)
		return 0;
	vm = add(arg);
	if (!vm)
		return -ENOMEM;
	vm->id = from.id;
	vm->ident.pid = from.pid;
	vm->number = -1;
	strcpy(vm->name, from.name);
	vm->has_uuid = from.has_uuid;
	memcpy(vm->uuid, from.uuid, sizeof(vm->uuid));
	vm->action = from.origin == ELISA_ORIGIN_POLICY ? PLAN_DEL : PLAN_HAND;
	return 0;
}

static void restart(void *arg)
{
	plan_free(arg);
}

struct answer {
	struct enl_vm_policy policy;
	bool came;
};

static int on_policy(struct nlmsghdr *nlh, void *arg)
{
	struct answer *answer = arg;

	answer->came = true;
	return enl_policy_decode(nlh, &answer->policy);
}

/* Ask for the policy of a VM; -ENOENT: it is not enrolled. */
static int ask(struct making *m, const struct enl_which *which,
	       struct answer *answer)
{
	int ret;

	answer->came = false;
	ret = enl_request(m->enl, enl_policy_get_msg(m->enl->family, which),
			  on_policy, answer);
	if (!ret && !answer->came)
		return fail(m, -EBADMSG, "the elisa module gave no policy");
	return ret;
}

static struct plan_vm *find_id(struct plan *plan, __u32 id)
{
	size_t i;

	for (i = 0; i < plan->n; i++) {
		if (plan->vms[i].id == id)
			return &plan->vms[i];
	}
	return NULL;
}

/* --- what the processes say */

static void note_difference(const struct plan_diff *diff, void *arg)
{
	struct plan_vm *vm = arg;

	if (vm->action == PLAN_KEEP)
		vm->action = PLAN_SET;
	/* Settings count as taken: most changes of them are. */
	if (strcmp(diff->change, "grant"))
		vm->takes = true;
}

static void note_enrolled(struct plan_vm *vm, const struct vmscan *scan,
			  int number, const struct policy_entry *entry)
{
	vm->ident = scan->ident;
	vm->number = number;
	vm->entry = entry;
	vm->error = 0; /* another descriptor of it could not be had */
	if (vm->action == PLAN_HAND)
		return;
	vm->action = entry && entry->n_grants ? PLAN_KEEP : PLAN_DEL;
	plan_diff(vm, note_difference, vm);
	if (vm->action == PLAN_DEL)
		vm->takes = true;
}

static void note_new(struct making *m, const struct vmscan *scan, int number,
		     const struct policy_entry *entry)
{
	struct plan_vm *vm;

	if (!entry || !entry->n_grants)
		return;
	vm = add(m->plan);
	if (!vm) {
		fail(m, -ENOMEM, "out of memory");
		return;
	}
	vm->action = PLAN_ENROL;
	vm->ident = scan->ident;
	vm->number = number;
	vm->entry = entry;
	strcpy(vm->name, scan->ident.name);
}

/* Nobody loses his rights because we, say, have no descriptor left. */
static void note_unseen(struct making *m, pid_t pid, int error)
{
	size_t i;

	for (i = 0; i < m->plan->n; i++) {
		struct plan_vm *vm = &m->plan->vms[i];

		/* What was seen of it counts. */
		if (vm->ident.pid != pid || vm->action != PLAN_DEL ||
		    vm->number >= 0)
			continue;
		vm->action = PLAN_KEEP;
		vm->error = error;
		snprintf(vm->why, sizeof(vm->why),
			 "cannot look at process %d: %s", pid,
			 strerror(-error));
	}
}

/* Who does not tell its name has the one that it told when it was enrolled. */
static const struct policy_entry *entry_of(const struct making *m,
					   const struct plan_vm *vm,
					   const struct vm_ident *ident)
{
	struct vm_ident known = *ident;

	strcpy(known.name, vm->name);
	known.has_uuid = vm->has_uuid;
	memcpy(known.uuid, vm->uuid, sizeof(known.uuid));
	return policy_find(m->policy, &known);
}

static void look_at_vm(struct making *m, const struct vmscan *scan, int number)
{
	struct enl_which which = { .fd = vmscan_get(scan, number) };
	const struct policy_entry *entry = policy_find(m->policy, &scan->ident);
	struct answer answer;
	struct plan_vm *vm;
	int ret;

	if (which.fd < 0) {
		/* It has closed it, is gone, or holds up who wants it. */
		if (which.fd != -EBADF && which.fd != -ESRCH &&
		    which.fd != -ETIMEDOUT)
			note_unseen(m, scan->ident.pid, which.fd);
		return;
	}
	ret = ask(m, &which, &answer);
	close(which.fd);
	if (ret == -ENOENT) {
		note_new(m, scan, number, entry);
		return;
	}
	if (ret) {
		m->error = ret;
		return;
	}
	vm = find_id(m->plan, answer.policy.id);
	/*
	 * Only the process that created it speaks for it, and once: it may have
	 * several descriptors of it.
	 */
	if (!vm || vm->number >= 0 || vm->ident.pid != scan->ident.pid)
		return;
	if (scan->ident.is_silent)
		entry = entry_of(m, vm, &scan->ident);
	vm->now = malloc(sizeof(*vm->now));
	if (!vm->now) {
		fail(m, -ENOMEM, "out of memory");
		return;
	}
	*vm->now = answer.policy.entry;
	note_enrolled(vm, scan, number, entry);
}

static void look_at_process(pid_t pid, void *arg)
{
	struct making *m = arg;
	struct vmscan scan;
	unsigned int i;
	int ret;

	if (m->error)
		return;
	ret = vmscan_open(&scan, pid);
	if (ret) {
		if (ret != -ESRCH)
			note_unseen(m, pid, ret);
		return;
	}
	for (i = 0; i < scan.n_fds && !m->error; i++)
		look_at_vm(m, &scan, scan.fds[i]);
	vmscan_close(&scan);
}

/* VMs whose process is not there, or cannot be looked at: what they have. */
static void look_at_rest(struct making *m)
{
	struct answer answer;
	size_t i;
	int ret;

	for (i = 0; i < m->plan->n && !m->error; i++) {
		struct plan_vm *vm = &m->plan->vms[i];
		struct enl_which which = { .id = vm->id };

		if (!vm->id || vm->now)
			continue;
		vm->takes = vm->action == PLAN_DEL;
		ret = ask(m, &which, &answer);
		if (ret == -ENOENT)
			vm->action = PLAN_KEEP; /* gone meanwhile */
		else if (ret)
			m->error = ret;
		if (ret)
			continue;
		vm->now = malloc(sizeof(*vm->now));
		if (vm->now)
			*vm->now = answer.policy.entry;
		else
			fail(m, -ENOMEM, "out of memory");
	}
}

int plan_make(struct plan *plan, struct enl *enl, const struct policy *policy)
{
	struct making m = { .plan = plan, .enl = enl, .policy = policy };

	memset(plan, 0, sizeof(*plan));
	m.error = enl_dump(enl, ELISA_CMD_VM_GET, on_vm, restart, plan);
	if (!m.error && vmscan_all(look_at_process, &m))
		fail(&m, -EIO, "cannot read /proc");
	if (!m.error)
		look_at_rest(&m);
	if (m.error)
		plan_free(plan);
	return m.error;
}

/* --- applying */

static int on_set(struct nlmsghdr *nlh, void *arg)
{
	return enl_set_decode(nlh, arg);
}

static int apply_set(struct enl *enl, struct plan_vm *vm)
{
	const struct enl_set set = {
		.vm = { .id = vm->id },
		.grants = vm->entry->grants,
		.n_grants = vm->entry->n_grants,
		.limits = &vm->entry->limits,
		.pcid = vm->entry->pcid,
		.origin = ELISA_ORIGIN_POLICY,
	};
	struct enl_set_result result = { 0 };
	int ret;

	ret = enl_request(enl, enl_set_msg(enl->family, &set), on_set, &result);
	vm->attachments = result.attachments;
	vm->exports = result.exports;
	return ret;
}

static int apply_enrol(struct enl *enl, struct plan_vm *vm,
		       const struct policy *policy)
{
	const struct enl_enrol template = {
		.grants = vm->entry->grants,
		.n_grants = vm->entry->n_grants,
		.limits = &vm->entry->limits,
		.pcid = vm->entry->pcid,
		.origin = ELISA_ORIGIN_POLICY,
	};
	struct vmscan scan;
	int ret;

	/* Anew: its number may be another process's, or it another user's. */
	ret = vmscan_open(&scan, vm->ident.pid);
	if (ret) {
		snprintf(enl->error, sizeof(enl->error),
			 "cannot look at process %d: %s", vm->ident.pid,
			 strerror(-ret));
		return ret;
	}
	if (!scan.n_fds || policy_find(policy, &scan.ident) != vm->entry)
		ret = -ESRCH;
	else
		ret = enrol(enl, &scan, vm->number, &template, &vm->id);
	vmscan_close(&scan);
	return ret == -EEXIST ? 0 : ret;
}

static void apply_one(struct enl *enl, struct plan_vm *vm,
		      const struct policy *policy)
{
	switch (vm->action) {
	case PLAN_ENROL:
		vm->error = apply_enrol(enl, vm, policy);
		break;
	case PLAN_SET:
		vm->error = apply_set(enl, vm);
		break;
	case PLAN_DEL:
		vm->error = enl_request(enl,
					enl_vm_del_msg(enl->family, vm->id),
					NULL, NULL);
		break;
	case PLAN_KEEP:
	case PLAN_HAND:
		return;
	}
	/* Gone meanwhile: it has nothing, and wants nothing. */
	if (vm->error == -ENOENT || vm->error == -ESRCH)
		vm->error = 0;
	if (vm->error)
		snprintf(vm->why, sizeof(vm->why), "%s", enl->error);
}

unsigned int plan_apply(struct plan *plan, struct enl *enl,
			const struct policy *policy)
{
	unsigned int failed = 0;
	size_t i;

	for (i = 0; i < plan->n; i++) {
		if (plan->vms[i].takes)
			apply_one(enl, &plan->vms[i], policy);
	}
	for (i = 0; i < plan->n; i++) {
		if (!plan->vms[i].takes)
			apply_one(enl, &plan->vms[i], policy);
	}
	for (i = 0; i < plan->n; i++) {
		if (plan->vms[i].error)
			apply_one(enl, &plan->vms[i], policy);
		failed += !!plan->vms[i].error;
	}
	return failed;
}
