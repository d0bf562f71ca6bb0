// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
#define _GNU_SOURCE
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>

#include <elisa/layout.h>

#include "stubs.h"
#include "window.h"

#ifndef MAP_FIXED_NOREPLACE
#define MAP_FIXED_NOREPLACE 0x100000
#endif

#define STUB_SIZE(stub) ((size_t)(stub##_end - (stub)))

/* Fills the rest of a stub page, so that a stray jump traps. */
#define INT3 0xcc

/* AT_HWCAP2 of x86: RDFSBASE and its kind work in user mode. */
#define HWCAP2_FSGSBASE 2

struct stub {
	const void *code;
	size_t size;
};

#define STUB(name) ((struct stub){ name, STUB_SIZE(name) })

static bool can_set_fs_base(void)
{
	return getauxval(AT_HWCAP2) & HWCAP2_FSGSBASE;
}

static struct stub entry_stub(enum elisa_window_kind kind)
{
	const struct stub stub[][2] = {
		[ELISA_WINDOW_SEALED] = { STUB(elisa_stub_entry),
					  STUB(elisa_stub_entry_fs) },
		[ELISA_WINDOW_FULL] = { STUB(elisa_stub_entry_full),
					STUB(elisa_stub_entry_full_fs) },
		[ELISA_WINDOW_INTERPOSED] = { STUB(elisa_stub_entry_vmcall),
					      STUB(elisa_stub_entry_vmcall_fs) },
	};

	return stub[kind][can_set_fs_base()];
}

static struct stub return_stub(void)
{
	const struct stub plain = STUB(elisa_stub_return);
	const struct stub fs = STUB(elisa_stub_return_fs);

	return can_set_fs_base() ? fs : plain;
}

static int place(uint64_t page, size_t offset, struct stub stub)
{
	unsigned char *p = (unsigned char *)page;

	if (mprotect(p, ELISA_PAGE_SIZE, PROT_READ | PROT_WRITE))
		return -errno;
	memset(p, INT3, ELISA_PAGE_SIZE);
	memcpy(p + offset, stub.code, stub.size);
	if (mprotect(p, ELISA_PAGE_SIZE, PROT_READ | PROT_EXEC))
		return -errno;
	return 0;
}

/* The AEP stub, which has the address of its counter among its code. */
static int place_aep(uint64_t page, const uint64_t *counter)
{
	unsigned char code[128];
	const size_t size = STUB_SIZE(elisa_stub_aep);
	const struct stub stub = { code, size };
	const uint64_t address = (uintptr_t)counter;

	if (size > sizeof(code))
		return -EPROTO;
	memcpy(code, elisa_stub_aep, size);
	memcpy(code + (elisa_stub_aep_counter - elisa_stub_aep), &address,
	       sizeof(address));
	return place(page, 0, stub);
}

int elisa_window_map(uint64_t window, enum elisa_window_kind kind,
		     uint64_t *interrupted)
{
	const struct stub entry = entry_stub(kind);
	void *p;
	int rc;

	if (window < ELISA_WINDOW(0) || window >= ELISA_WINDOW(ELISA_WINDOWS) ||
	    window % ELISA_WINDOW_SIZE)
		return -EPROTO;
	p = mmap((void *)window, ELISA_WINDOW_SIZE, PROT_NONE,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
	if (p == MAP_FAILED)
		return -errno;
	if ((uint64_t)p != window) {
		/* A kernel before 4.17 takes the address for a mere hint. */
		munmap(p, ELISA_WINDOW_SIZE);
		return -EEXIST;
	}
	rc = place(window + ELISA_W_ENTRY, ELISA_PAGE_SIZE - entry.size, entry);
	if (!rc && kind == ELISA_WINDOW_INTERPOSED)
		rc = place(window + ELISA_W_GATE, 0, STUB(elisa_stub_refused));
	if (!rc)
		rc = place(window + ELISA_W_RETURN, 0, return_stub());
	if (!rc)
		rc = place_aep(window + ELISA_W_AEP, interrupted);
	if (rc)
		elisa_window_unmap(window);
	return rc;
}

void elisa_window_unmap(uint64_t window)
{
	munmap((void *)window, ELISA_WINDOW_SIZE);
}

uint64_t elisa_window_stub(uint64_t window, enum elisa_window_kind kind)
{
	return window + ELISA_W_ENTRY + ELISA_PAGE_SIZE - entry_stub(kind).size;
}
