// SPDX-License-Identifier: GPL-2.0-only
/*
 * The policy of an enrolled VM.
 *
 * It is replaced under vm->lock.  Whoever needs a grant asks for it twice: first
 * without consequences, to refuse early, and again under vm->lock where the
 * attachment or export becomes visible.  elisa_vm_set() looks through what is
 * visible after it has replaced the grants, under the same lock.  So what was
 * allowed by old grants is either seen there or not made any more.
 *
 * Limits and pcid are single numbers that are also read without the lock.
 */
#include <linux/mutex.h>
#include <linux/ratelimit.h>

#include "attachment.h"
#include "cpu.h"
#include "event.h"
#include "export.h"
#include "vm.h"
#include "vm_policy.h"

/**
 * elisa_vm_rights() - what a VM's grants allow just now
 * @vm: VM
 * @kind: ELISA_GRANT_*
 * @name: export name
 *
 * Context: vm->lock held.  Return: ELISA_RIGHT_*; 0 for a refusal.
 */
u32 elisa_vm_rights(struct elisa_vm *vm, u8 kind, const char *name)
{
	lockdep_assert_held(&vm->lock);
	return elisa_policy_rights(vm->policy.grants, vm->policy.n_grants, kind,
				   name);
}

static u32 needed_rights(const struct elisa_attachment *att)
{
	return att->rights | (att->is_trusted ? ELISA_RIGHT_FULL_TRUST : 0);
}

static int may_keep(const struct elisa_attachment *att, u8 pcid)
{
	if (needed_rights(att) &
	    ~elisa_vm_rights(att->vm, ELISA_GRANT_ATTACH, att->export_name))
		return -EACCES;
	if (att->is_full && pcid == ELISA_PCID_TRUST)
		return -EOPNOTSUPP;
	return 0;
}

/**
 * elisa_vm_may_keep() - does the policy still allow all that an attachment has?
 * @att: attachment, its VM's lock held
 *
 * Return: 0; -EACCES a right is missing; -EOPNOTSUPP full trust with
 * `pcid: trust` (see SECURITY.md, "CR3").
 */
int elisa_vm_may_keep(const struct elisa_attachment *att)
{
	return may_keep(att, att->vm->policy.pcid);
}

/* Of all of them together, none is used to decide about another. */
static void set_limits(struct elisa_vm *vm, const struct elisa_limits *to)
{
	struct elisa_limits *limits = &vm->policy.limits;
	unsigned long flags;

	WRITE_ONCE(limits->attachments, to->attachments);
	WRITE_ONCE(limits->instances, to->instances);
	WRITE_ONCE(limits->exports, to->exports);
	WRITE_ONCE(limits->pinned_pages, to->pinned_pages);
	WRITE_ONCE(limits->suspended_ms, to->suspended_ms);
	WRITE_ONCE(limits->section_us, to->section_us);
	WRITE_ONCE(limits->events, to->events);
	raw_spin_lock_irqsave(&vm->event_limit.lock, flags);
	WRITE_ONCE(vm->event_limit.burst, to->events);
	raw_spin_unlock_irqrestore(&vm->event_limit.lock, flags);
}

/* vm->lock held.  Return: how many. */
static u32 revoke_attachments(struct elisa_vm *vm, u8 pcid)
{
	struct elisa_attachment *att;
	unsigned int slot;
	u32 n = 0;

	for (slot = 0; slot < ELISA_WINDOWS; slot++) {
		att = vm->attachment[slot];
		if (!att || att->dead || !may_keep(att, pcid))
			continue;
		elisa_attachment_revoke(att);
		elisa_event_attachment(ELISA_EVENT_REVOKED, vm,
				       att->export_name);
		n++;
	}
	return n;
}

/**
 * elisa_vm_set() - replace the policy of a VM
 * @vm: VM, referenced by the caller
 * @policy: the new one, valid; its grants are exchanged for the old ones on
 *	success, which the caller frees
 * @revoked: result
 *
 * All or nothing: whatever can fail has been done by the caller.  When it
 * returns, no vCPU is in a sub context of an attachment or an export that lost
 * a right, and none can enter; and each vCPU has left the guest since the new
 * pcid is in force, so that its next entry looks at its mode anew.
 *
 * Context: sleeps, no lock held.  Return: 0; -EBUSY the VM is leaving or gone.
 */
int elisa_vm_set(struct elisa_vm *vm, struct elisa_vm_policy *policy,
		 struct elisa_revoked *revoked)
{
	bool other_pcid;

	mutex_lock(&vm->lock);
	/* If it leaves now, all that it has is revoked anyhow. */
	if (READ_ONCE(vm->state) != ELISA_VM_ACTIVE) {
		mutex_unlock(&vm->lock);
		return -EBUSY;
	}
	other_pcid = vm->policy.pcid != policy->pcid;
	swap(vm->policy.grants, policy->grants);
	swap(vm->policy.n_grants, policy->n_grants);
	set_limits(vm, &policy->limits);
	WRITE_ONCE(vm->policy.origin, policy->origin);
	/*
	 * Before `pcid: trust` is in force no attachment with full trust may be
	 * left, and until vm->lock is released none is made.
	 */
	revoked->attachments = revoke_attachments(vm, policy->pcid);
	WRITE_ONCE(vm->policy.pcid, policy->pcid);
	mutex_unlock(&vm->lock);
	/* Without vm->lock: it takes that of each VM that is attached. */
	revoked->exports = elisa_export_revoke_denied(vm);
	if (other_pcid)
		elisa_cpu_invept_all();
	elisa_event_vm(ELISA_EVENT_VM_SET, vm);
	return 0;
}
