/* SPDX-License-Identifier: LGPL-2.1-or-later OR MIT */
/*
 * A transport that plays the module: it checks the protocol, keeps count of
 * what exists, and fails where it is told to.
 */
#ifndef MOCK_VMCALL_H
#define MOCK_VMCALL_H

#include <stdbool.h>
#include <stdint.h>

#define MOCK_ENTRIES_MAX 300

enum mock_cpu {
	MOCK_ELISA,	 /* an enrolled VM */
	MOCK_NO_VM,	 /* CPUID says: no hypervisor */
	MOCK_SIGILL,	 /* VMCALL raises #UD */
	MOCK_SIGSEGV,	 /* VMCALL faults */
	MOCK_KVM_USER,	 /* stock KVM answers CPL 3 */
	MOCK_KVM_KERNEL, /* stock KVM answers CPL 0 */
	MOCK_OTHER_ABI,
};

struct mock_image_call {
	uint64_t first_page, pages, prot;
};

struct mock {
	enum mock_cpu cpu;
	/* Hypercall number fail_at (from 1) and fail_count-1 more fail. */
	unsigned int fail_at;
	unsigned int fail_count;
	int64_t fail_with;
	/* What VERSION says; 0: as a module that knows nothing of it. */
	uint64_t features;
	/* What ATTACH answers. */
	uint64_t window;
	uint64_t rights;
	/* What happened. */
	unsigned int calls;
	unsigned int exports, attachments; /* existing now */
	bool sealed;
	uint64_t xbuf, xbuf_pages;
	bool interposed;
	uint64_t data_pages, data_next;
	unsigned int data_calls;
	struct mock_image_call image[16];
	unsigned int image_calls;
	uint64_t entry_offset[MOCK_ENTRIES_MAX];
	char entry_name[MOCK_ENTRIES_MAX][33];
	unsigned int entries;
	char name[33]; /* of the last CREATE, ATTACH */
};

extern struct mock mock;

/* Everything as in a fresh, enrolled VM. */
void mock_reset(void);

/* Call number (from 1) at which the wrapped mprotect() fails; 0 never. */
extern unsigned int mock_mprotect_fail_at;
extern unsigned int mock_mprotect_calls;

#endif /* MOCK_VMCALL_H */
