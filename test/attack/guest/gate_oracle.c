// SPDX-License-Identifier: GPL-2.0-only
#include "gate_oracle.h"

BLOB(gate_e0);
BLOB(gate_e1);
BLOB(gate_e2);
BLOB(gate_wait);
BLOB(gate_become);
BLOB(gate_fault);

extern const u8 gate_strange0[], gate_become_jump[];

_Static_assert(offsetof(struct gate_shared, become) == 0x80, "gate_sub.S");
_Static_assert(offsetof(struct gate_shared, become.rsp) == 0x80 + 0x78, "too");
_Static_assert(offsetof(struct gate_shared, log) == 0x180, "gate_sub.S");
_Static_assert(offsetof(struct gate_shared, table) == 0x1000, "gate_sub.S");

/* The jump's operand is relative: it needs the place in the image. */
static void patch_become(struct export *e, unsigned int entry)
{
	size_t at = e->entry[entry].offset +
		    (gate_become_jump - blob_gate_become) + 2;
	s32 distance = ELISA_SUB_DATA +
		       offsetof(struct gate_shared, become.rip) -
		       (ELISA_SUB_IMAGE + at + 4);

	memcpy(e->code + at, &distance, sizeof(distance));
}

struct gate_shared *gate_export(struct export *e, const char *name)
{
	struct gate_shared *shared = pages(GATE_SHARED_PAGES);
	unsigned int i;

	export_begin(e, name);
	export_data(e, shared, GATE_SHARED_PAGES);
	export_blob(e, gate_e0);
	export_blob(e, gate_e1);
	export_blob(e, gate_e2);
	export_blob(e, gate_wait);
	patch_become(e, export_blob(e, gate_become));
	export_blob(e, gate_fault);
	for (i = 0; i < ARRAY_SIZE(shared->table); i++)
		shared->table[i] = ELISA_SUB_IMAGE + e->entry[GATE_E0].offset +
				   (gate_strange0 - blob_gate_e0);
	if (export_seal(e) || e->n != GATE_ENTRY_COUNT) {
		check(false, "export %s: %lld", name, e->err);
		return NULL;
	}
	return shared;
}

/* A VMFUNC that leads nowhere: #UD at it, or behind it. */
static bool is_ud(const struct regs *in, u64 at, u64 rip, int cpl)
{
	struct outcome out;
	u64 irqs;

	/* An interrupt in the gate is served where VMFUNC was: go again. */
	do {
		irqs = this_cpu()->irqs[VECTOR_TIMER];
		vmfunc_at(at, in, cpl, &out);
	} while (this_cpu()->irqs[VECTOR_TIMER] != irqs);
	return expect(out.how == HOW_TRAP && out.trap.regs.vector == 6 &&
			      out.trap.regs.rip == rip &&
			      out.trap.regs.rsp == in->rsp,
		      "VMFUNC(%llx) in the default context: %s, vector %llu at %llx (VMFUNC at %llx)",
		      in->rcx, how_name[out.how], out.trap.regs.vector,
		      out.trap.regs.rip, at);
}

bool ways_out_are_shut(int cpl, bool all)
{
	/* vmfunc; inc %ecx; vmfunc; int3 */
	static const u8 code[] ALIGNED(64) = { 0x0f, 0x01, 0xd4, 0xff, 0xc1,
					       0x0f, 0x01, 0xd4, 0xcc };
	const u64 at = (u64)code, second = at + 5;
	struct regs in = { .rsp = 0x123456789abcdef0 };
	bool good;
	u64 i;

	/* Comes to the second VMFUNC, with ECX = 1, and no further. */
	good = is_ud(&in, at, second, cpl);
	in.rcx = ELISA_IDX_GATE;
	good &= is_ud(&in, second, second + 3, cpl);
	for (i = 3; all && i < 8; i++) {
		in.rcx = i;
		good &= is_ud(&in, second, second, cpl);
	}
	return good;
}

bool log_is_right(const struct gate_shared *shared)
{
	const struct gate_log *log = &shared->log;
	u64 back = log->back & (ELISA_WINDOW_SIZE - 1);

	return expect(log->entry < GATE_ENTRIES &&
			      log->rsp == ELISA_SUB_STACK_TOP - 8 &&
			      back > ELISA_W_GATE && back < ELISA_W_RETURN &&
			      !(log->rflags & 0x500),
		      "entry %llu began with rsp %llx, return address %llx, flags %llx",
		      log->entry, log->rsp, log->back, log->rflags);
}

static void abort_it(const struct att *att, u64 handle, struct outcome *out)
{
	(void)att;
	expect(!abort_call(handle), "a suspended call can be aborted");
	out->how = HOW_REFUSED;
	out->trap.regs.rax = 0;
}

u64 unbind(const struct att *att, struct gate_shared *shared)
{
	const struct regs in = { .r11 = GATE_WAIT, .rsp = random() };
	struct result res;

	shared->go = 0;
	aep_hook = abort_it;
	/* Long enough for an exit of a debug build, which is slow. */
	storm_start(2000000, 2000000);
	res = elisa_call_regs(att, &in);
	storm_stop();
	aep_hook = NULL;
	shared->go = 1;
	expect(res.aex == 1, "a call is suspended and aborted: %lld, %s",
	       res.status, how_name[res.last.how]);
	return in.rsp;
}

bool calls_work(const struct att *att, struct gate_shared *shared)
{
	bool good = true;
	u64 i, before;

	for (i = 0; i < GATE_ENTRIES; i++) {
		struct result res;

		before = shared->calls;
		res = elisa_call(att, i, ARGS(0));
		good &= expect(!res.status && res.value == 0x600d + i &&
				       shared->calls == before + 1 &&
				       shared->log.entry == i,
			       "a legal call: %lld, value %llx, %s", res.status,
			       res.value, how_name[res.last.how]);
		good &= log_is_right(shared);
	}
	return good;
}
