// SPDX-License-Identifier: GPL-2.0-only
/* Windows, VMFUNC at any place, RESUME, calls. */
#include "elisa.h"

#define INT3	     0xcc
#define ENTRY_VMFUNC (ELISA_W_GATE - 3)
#define NO_RESULT    (-1000000)
#define MAX_AEX	     1000000

extern const char stub_vmcall[];

void (*aep_hook)(const struct att *a, u64 handle, struct outcome *out);

const char *const how_name[HOW_COUNT] = {
	[HOW_RETURN] = "return",
	[HOW_AEP] = "aep",
	[HOW_TRAP] = "trap",
	[HOW_FELL] = "fell through",
	[HOW_REFUSED] = "resume refused",
	[HOW_TIMEOUT] = "timeout",
};

/* As uapi/elisa/layout.h says: mov $2, %ecx; xor %eax, %eax; vmfunc */
/* clang-format off */
static const u8 restart[] = {
	0xb9, ELISA_IDX_GATE, 0, 0, 0, 0x31, 0xc0, 0x0f, 0x01, 0xd4
};
/* clang-format on */

/* Interposed: mov $ELISA_HC(ELISA_HC_CALL), %eax; vmcall */
static const u8 interposed[] = { 0xb8, ELISA_HC_CALL, 'I',  'L',
				 'E',  0x0f,	      0x01, 0xc1 };

_Static_assert(ELISA_HC_BASE == 0x454c4900, "bytes of interposed[]");

static const u8 code_vmfunc[] = { 0x0f, 0x01, 0xd4 };

static bool is_interposed(u64 base)
{
	return window_interposed[(base - ELISA_WINDOW_BASE) / ELISA_WINDOW_SIZE];
}

u64 window_entry(u64 base)
{
	return is_interposed(base) ? ELISA_W_GATE - sizeof(interposed) :
				     ELISA_W_RESTART;
}

static void reset_entry(struct window *w, u64 base)
{
	memset(w->page[0] + ELISA_W_RESTART - 16, INT3, 16);
	if (is_interposed(base))
		memcpy(w->page[0] + window_entry(base), interposed,
		       sizeof(interposed));
	else
		memcpy(w->page[0] + ELISA_W_RESTART, restart, sizeof(restart));
}

struct window *window_at(u64 base)
{
	struct cpu *cpu = this_cpu();
	unsigned int slot = (base - ELISA_WINDOW_BASE) / ELISA_WINDOW_SIZE;
	struct window *w = cpu->window[slot];
	unsigned int i;

	if (w) {
		/* It may have another attachment meanwhile. */
		if (w->is_interposed != is_interposed(base)) {
			w->is_interposed = is_interposed(base);
			reset_entry(w, base);
		}
		return w;
	}
	w = pages(1);
	w->is_interposed = is_interposed(base);
	for (i = 0; i < 4; i++) {
		w->page[i] = pages(1);
		memset(w->page[i], INT3, PAGE_SIZE);
		map(ELISA_WINDOW(slot) + i * PAGE_SIZE, (u64)w->page[i],
		    PTE_RWU);
	}
	reset_entry(w, base);
	w->page[2][0] = 0xcd;
	w->page[2][1] = VECTOR_W_RETURN;
	w->page[3][0] = 0xcd;
	w->page[3][1] = VECTOR_W_AEP;
	cpu->window[slot] = w;
	return w;
}

/* Where in a window: offset in W's pages, or ~0 */
static u64 window_offset(u64 rip)
{
	u64 offset = rip - ELISA_WINDOW_BASE;

	return offset < ELISA_WINDOWS * ELISA_WINDOW_SIZE ?
		       offset & (ELISA_WINDOW_SIZE - 1) :
		       ~0ULL;
}

static void classify(struct outcome *out)
{
	const struct regs *r = &out->trap.regs;
	u64 offset = window_offset(r->rip);

	out->window = r->rip & ~(ELISA_WINDOW_SIZE - 1ULL);
	/* RIP stands behind an INT n or INT3. */
	if (r->vector == VECTOR_W_RETURN && offset == ELISA_W_RETURN + 2)
		out->how = HOW_RETURN;
	else if (r->vector == VECTOR_W_AEP && offset == ELISA_W_AEP + 2)
		out->how = HOW_AEP;
	else if (r->vector == 3 && offset != ~0ULL)
		out->how = HOW_FELL;
	else if (r->vector == VECTOR_FELL)
		out->how = HOW_FELL;
	else if (r->vector == VECTOR_VMCALL)
		out->how = HOW_REFUSED;
	else if (r->vector == VECTOR_TIMEOUT)
		out->how = HOW_TIMEOUT;
	else
		out->how = HOW_TRAP;
}

static void go(const struct regs *in, u64 rip, int cpl, struct outcome *out)
{
	struct regs regs = *in;

	regs.rip = rip;
	regs.cs = 0;
	regs.ss = 0;
	run(&regs, cpl, &out->trap);
	classify(out);
}

/* Write VMFUNC so that it ends at byte @end of the pages 0 and 1. */
static void plant(struct window *w, unsigned int end, const u8 code[3])
{
	unsigned int i;

	for (i = 0; i < 3; i++) {
		unsigned int at = end - 3 + i;

		w->page[at >> 12][at & 0xfff] = code[i];
	}
}

void enter_raw(u64 window, unsigned int offset, const struct regs *in, int cpl,
	       struct outcome *out)
{
	static const u8 int3[3] = { INT3, INT3, INT3 };
	struct window *w = window_at(window);
	unsigned int end = ELISA_W_GATE + offset;

	if (offset) {
		/*
		 * The module may restart at ELISA_W_RESTART.  VMFUNC across
		 * the page's end moves up by one or two: close the gap.
		 */
		if (offset < 3)
			memset(w->page[0] + ENTRY_VMFUNC, 0x90, 3);
		plant(w, end, code_vmfunc);
	}
	go(in, window + end - 3, cpl, out);
	if (offset) {
		plant(w, end, int3);
		reset_entry(w, window);
	}
}

void enter(u64 window, unsigned int offset, const struct regs *in, int cpl,
	   struct outcome *out)
{
	struct regs regs = *in;

	regs.rax &= ~0xffffffffULL;
	if (!offset && is_interposed(window))
		regs.rax = ELISA_HC(ELISA_HC_CALL);
	regs.rcx = (regs.rcx & ~0xffffffffULL) | ELISA_IDX_GATE;
	enter_raw(window, offset, &regs, cpl, out);
}

void vmfunc_at(u64 rip, const struct regs *in, int cpl, struct outcome *out)
{
	go(in, rip, cpl, out);
}

void vmfunc(const struct regs *in, int cpl, struct outcome *out)
{
	static u8 code[] = { 0x0f, 0x01, 0xd4, 0xcd, VECTOR_FELL, 0xcc };

	go(in, (u64)code, cpl, out);
}

void resume(u64 handle, const struct regs *in, int cpl, struct outcome *out)
{
	struct regs regs = {};

	if (in)
		regs = *in;
	regs.rax = ELISA_HC(ELISA_HC_RESUME);
	regs.rdi = handle;
	go(&regs, (u64)stub_vmcall, cpl, out);
}

s64 abort_call(u64 handle)
{
	struct hc hc = { .rdi = handle };

	return hypercall(ELISA_HC_ABORT, &hc);
}

u64 aborted_calls;

void abort_at_aep(const struct att *a, u64 handle, struct outcome *out)
{
	(void)a;
	if (!abort_call(handle))
		aborted_calls++;
	out->how = HOW_REFUSED;
	out->trap.regs.rax = -ENOLINK;
}

struct result elisa_call_regs(const struct att *a, const struct regs *in)
{
	struct result res = {};
	struct outcome *out = &res.last;

	window_at(a->window);
	go(in, a->window + window_entry(a->window), a->cpl, out);
	for (;;) {
		if (out->how == HOW_AEP && res.aex < MAX_AEX) {
			u64 handle = out->trap.regs.rdi;

			res.aex++;
			if (aep_hook)
				aep_hook(a, handle, out);
			else
				resume(handle, in, a->cpl, out);
			continue;
		}
		if (out->how == HOW_REFUSED &&
		    (s64)out->trap.regs.rax == -EAGAIN) {
			resume(out->trap.regs.rdi, in, a->cpl, out);
			continue;
		}
		break;
	}
	res.value = out->trap.regs.rdx;
	if (out->how == HOW_RETURN || out->how == HOW_REFUSED)
		res.status = out->trap.regs.rax;
	else
		res.status = NO_RESULT - (s64)out->how;
	return res;
}

struct result elisa_call(const struct att *a, u64 entry, const u64 args[6])
{
	/* A stack pointer that nothing in sub could guess. */
	const struct regs in = {
		.rdi = args[0],
		.rsi = args[1],
		.rdx = args[2],
		.r10 = args[3],
		.r8 = args[4],
		.r9 = args[5],
		.r11 = entry,
		.rsp = random() & ~15ULL,
	};
	struct result res = elisa_call_regs(a, &in);

	if (res.last.how == HOW_RETURN)
		expect(res.last.trap.regs.rsp == in.rsp &&
			       res.last.window == a->window,
		       "a call comes back to its stack: rsp %llx, not %llx",
		       res.last.trap.regs.rsp, in.rsp);
	return res;
}
