/* SPDX-License-Identifier: LGPL-2.1-or-later OR MIT */
/* The default context's part of a window: reservation and stubs. */
#ifndef ELISA_WINDOW_H
#define ELISA_WINDOW_H

#include <stdint.h>

/* How calls through a window are made: which entry stub it has. */
enum elisa_window_kind {
	ELISA_WINDOW_SEALED,
	ELISA_WINDOW_FULL,	 /* an export with full trust */
	ELISA_WINDOW_INTERPOSED, /* VMCALL instead of VMFUNC */
};

/*
 * Reserves the window at @window and puts the stubs of its @kind in place.
 * Interrupted calls are counted in @interrupted, which exists for as long as the
 * window.  Returns 0; -EPROTO if the address is no window; -EEXIST if something
 * else is mapped there; or what mmap() and mprotect() report.
 */
int elisa_window_map(uint64_t window, enum elisa_window_kind kind,
		     uint64_t *interrupted);

void elisa_window_unmap(uint64_t window);

/* Address of the entry stub in the window at @window. */
uint64_t elisa_window_stub(uint64_t window, enum elisa_window_kind kind);

#endif /* ELISA_WINDOW_H */
