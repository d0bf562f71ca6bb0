// SPDX-License-Identifier: GPL-2.0-only
/*
 * Hooks on stock KVM.
 *
 *	vmx_vcpu_run()		entry hook: the last step before VM entry,
 *				interrupts off, nothing can cancel it any more
 *	vmx_handle_exit_irqoff() exit hook: after every exit from which KVM does
 *				not enter again at once; interrupts still off
 *	vmx_handle_exit()	handler hook: what is left to do for that exit,
 *				unless it goes to the VMM
 *	kvm_arch_destroy_vm()	a VM is being destroyed
 *
 * They are ftrace_ops with arguments only, the cheapest mechanism there is
 * for a VM that is not enrolled; PERMANENT, so that the ftrace_enabled sysctl
 * cannot switch them off under an armed VM.  All work that does not sleep is
 * done in the callback; that of the handler hook then either falls through to the
 * original or redirects to one of the functions below.  They may sleep and return
 * 1, "enter again".  Nothing calls a hooked function, so nothing recurses.
 *
 * Why two hooks for an exit.  Between them KVM turns interrupts on, may be
 * preempted, and may touch memory of the VMM (kvm_lapic_sync_from_vapic()), which
 * can make it wait for as long as the VMM likes; and from 6.12 on it goes straight
 * to the VMM after some exits (EXIT_FASTPATH_EXIT_USERSPACE).  So the vCPU has to
 * have left gate and sub before; but only in the second an exit can be taken from
 * KVM.
 *
 * Why removal is safe: the last VM is gone or disarmed; unregistering waits
 * for running callbacks; functions that a callback redirected to are counted
 * in @active, and a grace period of rcu_tasks covers their last instructions.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/ftrace.h>
#include <linux/kvm_host.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/wait.h>

#include <elisa/hypercall.h>

#include "aex.h"
#include "bind.h"
#include "compat/ftrace.h"
#include "cr3.h"
#include "event.h"
#include "hooks.h"
#include "hypercall.h"
#include "inject.h"
#include "interpose.h"
#include "kvm_internal.h"
#include "liveness.h"
#include "mode.h"
#include "pml.h"
#include "reset.h"
#include "section.h"
#include "symbols.h"
#include "vcpu.h"
#include "vm.h"
#include "vmcs.h"

/* Basic reason and the entry-failure bit; not the bus-lock flag. */
#define EXIT_REASON_MASK 0x8000ffffULL

static atomic_t active = ATOMIC_INIT(0);
static DECLARE_WAIT_QUEUE_HEAD(active_zero);

static void leave_redirect(void)
{
	if (atomic_dec_and_test(&active))
		wake_up_all(&active_zero);
}

/* Redirect targets: called in place of vmx_handle_exit(). */
typedef int (*exit_fn)(struct kvm_vcpu *vcpu);

static int exit_done(struct kvm_vcpu *vcpu)
{
	elisa_pml_flush(vcpu);
	elisa_event_faults(vcpu->kvm);
	leave_redirect();
	return 1;
}

static int exit_bind(struct kvm_vcpu *vcpu)
{
	elisa_pml_flush(vcpu);
	elisa_bind_pending(vcpu);
	leave_redirect();
	return 1;
}

static int exit_wait(struct kvm_vcpu *vcpu)
{
	elisa_pml_flush(vcpu);
	elisa_wait_finish(vcpu);
	leave_redirect();
	return 1;
}

static int exit_vmfunc(struct kvm_vcpu *vcpu)
{
	elisa_pml_flush(vcpu);
	elisa_bind_first(vcpu);
	leave_redirect();
	return 1;
}

static int exit_hypercall(struct kvm_vcpu *vcpu)
{
	elisa_pml_flush(vcpu);
	elisa_hypercall(vcpu);
	leave_redirect();
	return 1;
}

/* An interposed call has begun or ended: nothing that could have failed. */
static int exit_interposed(struct kvm_vcpu *vcpu)
{
	elisa_pml_flush(vcpu);
	leave_redirect();
	return 1;
}

static struct elisa_vcpu *find_vcpu(struct elisa_vm *vm, struct kvm_vcpu *vcpu)
{
	unsigned int idx = vcpu->vcpu_idx;

	if (idx >= READ_ONCE(vm->n_vcpu))
		return NULL;
	/* Pairs with elisa_vcpu_get_or_create(). */
	return smp_load_acquire(&vm->vcpu[idx]);
}

/* In vmcs02 of a nested guest there is nothing of ours. */
static bool is_nested(struct kvm_vcpu *vcpu)
{
	return vcpu->arch.hflags & HF_GUEST_MASK;
}

static bool is_our_hypercall(struct kvm_vcpu *vcpu)
{
	u64 rax = vcpu->arch.regs[VCPU_REGS_RAX];

	return (rax & ~0xffULL) == ELISA_HC_BASE && elisa_mode_64bit_code();
}

/*
 * Did the last VM entry fail before it began?  VM_EXIT_REASON is that of an
 * earlier exit then, and KVM has something to tell its VMM.  SDM vol. 3, "VM
 * Instruction Error Numbers".  The number stays for ever; but the one thing
 * with which a VMM can make entries fail is an event that it injects, and each
 * exit marks that as delivered.
 */
static bool entry_failed(void)
{
	if (!(elisa_vmread(VM_ENTRY_INTR_INFO_FIELD) & INTR_INFO_VALID_MASK))
		return false;
	switch (elisa_vmread(VM_INSTRUCTION_ERROR)) {
	case VMXERR_VMLAUNCH_NONCLEAR_VMCS:
	case VMXERR_VMRESUME_NONLAUNCHED_VMCS:
	case VMXERR_VMRESUME_AFTER_VMXOFF:
	case VMXERR_ENTRY_INVALID_CONTROL_FIELD:
	case VMXERR_ENTRY_INVALID_HOST_STATE_FIELD:
	case VMXERR_ENTRY_EVENTS_BLOCKED_BY_MOV_SS:
		return true;
	default:
		return false;
	}
}

/*
 * Up to 6.1 KVM leaves VM functions enabled, with none allowed: VMFUNC exits.
 * Later kernels disable them: it raises #UD, which KVM intercepts.  One that
 * a vCPU raises that is armed with them is no VMFUNC.
 */
static bool is_first_vmfunc(const struct elisa_vcpu *v, struct kvm_vcpu *vcpu)
{
	const u32 ud = INTR_INFO_VALID_MASK | INTR_TYPE_HARD_EXCEPTION | 6;

	return elisa_vmread(VM_EXIT_INTR_INFO) == ud &&
	       !(v && v->armed && v->vmfunc) && elisa_bind_is_entry(vcpu);
}

/* An exit from the default context: what handles it, if not KVM? */
static exit_fn default_target(struct elisa_vcpu *v, struct kvm_vcpu *vcpu)
{
	exit_fn target = NULL;

	switch (elisa_vmread(VM_EXIT_REASON) & EXIT_REASON_MASK) {
	case EXIT_REASON_VMCALL:
		if (!is_our_hypercall(vcpu) || entry_failed())
			break;
		target = v && elisa_interpose_request(v) ? exit_interposed :
							   exit_hypercall;
		break;
	case EXIT_REASON_EXCEPTION_NMI:
		if (is_first_vmfunc(v, vcpu) && !entry_failed())
			target = exit_vmfunc;
		break;
	case EXIT_REASON_VMFUNC:
		if (!entry_failed())
			target = exit_vmfunc;
		break;
	case EXIT_REASON_GDTR_IDTR:
	case EXIT_REASON_LDTR_TR:
		if (v && !entry_failed() && elisa_vcpu_go_native(v))
			target = exit_done;
		break;
	case EXIT_REASON_CR_ACCESS:
		if (v && !entry_failed() && elisa_cr3_exit(v))
			target = exit_done;
		break;
	}
	return target;
}

static noinline void notrace after_exit(struct kvm_vcpu *vcpu)
{
	struct elisa_vcpu *v;
	struct elisa_vm *vm;

	rcu_read_lock();
	vm = elisa_vm_find_rcu(vcpu->kvm);
	v = vm && !is_nested(vcpu) ? find_vcpu(vm, vcpu) : NULL;
	if (v)
		elisa_aex_exit(v);
	rcu_read_unlock();
}

static noinline void notrace before_handler(struct kvm_vcpu *vcpu,
					    struct elisa_ftrace_regs *fregs)
{
	enum elisa_exit action = ELISA_EXIT_DEFAULT;
	exit_fn target = NULL;
	struct elisa_vcpu *v;
	struct elisa_vm *vm;

	rcu_read_lock();
	vm = elisa_vm_find_rcu(vcpu->kvm);
	if (!vm || is_nested(vcpu))
		goto out;
	v = find_vcpu(vm, vcpu);
	if (v) {
		action = v->exit;
		v->exit = ELISA_EXIT_DEFAULT;
	}
	switch (action) {
	case ELISA_EXIT_DEFAULT:
		target = default_target(v, vcpu);
		break;
	case ELISA_EXIT_PASS:
		if (unlikely(v->retake.att))
			elisa_section_interrupted(v);
		break;
	case ELISA_EXIT_DONE:
		target = exit_done;
		break;
	case ELISA_EXIT_BIND:
		target = exit_bind;
		break;
	case ELISA_EXIT_WAIT:
		target = exit_wait;
		break;
	case ELISA_EXIT_RETURN:
		target = exit_interposed;
		break;
	}
	if (target) {
		atomic_inc(&active);
		elisa_ftrace_redirect(fregs, target);
	}
out:
	rcu_read_unlock();
}

static noinline void notrace before_entry(struct kvm_vcpu *vcpu)
{
	struct elisa_vcpu *v;
	struct elisa_vm *vm;

	rcu_read_lock();
	vm = elisa_vm_find_rcu(vcpu->kvm);
	if (!vm || is_nested(vcpu))
		goto out;
	elisa_reset_check(vm, vcpu);
	v = find_vcpu(vm, vcpu);
	if (v)
		elisa_vcpu_enter(v);
out:
	rcu_read_unlock();
}

/* These three are all that a VM meets that is not enrolled: a few instructions. */
static void notrace on_exit(unsigned long ip, unsigned long parent_ip,
			    struct ftrace_ops *ops,
			    struct elisa_ftrace_regs *fregs)
{
	struct kvm_vcpu *vcpu = elisa_ftrace_arg0(fregs);

	if (unlikely(elisa_vm_maybe(vcpu->kvm)))
		after_exit(vcpu);
}

static void notrace on_handler(unsigned long ip, unsigned long parent_ip,
			       struct ftrace_ops *ops,
			       struct elisa_ftrace_regs *fregs)
{
	struct kvm_vcpu *vcpu = elisa_ftrace_arg0(fregs);

	if (unlikely(elisa_vm_maybe(vcpu->kvm)))
		before_handler(vcpu, fregs);
}

static void notrace on_entry(unsigned long ip, unsigned long parent_ip,
			     struct ftrace_ops *ops,
			     struct elisa_ftrace_regs *fregs)
{
	struct kvm_vcpu *vcpu = elisa_ftrace_arg0(fregs);

	if (unlikely(elisa_vm_maybe(vcpu->kvm)))
		before_entry(vcpu);
}

static void notrace on_destroy(unsigned long ip, unsigned long parent_ip,
			       struct ftrace_ops *ops,
			       struct elisa_ftrace_regs *fregs)
{
	elisa_vm_destroyed(elisa_ftrace_arg0(fregs));
}

static struct hook {
	const char *symbol;
	bool in_vendor; /* of kvm_intel, not of kvm */
	struct ftrace_ops ops;
} hook[] = {
	{ "kvm_arch_destroy_vm",
	  false,
	  { .func = on_destroy,
	    .flags = FTRACE_OPS_FL_PERMANENT | ELISA_FTRACE_FLAGS } },
	{ "vmx_handle_exit",
	  true,
	  { .func = on_handler,
	    .flags = FTRACE_OPS_FL_PERMANENT | FTRACE_OPS_FL_IPMODIFY |
		     ELISA_FTRACE_FLAGS } },
	{ "vmx_handle_exit_irqoff",
	  true,
	  { .func = on_exit,
	    .flags = FTRACE_OPS_FL_PERMANENT | ELISA_FTRACE_FLAGS } },
	{ "vmx_vcpu_run",
	  true,
	  { .func = on_entry,
	    .flags = FTRACE_OPS_FL_PERMANENT | ELISA_FTRACE_FLAGS } },
};

/**
 * elisa_hooks_check() - does this kernel have what will be hooked?
 *
 * kvm.ko is there, because the module links to it.  kvm_intel may be loaded
 * later; what it lacks then is found at the first enrolment.
 *
 * Context: module init; sleeps.
 * Return: 0, or -EOPNOTSUPP with one line in the log.
 */
int elisa_hooks_check(void)
{
	const char *missing = NULL;
	bool vendor_found = false;
	unsigned int i;
	int err;

	for (i = 0; i < ARRAY_SIZE(hook); i++) {
		err = elisa_symbol_check(hook[i].symbol);
		if (err == -ENOENT && hook[i].in_vendor) {
			missing = hook[i].symbol;
		} else if (err) {
			elisa_symbol_refused(hook[i].symbol, err);
			return -EOPNOTSUPP;
		} else if (hook[i].in_vendor) {
			vendor_found = true;
		}
	}
	if (missing && vendor_found) {
		pr_err("kvm_intel has no %s, which may have been inlined\n",
		       missing);
		return -EOPNOTSUPP;
	}
	return 0;
}

static DEFINE_MUTEX(hooks_lock);
static unsigned int users;
static struct module *vendor;

static int install(struct hook *h)
{
	unsigned long addr = elisa_symbol(h->symbol);
	int err;

	if (!addr)
		return -EOPNOTSUPP;
	/* With reset: the address of an earlier time may be another now. */
	err = elisa_inject() ? -ENOMEM :
			       ftrace_set_filter_ip(&h->ops, addr, 0, 1);
	if (!err)
		err = elisa_inject() ? -ENOMEM :
				       register_ftrace_function(&h->ops);
	if (err)
		pr_err("cannot hook %s (%d)\n", h->symbol, err);
	return err;
}

/**
 * elisa_hooks_get() - install the hooks for one more VM
 * @kvm_vendor: kvm_intel, which the caller keeps loaded during the call; the
 *	hooks keep it loaded while they are installed
 *
 * Context: sleeps.  Return: 0 or -errno, with one line in the log.
 */
int elisa_hooks_get(struct module *kvm_vendor)
{
	unsigned int i = 0;
	int err = 0;

	mutex_lock(&hooks_lock);
	if (!users) {
		err = elisa_kvm_internal_get();
		if (err)
			goto err;
		for (; i < ARRAY_SIZE(hook); i++) {
			err = install(&hook[i]);
			if (err)
				goto err;
		}
		__module_get(kvm_vendor);
		vendor = kvm_vendor;
	}
	users++;
	mutex_unlock(&hooks_lock);
	return 0;
err:
	while (i--)
		unregister_ftrace_function(&hook[i].ops);
	mutex_unlock(&hooks_lock);
	return err;
}

/** elisa_hooks_put() - remove the hooks with the last VM.  Context: sleeps. */
void elisa_hooks_put(void)
{
	unsigned int i = ARRAY_SIZE(hook);

	mutex_lock(&hooks_lock);
	if (!--users) {
		while (i--)
			unregister_ftrace_function(&hook[i].ops);
		module_put(vendor);
		vendor = NULL;
	}
	mutex_unlock(&hooks_lock);
}

/** elisa_hooks_installed() - are any hooks installed? */
bool elisa_hooks_installed(void)
{
	return READ_ONCE(users);
}

/**
 * elisa_hooks_exit() - wait until no thread runs code of the module that a
 * hook redirected it to
 *
 * Context: module exit, hooks removed.
 */
void elisa_hooks_exit(void)
{
	unsigned int i;

	/* Not earlier: ftrace_ops cannot be used again after this. */
	for (i = 0; i < ARRAY_SIZE(hook); i++)
		elisa_ftrace_free(&hook[i].ops);
	wait_event(active_zero, !atomic_read(&active));
	synchronize_rcu_tasks();
}
