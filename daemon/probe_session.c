// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include <elisa/hypercall.h>
#include <elisa/layout.h>
#include <elisa/netlink.h>

#include "../guest-lib/subimage.h"
#include "nl_export.h"
#include "nl_vm.h"
#include "probe_session.h"

/* How long the module may take to see that the VM has gone: tenths. */
#define GONE_TRIES 50

/* lea (%rdi, %rsi), %rax; ret */
static const __u8 code_add[] = { 0x48, 0x8d, 0x04, 0x37, 0xc3 };

int probe_fail(struct probe_session *p, int error, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(p->text, p->size, fmt, ap);
	va_end(ap);
	return error;
}

int probe_begin(struct probe_session *p, const char *what, char *text,
		size_t size)
{
	int ret;

	memset(p, 0, sizeof(*p));
	p->text = text;
	p->size = size;
	p->vm.vm = -1;
	snprintf(p->name, sizeof(p->name), "elisactl.%s.%d", what, getpid());
	ret = enl_open(&p->enl);
	if (ret)
		return probe_fail(p, ret, "%s", p->enl.error);
	p->opened = true;
	ret = probe_vm_open(&p->vm);
	return ret ? probe_fail(p, ret, "%s", p->vm.error) : 0;
}

static int on_id(struct nlmsghdr *nlh, void *arg)
{
	return enl_export_add_decode(nlh, arg);
}

static int on_enrolled(struct nlmsghdr *nlh, void *arg)
{
	return enl_enrol_decode(nlh, arg);
}

static int add_export(struct probe_session *p, __u8 trust)
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
		.trust = trust,
	};
	int ret;

	add.fd = memfd_create("elisa-probe", MFD_CLOEXEC);
	if (add.fd < 0 || ftruncate(add.fd, ELISA_PAGE_SIZE) ||
	    write(add.fd, code_add, sizeof(code_add)) != sizeof(code_add))
		ret = probe_fail(p, -EIO, "cannot make an image");
	else
		ret = enl_request(&p->enl,
				  enl_export_add_msg(p->enl.family, &add),
				  on_id, &p->export);
	if (ret && p->enl.error[0])
		probe_fail(p, ret, "no export: %s", p->enl.error);
	if (add.fd >= 0)
		close(add.fd);
	return ret;
}

static int enrol_vm(struct probe_session *p, __u8 trust)
{
	struct policy_grant grant = {
		.kind = ELISA_GRANT_ATTACH,
		.rights = ELISA_RIGHT_READ | ELISA_RIGHT_KERNEL |
			  (trust == ELISA_TRUST_FULL ? ELISA_RIGHT_FULL_TRUST :
						       0),
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
	return ret ? probe_fail(p, ret, "not enrolled: %s", p->enl.error) : 0;
}

/* RAX after the hypercall is in REGS, or it is a failure. */
int probe_hypercall(struct probe_session *p, unsigned int nr,
		    struct kvm_regs *regs)
{
	int ret;

	regs->rax = ELISA_HC(nr);
	ret = probe_vm_hypercall(&p->vm, regs);
	return ret ? probe_fail(p, ret, "%s", p->vm.error) : 0;
}

static void put_name(struct kvm_regs *regs, const char name[ELISA_NAME_SIZE])
{
	memcpy(&regs->rdi, name, 8);
	memcpy(&regs->rsi, name + 8, 8);
	memcpy(&regs->rdx, name + 16, 8);
	memcpy(&regs->r10, name + 24, 8);
}

int probe_enrol(struct probe_session *p, __u8 trust)
{
	struct kvm_regs regs = { 0 };
	int ret;

	ret = add_export(p, trust);
	if (!ret)
		ret = enrol_vm(p, trust);
	if (!ret)
		ret = probe_hypercall(p, ELISA_HC_VERSION, &regs);
	if (ret)
		return ret;
	if (regs.rax != ELISA_ABI_VERSION)
		return probe_fail(p, -EIO,
				  "the exit hook does not fire: KVM answered a hypercall with %lld",
				  (long long)regs.rax);
	p->interposed = regs.rsi && !(regs.rsi & ELISA_FEATURE_VMFUNC);
	if (p->interposed)
		probe_vm_interpose(&p->vm);
	return 0;
}

int probe_attach(struct probe_session *p)
{
	struct kvm_regs regs = { 0 };
	int ret;

	put_name(&regs, p->name);
	if (p->interposed)
		regs.r9 = ELISA_ATTACH_INTERPOSED;
	ret = probe_hypercall(p, ELISA_HC_ATTACH, &regs);
	if (ret)
		return ret;
	if (regs.rax)
		return probe_fail(p, -EIO, "ATTACH returned %lld",
				  (long long)regs.rax);
	p->window = regs.rsi;
	return 0;
}

int probe_call(struct probe_session *p, __u64 a, __u64 b)
{
	struct kvm_regs regs = { .rdi = a, .rsi = b };
	int ret;

	ret = probe_vm_call(&p->vm, p->window, &regs);
	if (ret)
		return probe_fail(p, ret, "no call: %s", p->vm.error);
	if (regs.rax || regs.rdx != a + b)
		return probe_fail(p, -EIO, "a call returned status %d and %llx",
				  (int)regs.rax, regs.rdx);
	return 0;
}

static int on_vm(struct nlmsghdr *nlh, void *arg)
{
	struct probe_session *p = arg;
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
static bool is_gone(struct probe_session *p)
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
int probe_end(struct probe_session *p, int ret)
{
	if (p->opened)
		probe_vm_close(&p->vm);
	if (p->vm_id && !is_gone(p) && !ret)
		ret = probe_fail(p, -ETIMEDOUT,
				 "the hook on the end of a VM does not fire: it is still listed");
	if (p->export &&
	    enl_request(&p->enl, enl_export_del_msg(p->enl.family, p->export),
			NULL, NULL) &&
	    !ret)
		ret = probe_fail(p, -EIO, "cannot remove the export: %s",
				 p->enl.error);
	enl_close(&p->enl);
	return ret;
}
