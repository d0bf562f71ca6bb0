/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * An enrolled VM.
 *
 * Found by its struct kvm under RCU (hooks) or with a reference (everything
 * that sleeps).  The module does not keep the VM alive; kvm_arch_destroy_vm()
 * is hooked, and from then on @kvm is only a number.
 *
 * Locks, in this order:
 *	export->lock	(mutex) an export while it is built
 *	vms_lock	(mutex, vm.c) the list of all VMs
 *	vm->lock	(mutex) attachments, vCPU and instance creation, RESUME
 *	elisa_export_lock (mutex) export table and each export's attachments
 *	vcpu->lock	(raw spinlock, irqs off) what one vCPU's gate leads to
 *	liveness.lock	(raw spinlock) an export's instances, by their slots
 *	attachment->lock (raw spinlock) instance states and free list
 *	hash_lock	(raw spinlock, vm.c) the hash and each VM's state
 */
#ifndef ELISA_VM_H
#define ELISA_VM_H

#include <linux/atomic.h>
#include <linux/hashtable.h>
#include <linux/kref.h>
#include <linux/kvm_host.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/ratelimit_types.h>
#include <linux/workqueue.h>

#include <elisa/layout.h>
#include <elisa/netlink.h>

#include "apt.h"
#include "ledger.h"
#include "policy.h"

#define ELISA_VM_NAME_SIZE 64

struct elisa_attachment;
struct elisa_vcpu;

/** struct elisa_limits - what a VM may use at most */
struct elisa_limits {
	u32 attachments;
	u32 instances;
	u32 exports;
	u32 pinned_pages;
	u32 suspended_ms;
	u32 section_us;
	u32 events;
};

/** struct elisa_vm_policy - what a VM may do */
struct elisa_vm_policy {
	struct elisa_grant *grants;
	u32 n_grants;
	struct elisa_limits limits;
	u8 pcid;
	u8 origin;
};

/** struct elisa_stats - counters of a VM; names as in <elisa/netlink.h> */
struct elisa_stats {
	atomic64_t attaches, denied, aex, resumes, gate_exits, faults, busy;
	atomic64_t waits, yields, aborted, sections, interposed, retaken;
	atomic_t armed, attachments, exports, instances, pinned_pages,
		suspended;
};

/** struct elisa_identity - how the host names a VM */
struct elisa_identity {
	char name[ELISA_VM_NAME_SIZE];
	u8 uuid[16];
	bool has_uuid;
	u32 pid;
};

/**
 * struct elisa_vm - an enrolled VM
 * @kvm: KVM's object, not to be dereferenced once @state is GONE
 * @hash: in the table of the hooks
 * @list: in the list of all VMs
 * @ref: the table's reference, and one of each sleeper and attachment
 * @state: enum elisa_vm_state
 * @policy: changed under @lock, see vm_policy.c; numbers in it are also read
 *	without
 * @mm: the VMM's address space, for RLIMIT_MEMLOCK accounting
 * @lock: see above
 * @la57: paging depth of the guest, chosen by its first attach
 * @finished: @work has taken the VM from the hooks; of @work only
 * @gate_built: @apt and @alias are built
 * @apt: APT of all gate contexts of the VM
 * @alias: leads to its root
 * @ledger: of debug builds; under @lock, but for @gone
 * @attachment: by window
 * @vcpu: by vcpu_idx, set once
 * @n_vcpu: size of @vcpu
 * @event_limit: for events that a guest causes at no cost
 * @pace: for hypercalls that disturb all CPUs
 * @faults_reported: value of stats.faults at the last event
 * @dirty_ring: KVM logs dirty pages of this VM in rings
 * @moved_buffers: attachments whose exchange buffer has moved, see dirty.c
 * @buffer_pieces: pieces of exchange buffers that are logged, see dirty.c
 * @scattered_buffers: attachments for whose there was no room in it
 * @work: cleans up a VM that is gone, leaving or was reset
 */
struct elisa_vm {
	struct kvm *kvm;
	struct hlist_node hash;
	struct list_head list;
	struct kref ref;
	enum elisa_vm_state state;
	u32 id;
	struct elisa_identity identity;
	struct elisa_vm_policy policy;
	struct mm_struct *mm;
	struct mutex lock; /* see above */
	bool la57;
	bool gate_built;
	bool finished;
	struct elisa_apt apt;
	struct elisa_ept_alias alias;
	struct elisa_ledger_vm ledger;
	struct elisa_attachment *attachment[ELISA_WINDOWS];
	struct elisa_vcpu **vcpu;
	unsigned int n_vcpu;
	struct elisa_stats stats;
	struct ratelimit_state event_limit, pace;
	s64 faults_reported;
	bool dirty_ring;
	atomic_t moved_buffers, buffer_pieces, scattered_buffers;
	struct work_struct work;
};

/** struct elisa_enrolment - arguments of elisa_vm_enrol() */
struct elisa_enrolment {
	int fd;
	struct elisa_identity identity;
	struct elisa_vm_policy policy;
};

int elisa_vm_init(void);
void elisa_vm_exit(void);
int elisa_vm_enrol(struct elisa_enrolment *enrolment, u32 *id,
		   const char **why);
int elisa_vm_remove(u32 id);
struct elisa_vm *elisa_vm_get_id(u32 id);
struct elisa_vm *elisa_vm_get_fd(int fd, int *err, const char **why);

/* Of vm.c: the table of the hooks; more buckets than VMs on most hosts. */
#define ELISA_VM_HASH_BITS 8
extern DECLARE_HASHTABLE(elisa_vm_hash, ELISA_VM_HASH_BITS);

/**
 * elisa_vm_maybe() - may this be an enrolled VM?
 * @kvm: only hashed
 *
 * What every exit of every VM of the host pays for.  Reads one pointer, which it
 * does not follow, so RCU is not needed.
 *
 * Context: any.  Return: false only if elisa_vm_find_rcu() were to find nothing.
 */
static __always_inline bool elisa_vm_maybe(const struct kvm *kvm)
{
	unsigned int i = hash_min((unsigned long)kvm, HASH_BITS(elisa_vm_hash));

	return !hlist_empty(&elisa_vm_hash[i]);
}

struct elisa_vm *elisa_vm_find_rcu(const struct kvm *kvm);
struct elisa_vm *elisa_vm_get(const struct kvm *kvm);
void elisa_vm_put(struct elisa_vm *vm);
void elisa_vm_destroyed(const struct kvm *kvm);
void elisa_vm_disarmed(struct elisa_vm *vm);
void elisa_vm_reset(struct elisa_vm *vm);
int elisa_vm_build_gate(struct elisa_vm *vm, bool la57);
bool elisa_limit_take(atomic_t *counter, u32 limit, u32 n);
int elisa_vm_for_each(int (*fn)(struct elisa_vm *vm, void *arg), u32 from,
		      void *arg);
u32 elisa_vm_count(void);

#endif /* ELISA_VM_H */
