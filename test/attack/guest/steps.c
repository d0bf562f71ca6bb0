// SPDX-License-Identifier: GPL-2.0-only
/* See steps.h. */
#include "steps.h"

BLOB(steps);

_Static_assert(offsetof(struct steps_shared, count) == 0x200, "steps.S");
_Static_assert(sizeof(struct steps_shared) == PAGE_SIZE, "steps.S");

#define TRIES 100

struct steps_shared *steps_export(struct export *e, const char *name)
{
	struct steps_shared *shared = pages(1);

	export_begin(e, name);
	export_data(e, shared, 1);
	export_blob(e, steps);
	if (export_seal(e)) {
		check(false, "export %s: %lld", name, e->err);
		return NULL;
	}
	return shared;
}

struct regs steps_regs(const struct steps_call *call)
{
	return (struct regs){
		.rdi = call->id,
		.rsi = call->steps,
		.rdx = call->rounds,
		.r11 = STEPS_ENTRY,
		.rsp = random() & ~15ULL,
	};
}

u64 steps_suspend(const struct steps_call *call, struct outcome *out)
{
	const struct regs in = steps_regs(call);

	storm_start(1000000, 2000000);
	enter(call->att->window, 0, &in, call->att->cpl, out);
	storm_stop();
	return out->how == HOW_AEP ? out->trap.regs.rdi : 0;
}

void steps_finish(u64 handle, int cpl, struct outcome *out)
{
	unsigned int again = 0;

	for (;;) {
		resume(handle, NULL, cpl, out);
		if (out->how == HOW_AEP) {
			handle = out->trap.regs.rdi;
			again = 0;
			continue;
		}
		if (out->how != HOW_REFUSED || ++again == TRIES ||
		    (s64)out->trap.regs.rax != -EAGAIN)
			return;
	}
}

bool steps_good(const struct steps_shared *shared,
		const struct steps_call *call, const struct outcome *out)
{
	const struct regs *r = &out->trap.regs;

	return out->how == HOW_RETURN && !r->rax && r->rdx == call->steps &&
	       shared->count[call->id] == call->steps && !shared->wrong;
}

s64 resume_refused(u64 handle, int cpl)
{
	struct outcome out;

	resume(handle, NULL, cpl, &out);
	return out.how == HOW_REFUSED ? (s64)out.trap.regs.rax :
					1000 + (s64)out.how;
}

void meet(unsigned int n)
{
	const volatile u8 *word = (const u8 *)ATTACK_SHARED(0) + arg("meet", 0);

	print("# at %u\n", n);
	while (*word < n)
		vmm_sleep(20000);
}
