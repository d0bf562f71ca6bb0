// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include <elisa/hypercall.h>
#include <elisa/layout.h>
#include <elisa/netlink.h>

#include "../guest-lib/subimage.h"
#include "compiler.h"
#include "nl.h"
#include "nl_export.h"
#include "nl_vm.h"
#include "probe.h"
#include "probe_vm.h"

#define VALUE_A 0x1234567800000001ULL
#define VALUE_B 0x0000000012345678ULL

/* How long the module may take to see that the VM has gone: tenths. */
#define GONE_TRIES 50

/* lea (%rdi, %rsi), %rax; ret */
static const __u8 code_add[] = { 0x48, 0x8d, 0x04, 0x37, 0xc3 };

struct probe {
	struct enl enl;
	struct probe_vm vm;
	char name[ELISA_NAME_SIZE];
	__u32 export, vm_id;
	char *text;
	size_t size;
};

static int __printf(3, 4)
fail(struct probe *p, int error, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(p->text, p->size, fmt, ap);
	va_end(ap);
	return error;
}

static int on_id(struct nlmsghdr *nlh, void *arg)
{
	return enl_export_add_decode(nlh, arg);
}

static int on_enrolled(struct nlmsghdr *nlh, void *arg)
{
	return enl_enrol_decode(nlh, arg);
}

static int add_export(struct probe *p)
{
	static const struct subimage image = {
		.npages = 1, .n_segments = 1, .n_entries = 1,
		.segments[0] = {
			.npages = 1, .prot = ELISA_PROT_R | ELISA_PROT_X,
		},
		.entries[0].name = "add",
	};
	struct enl_export_add add = {
		.name = p->name,
		.image = &image,
		.trust = ELISA_TRUST_SEALED,
	};
	int ret;

	add.fd = memfd_create("elisa-probe", MFD_CLOEXEC);
	if (add.fd < 0 || ftruncate(add.fd, ELISA_PAGE_SIZE) ||
	    write(add.fd, code_add, sizeof(code_add)) != sizeof(code_add))
		ret = fail(p, -EIO, "cannot make an image");
	else
		ret = enl_request(&p->enl,
				  enl_export_add_msg(p->enl.family, &add),
				  on_id, &p->export);
	if (ret && p->enl.error[0])
		fail(p, ret, "no export: %s", p->enl.error);
	if (add.fd >= 0)
		close(add.fd);
	return ret;
}

static int enrol_vm(struct probe *p)
{
	struct policy_grant grant = {
		.kind = ELISA_GRANT_ATTACH,
		.rights = ELISA_RIGHT_READ | ELISA_RIGHT_KERNEL,
	};
	const struct enl_enrol e = {
		.fd = p->vm.vm,
		.name = p->name,
		.grants = &grant,
		.n_grants = 1,
		.pid = getpid(),
		.pcid = ELISA_PCID_INTERCEPT,
	};
	int ret;

	memcpy(grant.pattern, p->name, sizeof(grant.pattern));
	ret = enl_request(&p->enl, enl_enrol_msg(p->enl.family, &e),
			  on_enrolled, &p->vm_id);
	return ret ? fail(p, ret, "not enrolled: %s", p->enl.error) : 0;
}

/* RAX after the hypercall, or a failure. */
static int hypercall(struct probe *p, unsigned int nr, struct kvm_regs *regs)
{
	int ret;

	regs->rax = ELISA_HC(nr);
	ret = probe_vm_hypercall(&p->vm, regs);
	return ret ? fail(p, ret, "%s", p->vm.error) : 0;
}

static void put_name(struct kvm_regs *regs, const char name[ELISA_NAME_SIZE])
{
	memcpy(&regs->rdi, name, 8);
	memcpy(&regs->rsi, name + 8, 8);
	memcpy(&regs->rdx, name + 16, 8);
	memcpy(&regs->r10, name + 24, 8);
}

/* What the vCPU does: three things, each of which needs a hook. */
static int calls(struct probe *p)
{
	struct kvm_regs regs = { 0 };
	bool interposed;
	__u64 window;
	int ret;

	ret = hypercall(p, ELISA_HC_VERSION, &regs);
	if (ret)
		return ret;
	if (regs.rax != ELISA_ABI_VERSION)
		return fail(p, -EIO,
			    "the exit hook does not fire: KVM answered a hypercall with %lld",
			    (long long)regs.rax);

	interposed = regs.rsi && !(regs.rsi & ELISA_FEATURE_VMFUNC);
	if (interposed)
		probe_vm_interpose(&p->vm);
	memset(&regs, 0, sizeof(regs));
	put_name(&regs, p->name);
	if (interposed)
		regs.r9 = ELISA_ATTACH_INTERPOSED;
	ret = hypercall(p, ELISA_HC_ATTACH, &regs);
	if (ret)
		return ret;
	if (regs.rax)
		return fail(p, -EIO, "ATTACH returned %lld",
			    (long long)regs.rax);
	window = regs.rsi;

	memset(&regs, 0, sizeof(regs));
	regs.rdi = VALUE_A;
	regs.rsi = VALUE_B;
	ret = probe_vm_call(&p->vm, window, &regs);
	if (ret)
		return fail(p, ret, "no call: %s", p->vm.error);
	if (regs.rax || regs.rdx != VALUE_A + VALUE_B)
		return fail(p, -EIO, "a call returned status %d and %llx",
			    (int)regs.rax, regs.rdx);
	return 0;
}

static int on_vm(struct nlmsghdr *nlh, void *arg)
{
	struct probe *p = arg;
	struct enl_vm vm;
	int ret = enl_vm_decode(nlh, &vm);

	if (!ret && vm.id == p->vm_id)
		p->vm_id = 0;
	return ret;
}

static void restart(void *arg)
{
	(void)arg;
}

/* The hook on the end of a VM: it is forgotten soon after it was closed. */
static bool is_gone(struct probe *p)
{
	const struct timespec tenth = { .tv_nsec = 100000000 };
	const __u32 id = p->vm_id;
	unsigned int i;

	for (i = 0; i < GONE_TRIES; i++) {
		p->vm_id = id;
		/* on_vm() clears it when the VM is there. */
		if (!enl_dump(&p->enl, ELISA_CMD_VM_GET, on_vm, restart, p) &&
		    p->vm_id)
			return true;
		nanosleep(&tenth, NULL);
	}
	return false;
}

/* After a failure text[] stays what it is. */
static int with_vm(struct probe *p)
{
	int ret;

	ret = probe_vm_open(&p->vm);
	if (ret)
		fail(p, ret, "%s", p->vm.error);
	if (!ret)
		ret = add_export(p);
	if (!ret)
		ret = enrol_vm(p);
	if (!ret)
		ret = calls(p);
	probe_vm_close(&p->vm);
	if (p->vm_id && !is_gone(p) && !ret)
		ret = fail(p, -ETIMEDOUT,
			   "the hook on the end of a VM does not fire: it is still listed");
	if (p->export &&
	    enl_request(&p->enl, enl_export_del_msg(p->enl.family, p->export),
			NULL, NULL) &&
	    !ret)
		ret = fail(p, -EIO, "cannot remove the export: %s",
			   p->enl.error);
	return ret;
}

int probe(char *text, size_t size)
{
	struct probe p = { .text = text, .size = size };
	int ret;

	snprintf(p.name, sizeof(p.name), "elisactl.probe.%d", getpid());
	ret = enl_open(&p.enl);
	if (ret)
		fail(&p, ret, "%s", p.enl.error);
	else
		ret = with_vm(&p);
	enl_close(&p.enl);
	if (!ret)
		snprintf(text, size, "a VM was enrolled, called, and is gone");
	return ret;
}
