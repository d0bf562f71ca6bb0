// SPDX-License-Identifier: GPL-2.0-only
/*
 * Attachments: making, revoking, detaching.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/random.h>
#include <linux/slab.h>
#include <asm/io.h>
#include <asm/processor-flags.h>

#include "attachment.h"
#include "compat/kvm_dirty.h"
#include "cpu.h"
#include "dirty.h"
#include "event.h"
#include "export.h"
#include "gate_code.h"
#include "inject.h"
#include "instance.h"
#include "mode.h"
#include "table.h"
#include "trace.h"
#include "vcpu.h"
#include "vm.h"
#include "vm_policy.h"

static atomic_t next_id;

static void attachment_free(struct kref *ref)
{
	struct elisa_attachment *att = container_of(ref, typeof(*att), ref);

	elisa_table_free(&att->xbuf_pt);
	elisa_table_free(&att->info);
	elisa_table_free(&att->landing);
	elisa_table_free(&att->system);
	elisa_alias_free(&att->alias);
	elisa_table_free(&att->apt.l1);
	elisa_table_free(&att->apt.l2);
	elisa_table_free(&att->apt.l3);
	elisa_table_free(&att->apt.l4);
	elisa_table_free(&att->apt.root);
	elisa_unpin(&att->xbuf, att->vm);
	if (att->export)
		elisa_export_put(att->export);
	elisa_vm_put(att->vm);
	kfree(att);
}

void elisa_attachment_get(struct elisa_attachment *att)
{
	kref_get(&att->ref);
}

/** elisa_attachment_put() - drop a reference.  Context: sleeps. */
void elisa_attachment_put(struct elisa_attachment *att)
{
	kref_put(&att->ref, attachment_free);
}

/**
 * elisa_attachment_find() - an attachment by token
 * @vm: the VM
 * @token: from the hypercall that made it
 *
 * Context: vm->lock held.  Return: it or NULL.
 */
struct elisa_attachment *elisa_attachment_find(struct elisa_vm *vm, u64 token)
{
	unsigned int slot;

	for (slot = 0; slot < ELISA_WINDOWS; slot++)
		if (vm->attachment[slot] &&
		    vm->attachment[slot]->token == token)
			return vm->attachment[slot];
	return NULL;
}

static void save_segment(struct elisa_segment *seg, unsigned long selector,
			 unsigned long base, unsigned long limit,
			 unsigned long ar)
{
	seg->selector = elisa_vmread(selector);
	seg->base = elisa_vmread(base);
	seg->limit = elisa_vmread(limit);
	seg->ar = elisa_vmread(ar);
}

static int alloc_pages_of(struct elisa_attachment *att, bool la57)
{
	struct elisa_table *const page[] = {
		&att->apt.root, &att->apt.l3,  &att->apt.l2, &att->apt.l1,
		&att->system,	&att->landing, &att->info,   &att->xbuf_pt,
	};
	unsigned int i;
	int err;

	for (i = 0; i < ARRAY_SIZE(page); i++) {
		err = elisa_table_alloc(page[i]);
		if (err)
			return err;
	}
	if (la57) {
		err = elisa_table_alloc(&att->apt.l4);
		if (err)
			return err;
	}
	return elisa_alias_alloc(&att->alias);
}

/* What the VM and the export's code are told. */
static u32 reported_rights(const struct elisa_attachment *att)
{
	return att->rights | (att->is_full ? ELISA_RIGHT_FULL_TRUST : 0);
}

static void build_system_pages(struct elisa_attachment *att, bool la57)
{
	const u64 base = elisa_cpu_special_base();
	struct elisa_sub_info *info = (void *)att->info.va;
	struct elisa_export *export = att->export;
	u64 *system = att->system.va;
	u32 i;

	elisa_apt_build_sub(&att->apt, base, la57, att->slot, att->cpl == 3,
			    export->n_data_pt);
	elisa_ept_build_alias(&att->alias, att->apt.root.pa);
	elisa_landing_build((u8 *)att->landing.va, export->n_entries,
			    elisa_attachment_variant(att));
	elisa_ept_set_page(system, ELISA_APT_SUB_LANDING, att->landing.pa,
			   elisa_cpu_exec_rights());
	elisa_ept_set_page(system, ELISA_APT_SUB_L3, att->apt.l3.pa,
			   ELISA_EPT_R);
	elisa_ept_set_page(system, ELISA_APT_SUB_L2, att->apt.l2.pa,
			   ELISA_EPT_R);
	elisa_ept_set_page(system, ELISA_APT_SUB_L1, att->apt.l1.pa,
			   ELISA_EPT_R);
	if (la57)
		elisa_ept_set_page(system, ELISA_APT_SUB_L4, att->apt.l4.pa,
				   ELISA_EPT_R);

	for (i = 0; i < att->xbuf.n_pages; i++)
		elisa_ept_set_page(att->xbuf_pt.va, i,
				   page_to_phys(att->xbuf.pages[i]),
				   ELISA_EPT_R | ELISA_EPT_W);

	info->abi = ELISA_ABI_VERSION;
	info->rights = reported_rights(att);
	info->vm = att->vm->id;
	info->attachment = att->id;
	info->data_size = export->data.n_pages * (u64)PAGE_SIZE;
	info->xbuf_size = (u64)att->xbuf.n_pages * PAGE_SIZE;
}

/* vm->lock held */
static int attach_locked(struct elisa_vm *vm, struct kvm_vcpu *vcpu,
			 struct elisa_attachment *att)
{
	bool la57 = elisa_vmread(GUEST_CR4) & X86_CR4_LA57;
	unsigned int slot;
	int err;

	for (slot = 0; slot < ELISA_WINDOWS && vm->attachment[slot]; slot++)
		;
	if (slot == ELISA_WINDOWS)
		return -ENOSPC;
	att->slot = slot;
	err = elisa_vm_build_gate(vm, la57);
	if (err)
		return err;
	if (vm->la57 != la57)
		return -EOPNOTSUPP;
	err = alloc_pages_of(att, la57);
	if (err)
		return err;
	build_system_pages(att, la57);
	/*
	 * VM clean-up sets the state before it takes vm->lock to detach, so it
	 * either sees this attachment or is seen here.
	 */
	if (READ_ONCE(vm->state) != ELISA_VM_ACTIVE)
		return -EACCES;
	/* Likewise a policy that was changed meanwhile, see vm_policy.c. */
	err = elisa_vm_may_keep(att);
	if (err)
		return err;
	err = elisa_export_link(att->export, att);
	if (err)
		return err;
	/* Interposed it has no gate page on any vCPU. */
	if (!att->interposed) {
		elisa_ledger_window_open(&vm->ledger, slot);
		elisa_apt_gate_window(&vm->apt, elisa_cpu_special_base(), slot,
				      att->cpl == 3, true);
	}
	vm->attachment[slot] = att;
	return 0;
}

/**
 * elisa_attach() - ATTACH hypercall
 * @vm: the caller's VM
 * @vcpu: its vCPU
 * @req: arguments, checked for form; results
 *
 * Context: the vCPU's thread, sleeps.
 * Return: 0; -EACCES the policy refuses; -ENOENT; -EOPNOTSUPP the vCPU's mode;
 * -ENOSPC; -EFAULT exchange buffer; -ENOMEM.
 */
int elisa_attach(struct elisa_vm *vm, struct kvm_vcpu *vcpu,
		 struct elisa_attach_request *req)
{
	struct elisa_attachment *att;
	struct elisa_export *export;
	const char *why;
	u64 rflags;
	u32 rights;
	int err;

	mutex_lock(&vm->lock);
	rights = elisa_vm_rights(vm, ELISA_GRANT_ATTACH, req->name);
	mutex_unlock(&vm->lock);
	if (!rights) {
		elisa_event_denied(vm, req->name, ELISA_DENIAL_ATTACH);
		return -EACCES;
	}
	/* Whatever runs at CPL 0 can load CR3: the guest must be meant to trust it. */
	if (elisa_cpl() != 3 && !(rights & ELISA_RIGHT_KERNEL)) {
		elisa_event_denied(vm, req->name, ELISA_DENIAL_KERNEL);
		return -EACCES;
	}
	why = elisa_mode_refusal(vm, vcpu);
	rflags = elisa_vmread(GUEST_RFLAGS);
	if (!why && elisa_cpl() == 3 && rflags & X86_EFLAGS_IOPL)
		why = "IOPL is not 0";
	if (!why && !(rflags & X86_EFLAGS_IF))
		why = "interrupts are off";
	if (!why && !req->interposed && !elisa_cpu_has_vmfunc())
		why = "the CPU has no VM functions: calls can only be interposed";
	if (why) {
		pr_info_ratelimited("vm %u (%s): attach to %s refused: %s\n",
				    vm->id, vm->identity.name, req->name, why);
		return -EOPNOTSUPP;
	}
	export = elisa_export_get(req->name);
	if (!export)
		return -ENOENT;
	err = -EACCES;
	if (export->trust == ELISA_TRUST_FULL &&
	    !(rights & ELISA_RIGHT_FULL_TRUST)) {
		elisa_event_denied(vm, req->name, ELISA_DENIAL_FULL_TRUST);
		goto err_export;
	}
	/*
	 * A kernel that keeps translations across calls could choose where
	 * such code continues, and so the host's EPTPs: see SECURITY.md, "CR3".
	 */
	err = -EOPNOTSUPP;
	if (export->trust == ELISA_TRUST_FULL && !req->interposed &&
	    READ_ONCE(vm->policy.pcid) == ELISA_PCID_TRUST) {
		pr_info_ratelimited("vm %u (%s): attach to %s refused: full trust and pcid: trust exclude each other\n",
				    vm->id, vm->identity.name, req->name);
		goto err_export;
	}
	err = -ENOSPC;
	if (!elisa_limit_take(&vm->stats.attachments,
			      READ_ONCE(vm->policy.limits.attachments), 1))
		goto err_export;
	err = -ENOMEM;
	att = elisa_try_alloc(kzalloc(sizeof(*att), GFP_KERNEL_ACCOUNT));
	if (!att)
		goto err_limit;
	kref_init(&att->ref);
	kref_get(&vm->ref);
	att->vm = vm;
	att->export = export;
	att->export_id = export->id;
	att->interposed = req->interposed;
	att->is_trusted = export->trust == ELISA_TRUST_FULL;
	att->is_full = att->is_trusted && !att->interposed;
	strscpy(att->export_name, export->name, sizeof(att->export_name));
	INIT_LIST_HEAD(&att->export_list);
	INIT_LIST_HEAD(&att->instances);
	INIT_LIST_HEAD(&att->free);
	raw_spin_lock_init(&att->lock);
	att->token = get_random_u64();
	att->id = atomic_inc_return(&next_id);
	att->rights = rights & ~(u32)ELISA_RIGHT_FULL_TRUST;
	att->cpl = elisa_cpl();
	att->rflags = rflags & (X86_EFLAGS_IF | X86_EFLAGS_IOPL);
	save_segment(&att->cs, GUEST_CS_SELECTOR, GUEST_CS_BASE, GUEST_CS_LIMIT,
		     GUEST_CS_AR_BYTES);
	save_segment(&att->ss, GUEST_SS_SELECTOR, GUEST_SS_BASE, GUEST_SS_LIMIT,
		     GUEST_SS_AR_BYTES);

	/* Without vm->lock: it may sleep for as long as the VMM likes. */
	err = 0;
	if (req->xbuf_pages)
		err = elisa_pin_note_runs(&att->xbuf, req->xbuf_pages);
	if (!err && req->xbuf_pages)
		err = elisa_pin_guest(&att->xbuf, vm, vcpu, req->xbuf,
				      req->xbuf_pages);
	mutex_lock(&vm->lock);
	if (!err)
		err = attach_locked(vm, vcpu, att);
	if (!err) {
		req->token = att->token;
		req->window = ELISA_WINDOW(att->slot);
		req->rights = reported_rights(att);
		elisa_dirty_follow(att);
		atomic64_inc(&vm->stats.attaches);
		/* Settled before a VM has its first vCPU. */
		WRITE_ONCE(vm->dirty_ring, elisa_kvm_has_dirty_ring(vcpu->kvm));
		trace_elisa_attach(vm->id, att->id, att->slot, req->name);
	}
	mutex_unlock(&vm->lock);
	if (err) {
		elisa_attachment_put(att);
		atomic_dec(&vm->stats.attachments);
		return err;
	}
	elisa_event_attachment(ELISA_EVENT_ATTACHED, vm, req->name);
	return 0;

err_limit:
	atomic_dec(&vm->stats.attachments);
err_export:
	elisa_export_put(export);
	return err;
}

/* The next INVEPT makes it so. */
static void close_window(struct elisa_vm *vm, unsigned int slot)
{
	elisa_apt_gate_window(&vm->apt, elisa_cpu_special_base(), slot, false,
			      false);
	elisa_ledger_window_close(&vm->ledger, slot);
}

/* As below; @forget: its window, too. */
static void revoke(struct elisa_attachment *att, bool forget)
{
	struct elisa_vm *vm = att->vm;

	lockdep_assert_held(&vm->lock);
	/* Before any vcpu->lock is taken: nothing binds or resumes it after. */
	WRITE_ONCE(att->dead, true);
	elisa_vcpu_drop(vm, att);
	elisa_export_unlink(att);
	/* Not before all have left: whoever is in a call returns through it. */
	if (forget)
		close_window(vm, att->slot);
	elisa_cpu_invept_all();
	elisa_instance_free_all(att);
	elisa_dirty_forget(att);
	elisa_unpin(&att->xbuf, vm);
	elisa_export_put(att->export);
	att->export = NULL;
}

/**
 * elisa_attachment_revoke() - end all calls through an attachment
 * @att: attachment, its VM's lock held
 *
 * When it returns no vCPU is in a sub context of @att and none can enter, its
 * instances are freed and nothing is pinned for it.  Idempotent.
 *
 * Context: sleeps.  Waits for exit hooks of vCPUs that were in the guest,
 * which need no lock of ours but vcpu->lock.
 */
void elisa_attachment_revoke(struct elisa_attachment *att)
{
	if (!att->dead)
		revoke(att, false);
}

/**
 * elisa_detach_slot() - free a window
 * @vm: the VM
 * @slot: window number
 *
 * Context: vm->lock held, sleeps.
 */
void elisa_detach_slot(struct elisa_vm *vm, unsigned int slot)
{
	struct elisa_attachment *att = vm->attachment[slot];

	/*
	 * The window may be given to an attachment of the other CPL: no CPU
	 * may keep its old translation.
	 */
	if (att->dead) {
		close_window(vm, slot);
		elisa_cpu_invept_all();
	} else {
		revoke(att, true);
	}
	vm->attachment[slot] = NULL;
	atomic_dec(&vm->stats.attachments);
	elisa_event_attachment(ELISA_EVENT_DETACHED, vm, att->export_name);
	elisa_attachment_put(att);
}

/**
 * elisa_detach() - DETACH hypercall
 * @vm: the VM
 * @token: from the hypercall that made it
 *
 * Context: sleeps.  Return: 0 or -ENOENT.
 */
int elisa_detach(struct elisa_vm *vm, u64 token)
{
	struct elisa_attachment *att;

	mutex_lock(&vm->lock);
	att = elisa_attachment_find(vm, token);
	if (att)
		elisa_detach_slot(vm, att->slot);
	mutex_unlock(&vm->lock);
	return att ? 0 : -ENOENT;
}

/** struct end - what elisa_attachment_end() looks for, and what it found */
struct end {
	u32 id;
	struct elisa_attachment *att;
};

/* elisa_vm_for_each(): takes a reference to the attachment.  1: it is here. */
static int find_id(struct elisa_vm *vm, void *arg)
{
	struct end *end = arg;
	unsigned int slot;

	mutex_lock(&vm->lock);
	for (slot = 0; slot < ELISA_WINDOWS && !end->att; slot++)
		if (vm->attachment[slot] && vm->attachment[slot]->id == end->id)
			end->att = vm->attachment[slot];
	if (end->att)
		elisa_attachment_get(end->att);
	mutex_unlock(&vm->lock);
	return !!end->att;
}

/**
 * elisa_attachment_end() - the host ends one attachment
 * @id: its number
 * @forget: free its window, too, as DETACH does
 *
 * The host cannot know whether the guest's process is still there that made
 * it.  Without @forget a process that is gets -ENOLINK, as with a revoked
 * export; with it, the window may be given to the VM's next attachment, and
 * the process would call into that.
 *
 * Context: sleeps; takes the list of VMs and vm->lock, one after the other.
 * Return: 0 or -ENOENT.
 */
int elisa_attachment_end(u32 id, bool forget)
{
	struct end end = { .id = id };
	struct elisa_vm *vm;
	int err = 0;

	if (!elisa_vm_for_each(find_id, 0, &end))
		return -ENOENT;
	vm = end.att->vm;
	mutex_lock(&vm->lock);
	/* Others may have been faster; a window has one attachment at a time. */
	if (vm->attachment[end.att->slot] != end.att)
		err = -ENOENT;
	else if (forget)
		elisa_detach_slot(vm, end.att->slot);
	else
		elisa_attachment_revoke(end.att);
	mutex_unlock(&vm->lock);
	elisa_attachment_put(end.att);
	return err;
}
