// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
#define _GNU_SOURCE
#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>

#include <elisa/layout.h>

#include "stubs.h"
#include "window.h"

#ifndef MAP_FIXED_NOREPLACE
#define MAP_FIXED_NOREPLACE	0x100000
#endif

#define STUB_SIZE(name) \
	((size_t)(elisa_stub_##name##_end - elisa_stub_##name))

/* Fills the rest of a stub page, so that a stray jump traps. */
#define INT3	0xcc

static int place(uint64_t page, size_t offset, const void *stub, size_t size)
{
	unsigned char *p = (unsigned char *)page;

	if (mprotect(p, ELISA_PAGE_SIZE, PROT_READ | PROT_WRITE))
		return -errno;
	memset(p, INT3, ELISA_PAGE_SIZE);
	memcpy(p + offset, stub, size);
	if (mprotect(p, ELISA_PAGE_SIZE, PROT_READ | PROT_EXEC))
		return -errno;
	return 0;
}

int elisa_window_map(uint64_t window)
{
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
	rc = place(window + ELISA_W_ENTRY,
		   ELISA_PAGE_SIZE - STUB_SIZE(entry),
		   elisa_stub_entry, STUB_SIZE(entry));
	if (!rc)
		rc = place(window + ELISA_W_RETURN, 0,
			   elisa_stub_return, STUB_SIZE(return));
	if (!rc)
		rc = place(window + ELISA_W_AEP, 0,
			   elisa_stub_aep, STUB_SIZE(aep));
	if (rc)
		elisa_window_unmap(window);
	return rc;
}

void elisa_window_unmap(uint64_t window)
{
	munmap((void *)window, ELISA_WINDOW_SIZE);
}

uint64_t elisa_window_stub(uint64_t window)
{
	return window + ELISA_W_ENTRY + ELISA_PAGE_SIZE - STUB_SIZE(entry);
}
