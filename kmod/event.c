// SPDX-License-Identifier: GPL-2.0-only
/*
 * Events.  A guest can cause them at will, so those that cost it nothing are
 * rate-limited for each VM; the counters in its statistics miss none.
 */
#include <linux/ratelimit.h>
#include <net/genetlink.h>

#include "event.h"
#include "export.h"
#include "inject.h"
#include "netlink.h"
#include "vm.h"

/* @vm: NULL for an export of the host.  @errnum, @denial: 0 for none. */
static void send(enum elisa_event kind, struct elisa_vm *vm,
		 const char *export_name, u32 errnum, u8 denial)
{
	struct sk_buff *skb;
	void *hdr;

	if (!genl_has_listeners(&elisa_genl_family, &init_net, 0) ||
	    elisa_inject_event())
		return;
	skb = genlmsg_new(NLMSG_GOODSIZE, GFP_KERNEL);
	if (!skb)
		return;
	hdr = genlmsg_put(skb, 0, 0, &elisa_genl_family, 0, ELISA_CMD_EVENT);
	if (!hdr || nla_put_u8(skb, ELISA_A_EVENT_KIND, kind) ||
	    (vm && nla_put_u32(skb, ELISA_A_VM_ID, vm->id)) ||
	    (vm && nla_put_string(skb, ELISA_A_VM_NAME, vm->identity.name)) ||
	    (export_name &&
	     nla_put_string(skb, ELISA_A_EXPORT_NAME, export_name)) ||
	    (errnum && nla_put_u32(skb, ELISA_A_ERRNO, errnum)) ||
	    (denial && nla_put_u8(skb, ELISA_A_DENIAL, denial))) {
		nlmsg_free(skb);
		return;
	}
	genlmsg_end(skb, hdr);
	genlmsg_multicast(&elisa_genl_family, skb, 0, 0, GFP_KERNEL);
}

/** elisa_event_vm() - a VM was enrolled or is gone.  Context: sleeps. */
void elisa_event_vm(enum elisa_event kind, struct elisa_vm *vm)
{
	send(kind, vm, NULL, 0, 0);
}

/** elisa_event_export() - an export was added or removed.  Context: sleeps. */
void elisa_event_export(enum elisa_event kind, struct elisa_export *export)
{
	send(kind, export->vm, export->name, 0, 0);
}

/** elisa_event_attachment() - attached or detached.  Context: sleeps. */
void elisa_event_attachment(enum elisa_event kind, struct elisa_vm *vm,
			    const char *export_name)
{
	send(kind, vm, export_name, 0, 0);
}

/** elisa_event_denied() - the policy refused.  Context: sleeps. */
void elisa_event_denied(struct elisa_vm *vm, const char *export_name,
			enum elisa_denial denial)
{
	atomic64_inc(&vm->stats.denied);
	if (__ratelimit(&vm->event_limit))
		send(ELISA_EVENT_DENIED, vm, export_name, EACCES, denial);
}

/** elisa_event_aborted() - a call was suspended too long.  Context: sleeps. */
void elisa_event_aborted(struct elisa_vm *vm, const char *export_name)
{
	if (__ratelimit(&vm->event_limit))
		send(ELISA_EVENT_ABORTED, vm, export_name, 0, 0);
}

/**
 * elisa_event_faults() - report calls that ended with -EFAULT since the last
 * @kvm: KVM's object
 * report
 *
 * Context: sleeps; after an exit that may have been such a fault.
 */
void elisa_event_faults(struct kvm *kvm)
{
	struct elisa_vm *vm = elisa_vm_get(kvm);
	s64 faults;

	if (!vm)
		return;
	faults = atomic64_read(&vm->stats.faults);
	if (faults != READ_ONCE(vm->faults_reported) &&
	    __ratelimit(&vm->event_limit)) {
		WRITE_ONCE(vm->faults_reported, faults);
		send(ELISA_EVENT_FAULT, vm, NULL, EFAULT, 0);
	}
	elisa_vm_put(vm);
}
