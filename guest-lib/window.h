/* SPDX-License-Identifier: LGPL-2.1-or-later OR MIT */
/* The default context's part of a window: reservation and stubs. */
#ifndef ELISA_WINDOW_H
#define ELISA_WINDOW_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Reserves the window at @window and puts the stubs in place, those for an
 * export with full trust if @is_full.  Interrupted calls are counted in
 * @interrupted, which exists for as long as the window.  Returns 0;
 * -EPROTO if the address is no window; -EEXIST if something else is mapped
 * there; or what mmap() and mprotect() report.
 */
int elisa_window_map(uint64_t window, bool is_full, uint64_t *interrupted);

void elisa_window_unmap(uint64_t window);

/* Address of the entry stub in the window at @window. */
uint64_t elisa_window_stub(uint64_t window, bool is_full);

#endif /* ELISA_WINDOW_H */
