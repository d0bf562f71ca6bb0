/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Interposed calls: VMCALL instead of VMFUNC, for CPUs without VM functions and
 * as what ELISA is compared with.
 *
 *	default: entry stub, VMCALL(CALL) --exit--> request
 *					  <-enter-- sub: landing
 *	sub: landing's last, VMCALL	  --exit--> return
 *					  <-enter-- default: return stub
 *
 * The module does what the gate does: it keeps RSP, chooses the instance, enters
 * landing at its first instruction, and leaves for the return stub.  Instances,
 * binding, asynchronous exits and RESUME are those of other calls.
 *
 * The call is late, as RESUME is: the exit hook marks the vCPU and leaves RIP on
 * the VMCALL; the entry hook switches.  So neither KVM nor the VMM ever sees sub's
 * registers, and an event that is to be injected is taken first, at the VMCALL,
 * which the guest then executes again.
 *
 * No gate page leads to the instance, and the EPTP list is empty while the vCPU is
 * in it, so that VMFUNC leads nowhere, also where other windows use it.
 */
#ifndef ELISA_INTERPOSE_H
#define ELISA_INTERPOSE_H

#include <linux/types.h>

struct elisa_vcpu;

bool elisa_interpose_request(struct elisa_vcpu *v);
void elisa_interpose_enter(struct elisa_vcpu *v);
void elisa_interpose_close_list(struct elisa_vcpu *v);

#endif /* ELISA_INTERPOSE_H */
