// SPDX-License-Identifier: GPL-2.0-only
/*
 * Hypercalls: registers in, registers out.  Every argument is hostile.
 */
#include <linux/kvm_host.h>
#include <linux/nospec.h>

#include <elisa/hypercall.h>

#include "attachment.h"
#include "bind.h"
#include "compat/kvm_events.h"
#include "cpu.h"
#include "export.h"
#include "gate_code.h"
#include "hypercall.h"
#include "mode.h"
#include "pace.h"
#include "resume.h"
#include "vm.h"

/** struct call - one hypercall: its context and its registers */
struct call {
	struct elisa_vm *vm;
	struct kvm_vcpu *vcpu;
	u64 rdi, rsi, rdx, r10, r8, r9;
};

/* Enter again; RIP is where it has to be: for RESUME, on the VMCALL. */
#define CALL_AGAIN 1000000

static s64 hc_version(struct call *c)
{
	c->rdi = elisa_gate_vmfuncs(false);
	c->rsi = ELISA_FEATURE_INTERPOSED;
	if (elisa_cpu_has_vmfunc())
		c->rsi |= ELISA_FEATURE_VMFUNC;
	return ELISA_ABI_VERSION;
}

static s64 hc_attach(struct call *c)
{
	struct elisa_attach_request req = {
		.xbuf = c->r8,
		.xbuf_pages = c->r9,
		.interposed = c->r9 & ELISA_ATTACH_INTERPOSED,
	};
	u64 pages = c->r9 & ~ELISA_ATTACH_INTERPOSED;
	int err;

	if (!elisa_name_unpack(req.name, c->rdi, c->rsi, c->rdx, c->r10) ||
	    pages > ELISA_XBUF_PAGES_MAX || !IS_ALIGNED(c->r8, PAGE_SIZE))
		return -EINVAL;
	err = elisa_attach(c->vm, c->vcpu, &req);
	if (err)
		return err;
	c->rdi = req.token;
	c->rsi = req.window;
	c->rdx = req.rights;
	return 0;
}

static s64 hc_detach(struct call *c)
{
	elisa_pace(c->vm);
	return elisa_detach(c->vm, c->rdi);
}

static s64 hc_entry(struct call *c)
{
	struct elisa_attachment *att;
	char name[ELISA_NAME_SIZE];
	s64 index = -ENOENT;

	if (!elisa_name_unpack(name, c->rsi, c->rdx, c->r10, c->r8))
		return -EINVAL;
	mutex_lock(&c->vm->lock);
	att = elisa_attachment_find(c->vm, c->rdi);
	if (att)
		index = att->export ? elisa_export_lookup(att->export, name) :
				      -ENOLINK;
	mutex_unlock(&c->vm->lock);
	return index;
}

static s64 hc_export_create(struct call *c)
{
	char name[ELISA_NAME_SIZE];
	u64 token;
	int err;

	if (!elisa_name_unpack(name, c->rdi, c->rsi, c->rdx, c->r10))
		return -EINVAL;
	err = elisa_export_create(c->vm, name, &token);
	if (!err)
		c->rdi = token;
	return err;
}

static s64 hc_export_image(struct call *c)
{
	return elisa_export_image(c->vm, c->vcpu, c->rdi, c->rsi, c->rdx,
				  c->r10, c->r8);
}

static s64 hc_export_data(struct call *c)
{
	return elisa_export_data(c->vm, c->vcpu, c->rdi, c->rsi, c->r10);
}

static s64 hc_export_entry(struct call *c)
{
	char name[ELISA_NAME_SIZE];

	if (!elisa_name_unpack(name, c->rsi, c->rdx, c->r10, c->r8))
		return -EINVAL;
	return elisa_export_add_entry(c->vm, c->rdi, name, c->r9);
}

static s64 hc_export_seal(struct call *c)
{
	elisa_pace(c->vm);
	return elisa_export_seal(c->vm, c->rdi);
}

static s64 hc_export_destroy(struct call *c)
{
	elisa_pace(c->vm);
	return elisa_export_destroy(c->vm, c->rdi);
}

static s64 hc_resume(struct call *c)
{
	int err = elisa_resume_request(c->vm, c->vcpu, c->rdi);

	return err ? err : CALL_AGAIN;
}

static s64 hc_abort(struct call *c)
{
	return elisa_resume_abort(c->vm, c->rdi);
}

static s64 hc_call(struct call *c)
{
	if (!elisa_bind_is_interposed(c->vcpu))
		return -EINVAL;
	elisa_bind_interposed(c->vm, c->vcpu);
	return CALL_AGAIN;
}

static s64 (*const table[ELISA_HC_COUNT])(struct call *c) = {
	[ELISA_HC_VERSION] = hc_version,
	[ELISA_HC_ATTACH] = hc_attach,
	[ELISA_HC_DETACH] = hc_detach,
	[ELISA_HC_ENTRY] = hc_entry,
	[ELISA_HC_EXPORT_CREATE] = hc_export_create,
	[ELISA_HC_EXPORT_IMAGE] = hc_export_image,
	[ELISA_HC_EXPORT_DATA] = hc_export_data,
	[ELISA_HC_EXPORT_ENTRY] = hc_export_entry,
	[ELISA_HC_EXPORT_SEAL] = hc_export_seal,
	[ELISA_HC_EXPORT_DESTROY] = hc_export_destroy,
	[ELISA_HC_RESUME] = hc_resume,
	[ELISA_HC_ABORT] = hc_abort,
	[ELISA_HC_CALL] = hc_call,
};

/**
 * elisa_hypercall() - handle a VMCALL with our magic in RAX
 * @vcpu: the vCPU, in 64-bit code, at any CPL
 *
 * Context: in place of vmx_handle_exit(), sleeps.
 */
void elisa_hypercall(struct kvm_vcpu *vcpu)
{
	unsigned long *regs = vcpu->arch.regs;
	struct call c = {
		.vm = elisa_vm_get(vcpu->kvm),
		.vcpu = vcpu,
		.rdi = regs[VCPU_REGS_RDI],
		.rsi = regs[VCPU_REGS_RSI],
		.rdx = regs[VCPU_REGS_RDX],
		.r10 = regs[VCPU_REGS_R10],
		.r8 = regs[VCPU_REGS_R8],
		.r9 = regs[VCPU_REGS_R9],
	};
	u32 nr = array_index_nospec(regs[VCPU_REGS_RAX] & 0xff, ELISA_HC_COUNT);
	bool known = (regs[VCPU_REGS_RAX] & 0xff) < ELISA_HC_COUNT;
	s64 ret = -KVM_ENOSYS;

	if (c.vm && known)
		ret = table[nr](&c);
	if (c.vm)
		elisa_vm_put(c.vm);
	if (ret == CALL_AGAIN)
		return;
	regs[VCPU_REGS_RAX] = ret;
	regs[VCPU_REGS_RDI] = c.rdi;
	regs[VCPU_REGS_RSI] = c.rsi;
	regs[VCPU_REGS_RDX] = c.rdx;
	elisa_skip_instruction(vcpu);
}
