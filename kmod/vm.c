// SPDX-License-Identifier: GPL-2.0-only
/*
 * Enrolled VMs.
 *
 *	            VM_DEL                 all vCPUs disarmed
 *	ACTIVE ---------------> LEAVING ----------------------> freed
 *	   '---> GONE <------------'                              ^
 *	         kvm_arch_destroy_vm() '--------------------------'
 *
 * Leaving, a VM has no exports and no attachments any more but stays known to
 * the hooks until its last armed VMCS was disarmed at a VM entry.  Gone, its
 * vCPUs cannot run any more and its VMCSs are KVM's to free.  A VM that was reset
 * stays active, without exports and attachments.
 */
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/hashtable.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/pid.h>
#include <linux/rculist.h>
#include <linux/ratelimit.h>
#include <linux/sched/mm.h>
#include <linux/sched/task.h>
#include <linux/slab.h>

#include "attachment.h"
#include "cpu.h"
#include "event.h"
#include "export.h"
#include "hooks.h"
#include "inject.h"
#include "invariant.h"
#include "pace.h"
#include "symbols.h"
#include "table.h"
#include "vcpu.h"
#include "vm.h"

/* What the hooks search, under RCU; changed under hash_lock. */
DEFINE_HASHTABLE(elisa_vm_hash, ELISA_VM_HASH_BITS);
static DEFINE_RAW_SPINLOCK(hash_lock);

/* All VMs that are not freed, ordered by id. */
static LIST_HEAD(vms);
static DEFINE_MUTEX(vms_lock);
static u32 next_id, n_vms;

static struct workqueue_struct *workqueue;

/**
 * elisa_vm_find_rcu() - the enrolled VM of a struct kvm
 * @kvm: only compared
 *
 * Context: any, rcu_read_lock() held.  Return: it or NULL.
 */
struct elisa_vm *elisa_vm_find_rcu(const struct kvm *kvm)
{
	struct elisa_vm *vm;

	hash_for_each_possible_rcu(elisa_vm_hash, vm, hash, (unsigned long)kvm)
		if (vm->kvm == kvm)
			return vm;
	return NULL;
}

/** elisa_vm_get() - the same, referenced.  Context: any. */
struct elisa_vm *elisa_vm_get(const struct kvm *kvm)
{
	struct elisa_vm *vm;

	rcu_read_lock();
	vm = elisa_vm_find_rcu(kvm);
	if (vm && !kref_get_unless_zero(&vm->ref))
		vm = NULL;
	rcu_read_unlock();
	return vm;
}

static void vm_free(struct kref *ref)
{
	struct elisa_vm *vm = container_of(ref, typeof(*vm), ref);

	elisa_invariant_vm_freed(vm);
	elisa_alias_free(&vm->alias);
	elisa_table_free(&vm->apt.low_l2);
	elisa_table_free(&vm->apt.low_l3);
	elisa_table_free(&vm->apt.l1);
	elisa_table_free(&vm->apt.l2);
	elisa_table_free(&vm->apt.l3);
	elisa_table_free(&vm->apt.l4);
	elisa_table_free(&vm->apt.root);
	kvfree(vm->vcpu);
	kfree(vm->policy.grants);
	if (vm->mm)
		mmdrop(vm->mm);
	kfree(vm);
	/* elisa_vm_exit() waits for whoever may still run this function. */
	module_put(THIS_MODULE);
}

/** elisa_vm_put() - drop a reference.  Context: sleeps. */
void elisa_vm_put(struct elisa_vm *vm)
{
	kref_put(&vm->ref, vm_free);
}

/**
 * elisa_limit_take() - count against a limit
 * @counter: what is used
 * @limit: the most
 * @n: how many more
 *
 * Return: false, and nothing taken, when @limit would be passed.
 */
bool elisa_limit_take(atomic_t *counter, u32 limit, u32 n)
{
	u32 used = atomic_read(counter);

	do {
		if (n > limit || used > limit - n)
			return false;
	} while (!atomic_try_cmpxchg(counter, &used, used + n));
	return true;
}

/**
 * elisa_vm_build_gate() - build what all gate contexts of a VM share
 * @vm: VM, vm->lock held
 * @la57: paging depth
 *
 * Context: sleeps.  Return: 0, also when it is there already; -ENOMEM.
 */
int elisa_vm_build_gate(struct elisa_vm *vm, bool la57)
{
	struct elisa_table *const page[] = {
		&vm->apt.root,	 &vm->apt.l3,	  &vm->apt.l2, &vm->apt.l1,
		&vm->apt.low_l3, &vm->apt.low_l2, &vm->apt.l4,
	};
	unsigned int i;
	int err = 0;

	if (vm->gate_built)
		return 0;
	for (i = 0; i < ARRAY_SIZE(page) && !err; i++)
		if (!page[i]->va)
			err = elisa_table_alloc(page[i]);
	if (err)
		return err;
	if (!vm->alias.pt.va) {
		err = elisa_alias_alloc(&vm->alias);
		if (err) {
			elisa_alias_free(&vm->alias);
			return err;
		}
	}
	elisa_apt_build_gate(&vm->apt, elisa_cpu_special_base(), la57);
	elisa_ept_build_alias(&vm->alias, vm->apt.root.pa);
	vm->la57 = la57;
	/* The hooks read la57 once they see this. */
	smp_store_release(&vm->gate_built, true);
	return 0;
}

/* Is nothing of the VM in use by a CPU any more?  Then the hooks forget it. */
static bool try_finish(struct elisa_vm *vm)
{
	unsigned long flags;
	bool finish;

	raw_spin_lock_irqsave(&hash_lock, flags);
	finish = vm->state == ELISA_VM_GONE || !atomic_read(&vm->stats.armed);
	if (finish)
		hash_del_rcu(&vm->hash);
	raw_spin_unlock_irqrestore(&hash_lock, flags);
	return finish;
}

/* @pace: the guest may have this done as often as it likes. */
static void revoke_all(struct elisa_vm *vm, bool pace)
{
	unsigned int i;
	bool found;

	elisa_export_revoke_vm(vm);
	for (i = 0; i < ELISA_WINDOWS; i++) {
		mutex_lock(&vm->lock);
		found = vm->attachment[i];
		if (found)
			elisa_detach_slot(vm, i);
		mutex_unlock(&vm->lock);
		if (found && pace)
			elisa_pace(vm);
	}
}

/* Revoke everything, and finish when no CPU uses anything of the VM. */
static void leave(struct elisa_vm *vm)
{
	struct elisa_vcpu *v;
	unsigned int i;

	/* A hook that saw the VM active has counted the vCPU that it armed. */
	synchronize_rcu();
	revoke_all(vm, false);

	if (!try_finish(vm))
		return; /* elisa_vm_disarmed() or _destroyed() queues again */

	vm->finished = true;

	/* No hook looks at the vCPUs any more after this. */
	synchronize_rcu();
	elisa_cpu_invept_all();
	mutex_lock(&vm->lock);
	for (i = 0; i < vm->n_vcpu; i++) {
		v = vm->vcpu[i];
		vm->vcpu[i] = NULL;
		elisa_vcpu_free(v);
	}
	mutex_unlock(&vm->lock);
	elisa_event_vm(ELISA_EVENT_VM_GONE, vm);
	elisa_hooks_put();
	mutex_lock(&vms_lock);
	list_del(&vm->list);
	n_vms--;
	mutex_unlock(&vms_lock);
	elisa_vm_put(vm);
}

static void clean_up(struct work_struct *work)
{
	struct elisa_vm *vm = container_of(work, typeof(*vm), work);

	/* Who changes the state queues the work after it. */
	if (READ_ONCE(vm->state) == ELISA_VM_ACTIVE)
		revoke_all(vm, true);
	else if (!vm->finished)
		leave(vm);
	elisa_vm_put(vm);
}

/*
 * Does not sleep: the caller found the VM by the hash or holds a reference,
 * so the put is never the last.
 */
static void queue_clean_up(struct elisa_vm *vm)
{
	kref_get(&vm->ref);
	if (!queue_work(workqueue, &vm->work))
		kref_put(&vm->ref, vm_free);
}

/**
 * elisa_vm_destroyed() - KVM is destroying a VM
 * @kvm: the VM
 *
 * Context: hook on kvm_arch_destroy_vm(); does not sleep.  None of its vCPUs
 * can run any more.
 */
void elisa_vm_destroyed(const struct kvm *kvm)
{
	struct elisa_vm *vm;
	unsigned long flags;

	raw_spin_lock_irqsave(&hash_lock, flags);
	hash_for_each_possible(elisa_vm_hash, vm, hash, (unsigned long)kvm) {
		if (vm->kvm != kvm)
			continue;
		/* The address may be another VM's soon. */
		WRITE_ONCE(vm->state, ELISA_VM_GONE);
		elisa_ledger_gone(&vm->ledger);
		hash_del_rcu(&vm->hash);
		queue_clean_up(vm);
		break;
	}
	raw_spin_unlock_irqrestore(&hash_lock, flags);
}

/**
 * elisa_vm_disarmed() - one VMCS of a VM was disarmed
 * @vm: the VM
 *
 * Context: entry hook, interrupts off.
 */
void elisa_vm_disarmed(struct elisa_vm *vm)
{
	if (atomic_dec_and_test(&vm->stats.armed) &&
	    READ_ONCE(vm->state) == ELISA_VM_LEAVING)
		queue_clean_up(vm);
}

/**
 * elisa_vm_reset() - end all exports and attachments of a VM, which stays enrolled
 * @vm: the VM
 *
 * Context: entry hook, interrupts off, RCU.  Does not wait for it.
 */
void elisa_vm_reset(struct elisa_vm *vm)
{
	queue_clean_up(vm);
}

/* vms_lock held */
static struct elisa_vm *find_id(u32 id)
{
	struct elisa_vm *vm;

	list_for_each_entry(vm, &vms, list)
		if (vm->id == id)
			return vm;
	return NULL;
}

/**
 * elisa_vm_get_id() - a VM by its number
 * @id: as `elisactl` lists it
 *
 * Context: sleeps.  Return: it, referenced, or NULL.
 */
struct elisa_vm *elisa_vm_get_id(u32 id)
{
	struct elisa_vm *vm;

	mutex_lock(&vms_lock);
	vm = find_id(id);
	if (vm)
		kref_get(&vm->ref);
	mutex_unlock(&vms_lock);
	return vm;
}

/**
 * elisa_vm_remove() - take ELISA away from a VM
 * @id: VM number
 *
 * When it returns the VM has no attachments and no exports.
 *
 * Context: sleeps.  Return: 0, -ENOENT.
 */
int elisa_vm_remove(u32 id)
{
	struct elisa_vm *vm = elisa_vm_get_id(id);
	unsigned long flags;

	if (!vm)
		return -ENOENT;
	raw_spin_lock_irqsave(&hash_lock, flags);
	if (vm->state == ELISA_VM_ACTIVE)
		WRITE_ONCE(vm->state, ELISA_VM_LEAVING);
	raw_spin_unlock_irqrestore(&hash_lock, flags);
	queue_clean_up(vm);
	flush_work(&vm->work);
	elisa_vm_put(vm);
	return 0;
}

/*
 * Is @pid a thread of the process that created @kvm?  A VM file can be passed
 * on; only the creator's address space can run the VM.
 */
static bool is_creator(const struct kvm *kvm, u32 pid)
{
	struct pid *p = find_get_pid(pid);
	struct task_struct *task = get_pid_task(p, PIDTYPE_PID);
	bool same = false;

	if (task) {
		/* No reference to it: to drop the last one can take for ever. */
		task_lock(task);
		same = task->mm && task->mm == kvm->mm;
		task_unlock(task);
		put_task_struct(task);
	}
	put_pid(p);
	return same;
}

static struct elisa_vm *vm_alloc(struct elisa_enrolment *e, struct kvm *kvm)
{
	struct elisa_vm *vm = elisa_try_alloc(kzalloc(sizeof(*vm), GFP_KERNEL));
	const size_t size = sizeof(*vm->vcpu);

	if (!vm)
		return NULL;
	vm->n_vcpu = KVM_MAX_VCPUS;
	vm->vcpu = elisa_try_alloc(kvcalloc(vm->n_vcpu, size, GFP_KERNEL));
	if (!vm->vcpu) {
		kfree(vm);
		return NULL;
	}
	kref_init(&vm->ref);
	mutex_init(&vm->lock);
	INIT_LIST_HEAD(&vm->list);
	INIT_WORK(&vm->work, clean_up);
	ratelimit_state_init(&vm->event_limit, HZ, e->policy.limits.events);
	ratelimit_set_flags(&vm->event_limit, RATELIMIT_MSG_ON_RELEASE);
	elisa_pace_init(vm);
	vm->kvm = kvm;
	vm->identity = e->identity;
	vm->policy = e->policy;
	e->policy.grants = NULL;
	vm->mm = kvm->mm;
	mmgrab(vm->mm);
	__module_get(THIS_MODULE);
	return vm;
}

/* The hash and the list learn of a VM at once. */
static int publish(struct elisa_vm *vm)
{
	struct elisa_vm *other;
	unsigned long flags;
	int err = 0;

	mutex_lock(&vms_lock);
	raw_spin_lock_irqsave(&hash_lock, flags);
	hash_for_each_possible(elisa_vm_hash, other, hash,
			       (unsigned long)vm->kvm)
		if (other->kvm == vm->kvm)
			err = other->state == ELISA_VM_ACTIVE ? -EEXIST :
								-EBUSY;
	if (!err) {
		vm->id = ++next_id;
		hash_add_rcu(elisa_vm_hash, &vm->hash, (unsigned long)vm->kvm);
	}
	raw_spin_unlock_irqrestore(&hash_lock, flags);
	if (!err) {
		list_add_tail(&vm->list, &vms);
		n_vms++;
	}
	mutex_unlock(&vms_lock);
	return err;
}

/*
 * The file behind a descriptor of the calling process, if it is a VM of KVM's;
 * ERR_PTR else.  KVM is looked up each time: it may have been loaded anew.
 */
static struct file *vm_file(int fd, const char **why)
{
	unsigned long release = elisa_symbol("kvm_vm_release");
	struct file *file;

	*why = "this kernel's KVM cannot be hooked, see the kernel log";
	if (!release)
		return ERR_PTR(-EOPNOTSUPP);
	*why = "VM_FD is not an open file of this process";
	file = fget(fd);
	if (!file)
		return ERR_PTR(-EBADF);
	if ((unsigned long)file->f_op->release == release)
		return file;
	fput(file);
	*why = "VM_FD is not a KVM VM";
	return ERR_PTR(-EINVAL);
}

/**
 * elisa_vm_get_fd() - the enrolled VM behind a descriptor of the caller
 * @fd: file descriptor
 * @err: result: -errno
 * @why: result: a reason for the operator on error
 *
 * Context: the process that holds @fd, sleeps.
 * Return: it, referenced, or NULL.
 */
struct elisa_vm *elisa_vm_get_fd(int fd, int *err, const char **why)
{
	struct file *file = vm_file(fd, why);
	struct elisa_vm *vm;

	*err = PTR_ERR_OR_ZERO(file);
	if (*err)
		return NULL;
	/* While the file is held its struct kvm is no other VM's. */
	vm = elisa_vm_get(file->private_data);
	fput(file);
	if (!vm) {
		*why = "this VM is not enrolled";
		*err = -ENOENT;
	}
	return vm;
}

/**
 * elisa_vm_enrol() - let a VM use ELISA
 * @e: arguments; e->policy.grants is taken over on success, NULL then
 * @id: result: VM number
 * @why: result: a reason for the operator on error
 *
 * Context: the process that holds e->fd, sleeps.
 * Return: 0; -EBADF; -EINVAL not a KVM VM, or not of VM_PID; -EEXIST; -EBUSY still leaving from
 * an earlier enrolment; -ENOMEM; -EOPNOTSUPP hooks.
 */
int elisa_vm_enrol(struct elisa_enrolment *e, u32 *id, const char **why)
{
	struct file *file = vm_file(e->fd, why);
	struct elisa_vm *vm;
	struct kvm *kvm;
	int err;

	if (IS_ERR(file))
		return PTR_ERR(file);
	kvm = file->private_data;
	err = -EINVAL;
	*why = "VM_PID is not the process that created this VM";
	if (e->identity.pid && !is_creator(kvm, e->identity.pid))
		goto out_file;
	err = elisa_hooks_get(file->f_op->owner);
	*why = "this kernel's KVM cannot be hooked, see the kernel log";
	if (err)
		goto out_file;
	err = -ENOMEM;
	*why = "out of memory";
	vm = vm_alloc(e, kvm);
	if (!vm)
		goto out_hooks;
	err = publish(vm);
	if (err) {
		*why = err == -EEXIST ?
			       "this VM is enrolled already" :
			       "this VM is still leaving from an earlier enrolment";
		e->policy.grants = vm->policy.grants;
		vm->policy.grants = NULL;
		elisa_vm_put(vm);
		goto out_hooks;
	}
	*id = vm->id;
	elisa_event_vm(ELISA_EVENT_VM_ENROLLED, vm);
	fput(file);
	return 0;

out_hooks:
	elisa_hooks_put();
out_file:
	fput(file);
	return err;
}

/* The first with id > @from, referenced, or NULL. */
static struct elisa_vm *next_vm(u32 from)
{
	struct elisa_vm *vm, *found = NULL;

	mutex_lock(&vms_lock);
	list_for_each_entry(vm, &vms, list) {
		if (vm->id <= from)
			continue;
		kref_get(&vm->ref);
		found = vm;
		break;
	}
	mutex_unlock(&vms_lock);
	return found;
}

/**
 * elisa_vm_for_each() - visit VMs with id > @from, in order
 * @fn: called with a reference and without the list's lock, because it may wait
 *	for a VM's; sleeps; nonzero stops
 * @from: where to begin; 0: with the first
 * @arg: passed to @fn
 *
 * Return: what @fn returned last.
 */
int elisa_vm_for_each(int (*fn)(struct elisa_vm *vm, void *arg), u32 from,
		      void *arg)
{
	struct elisa_vm *vm;
	int err = 0;

	while (!err && (vm = next_vm(from))) {
		err = fn(vm, arg);
		from = vm->id;
		elisa_vm_put(vm);
	}
	return err;
}

/** elisa_vm_count() - VMs that are not freed */
u32 elisa_vm_count(void)
{
	return READ_ONCE(n_vms);
}

/** elisa_vm_init() - module init.  Return: 0 or -errno. */
int elisa_vm_init(void)
{
	workqueue = elisa_try_alloc(alloc_workqueue("elisa", WQ_UNBOUND, 0));
	return workqueue ? 0 : -ENOMEM;
}

/** elisa_vm_exit() - module exit; no VM is enrolled */
void elisa_vm_exit(void)
{
	destroy_workqueue(workqueue);
}
