// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>

#include <elisa/hypercall.h>
#include <elisa/layout.h>

#include "mock_vmcall.h"
#include "vmcall.h"

#define EXPORT_TOKEN	 0xe4b0a70123456789ULL
#define ATTACHMENT_TOKEN 0xa77ac4fedcba9876ULL

struct mock mock;
unsigned int mock_mprotect_fail_at;
unsigned int mock_mprotect_calls;

int __real_mprotect(void *addr, size_t len, int prot);
int __wrap_mprotect(void *addr, size_t len, int prot);

int __wrap_mprotect(void *addr, size_t len, int prot)
{
	if (++mock_mprotect_calls == mock_mprotect_fail_at) {
		errno = EACCES;
		return -1;
	}
	return __real_mprotect(addr, len, prot);
}

void mock_reset(void)
{
	memset(&mock, 0, sizeof(mock));
	mock.window = ELISA_WINDOW(5);
	mock.rights = ELISA_RIGHT_READ | ELISA_RIGHT_WRITE;
	mock_mprotect_fail_at = 0;
	mock_mprotect_calls = 0;
}

bool elisa_vmcall_present(void)
{
	return mock.cpu != MOCK_NO_VM;
}

static void unpack(char *name, uint64_t a, uint64_t b, uint64_t c, uint64_t d)
{
	uint64_t words[4] = { a, b, c, d };

	memcpy(name, words, sizeof(words));
	name[32] = '\0';
}

static int64_t export_call(unsigned int nr, struct elisa_regs *r)
{
	struct mock_image_call *call;

	if (nr == ELISA_HC_EXPORT_CREATE) {
		if (mock.exports)
			return -EEXIST;
		unpack(mock.name, r->rdi, r->rsi, r->rdx, r->r10);
		mock.exports++;
		r->rdi = EXPORT_TOKEN;
		return 0;
	}
	if (!mock.exports || r->rdi != EXPORT_TOKEN)
		return -ENOENT;
	if (nr == ELISA_HC_EXPORT_DESTROY) {
		mock.exports--;
		return 0;
	}
	if (mock.sealed)
		return -EBUSY;
	switch (nr) {
	case ELISA_HC_EXPORT_IMAGE:
		if (mock.image_calls == 16 || r->rsi % ELISA_PAGE_SIZE)
			return -EINVAL;
		call = &mock.image[mock.image_calls++];
		call->first_page = r->rdx;
		call->pages = r->r10;
		call->prot = r->r8;
		return 0;
	case ELISA_HC_EXPORT_DATA:
		if (mock.data_next && mock.data_next != r->rsi)
			return -EINVAL;
		mock.data_calls++;
		mock.data_pages += r->r10;
		mock.data_next = r->rsi + r->r10 * ELISA_PAGE_SIZE;
		return 0;
	case ELISA_HC_EXPORT_ENTRY:
		if (mock.entries == MOCK_ENTRIES_MAX)
			return -ENOSPC;
		mock.entry_offset[mock.entries] = r->r9;
		unpack(mock.entry_name[mock.entries], r->rsi, r->rdx, r->r10,
		       r->r8);
		return mock.entries++;
	case ELISA_HC_EXPORT_SEAL:
		mock.sealed = true;
		return 0;
	default:
		return -EINVAL;
	}
}

static int64_t module(unsigned int nr, struct elisa_regs *r)
{
	switch (nr) {
	case ELISA_HC_VERSION:
		r->rdi = 3;
		if (mock.features)
			r->rsi = mock.features;
		return ELISA_ABI_VERSION;
	case ELISA_HC_ATTACH:
		unpack(mock.name, r->rdi, r->rsi, r->rdx, r->r10);
		mock.xbuf = r->r8;
		mock.xbuf_pages = r->r9 & ~ELISA_ATTACH_INTERPOSED;
		mock.interposed = r->r9 & ELISA_ATTACH_INTERPOSED;
		mock.attachments++;
		r->rdi = ATTACHMENT_TOKEN;
		r->rsi = mock.window;
		r->rdx = mock.rights;
		return 0;
	case ELISA_HC_DETACH:
		if (!mock.attachments || r->rdi != ATTACHMENT_TOKEN)
			return -ENOENT;
		mock.attachments--;
		return 0;
	case ELISA_HC_ENTRY:
		if (!mock.attachments || r->rdi != ATTACHMENT_TOKEN)
			return -ENOENT;
		unpack(mock.name, r->rsi, r->rdx, r->r10, r->r8);
		return strcmp(mock.name, "seven") ? -ENOENT : 7;
	default:
		return export_call(nr, r);
	}
}

int64_t elisa_vmcall(uint64_t rax, struct elisa_regs *regs)
{
	switch (mock.cpu) {
	case MOCK_SIGILL:
		__asm__ volatile("ud2");
		return 1;
	case MOCK_SIGSEGV:
		*(volatile char *)8 = 0;
		return 1;
	case MOCK_KVM_USER:
		return -1;
	case MOCK_KVM_KERNEL:
		return -1000;
	case MOCK_OTHER_ABI:
		return ELISA_ABI_VERSION + 1;
	default:
		break;
	}
	mock.calls++;
	if ((rax & ~0xffULL) != ELISA_HC_BASE)
		return -1000;
	if (mock.fail_at && mock.calls >= mock.fail_at &&
	    mock.calls < mock.fail_at + mock.fail_count)
		return mock.fail_with;
	return module(rax & 0xff, regs);
}
