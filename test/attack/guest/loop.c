// SPDX-License-Identifier: GPL-2.0-only
#include "loop.h"

BLOB(loop_entry);
BLOB(loop_return);
BLOB(loop_aep);

bool loop_calls(const struct att *a, struct loop *loop, u64 calls,
		struct outcome *out)
{
	struct window *w = window_at(a->window);
	struct regs in = { .rip = a->window + LOOP_AT, .rsp = (u64)loop };
	u8 kept[2][64];

	memset(loop, 0, sizeof(*loop));
	loop->left = calls;
	loop->want = 1 + 2 * 2 + 3 * 4;
	loop->start = a->window + LOOP_AT;
	loop->restart = a->window + window_entry(a->window);
	memcpy(kept[0], w->page[2], 64);
	memcpy(kept[1], w->page[3], 64);
	memcpy(w->page[0] + LOOP_AT, blob_loop_entry,
	       blob_loop_entry_end - blob_loop_entry);
	memcpy(w->page[2], blob_loop_return,
	       blob_loop_return_end - blob_loop_return);
	memcpy(w->page[3], blob_loop_aep, blob_loop_aep_end - blob_loop_aep);
	run(&in, a->cpl, &out->trap);
	memcpy(w->page[2], kept[0], 64);
	memcpy(w->page[3], kept[1], 64);
	return out->trap.regs.vector == VECTOR_RETURN && !loop->left;
}
