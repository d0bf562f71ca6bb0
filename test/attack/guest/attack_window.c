// SPDX-License-Identifier: GPL-2.0-only
/*
 * Windows used as they are not meant: from the other privilege level, not
 * attached or no longer, with pages missing or mapped elsewhere, with stack
 * pointers that are none.
 *
 * What the attacker hopes for: that user mode reaches an export that only the
 * kernel was given; that a gate leads somewhere although nothing is attached;
 * that the module, or KVM, reads or writes through the page tables or the
 * stack pointer of a guest that made them unusable just now; that an event
 * continues at another place than the stubs.
 *
 * Why it must fail: gate and landing of a window for CPL 0 are supervisor
 * pages.  A CPL-3 window entered by the guest's kernel with SMEP and SMAP off
 * runs the export as user mode would: the kernel only deceives itself, and
 * cannot have an instance bound that way.  The module touches no guest memory
 * in a call.  The four pages of a window count for nothing but the default
 * context: there a missing page is a #PF at the stub's address.
 */
#include "gate_oracle.h"

static struct att att[2];
static struct gate_shared *shared[2];

static u64 calls(void)
{
	return shared[0]->calls + shared[1]->calls + shared[0]->strange +
	       shared[1]->strange;
}

static const unsigned int offsets[] = {
	0,    1,     2,	    3,	   8,	  0x13,	 0x15,	0x1d,
	0x20, 0x441, 0xfe0, 0xfe3, 0xfeb, 0xff3, 0xffb, 0xffd,
};

/* @most: how often sub may run; @status: how offset 0 returns */
static void from(const struct att *a, int cpl, bool open, u64 most, s32 status,
		 const char *what)
{
	struct gate_shared *sub = shared[a - att];
	unsigned int i, tries = 0, bad = 0;
	u64 before, ran = 0;

	for (i = 0; i < 3 * ARRAY_SIZE(offsets); i++) {
		unsigned int offset = offsets[i % ARRAY_SIZE(offsets)];
		const struct regs in = { .r11 = 1, .rsp = 0x7000 + i * 16 };
		struct outcome out;
		s32 eax;

		if (!open)
			unbind(a, sub);
again:
		before = calls();
		enter(a->window, offset, &in, cpl, &out);
		if (out.how == HOW_AEP) {
			abort_call(out.trap.regs.rdi);
			goto again;
		}
		eax = out.trap.regs.rax;
		ran = calls() - before;
		tries++;
		bad += !expect(ran <= most && (out.how == HOW_RETURN ||
					       (out.how == HOW_TRAP &&
						out.trap.regs.vector == 6)),
			       "%s, offset %x: %s, vector %llu eax %d, sub ran %llu times",
			       what, offset, how_name[out.how],
			       out.trap.regs.vector, eax, ran);
		if (!offset)
			bad += !expect(out.how == HOW_RETURN && eax == status &&
					       out.trap.regs.rsp == in.rsp,
				       "%s, the gate's start: %s %d", what,
				       how_name[out.how], eax);
		bad += ran && !log_is_right(sub);
		bad += !ways_out_are_shut(cpl, !(i % 8));
	}
	check(!bad, "%s: %u entries", what, tries);
}

static void wrong_cpl(void)
{
	from(&att[1], 3, true, 0, -EFAULT, "CPL 3 to a window of CPL 0");
	from(&att[1], 3, false, 0, -EOPNOTSUPP, "the same, not bound");
	from(&att[0], 0, true, 1, 0, "CPL 0 to a window of CPL 3, no SMEP");
	from(&att[0], 0, false, 0, -EOPNOTSUPP, "the same, not bound");
	check(calls_work(&att[0], shared[0]), "CPL 3 still can call");
}

/* Slots that lead nowhere, and one that did. */
static void not_attached(void)
{
	static const unsigned int slot[] = { 5, 77, 127 };
	struct att gone;
	unsigned int i, j, bad = 0, enolink = 0;
	u64 before = calls();

	attach(&gone, "one", 3, NULL, 0);
	elisa_call(&gone, 0, ARGS(0));
	bad += calls() != before + 1 || detach(&gone);
	before = calls();
	for (i = 0; i < 4; i++) {
		u64 w = i < 3 ? ELISA_WINDOW(slot[i]) : gone.window;

		for (j = 0; j < 2 * ARRAY_SIZE(offsets); j++) {
			const struct regs in = { .rsp = 0x7000 };
			struct outcome out;

			enter(w, offsets[j / 2], &in, j & 1 ? 3 : 0, &out);
			enolink += out.how == HOW_RETURN &&
				   (s32)out.trap.regs.rax == -ENOLINK;
			bad += !expect((out.how == HOW_TRAP &&
					out.trap.regs.vector == 6) ||
					       (out.how == HOW_RETURN &&
						(s32)out.trap.regs.rax < 0),
				       "window %llx offset %x: %s rax %llx", w,
				       offsets[j / 2], how_name[out.how],
				       out.trap.regs.rax);
			bad += !ways_out_are_shut(3, false);
		}
	}
	check(!bad && calls() == before && enolink >= 6,
	      "windows that are not attached lead nowhere: -ENOLINK %u times",
	      enolink);
}

static void suspend_only(const struct att *a, u64 handle, struct outcome *out)
{
	(void)a;
	(void)handle;
	out->how = HOW_REFUSED;
	out->trap.regs.rax = 0;
}

static void missing_pages(const struct att *a, struct gate_shared *sub)
{
	struct window *w = window_at(a->window);
	const struct regs in = { .r11 = 1, .rsp = 0x123456789 };
	const struct regs waiting = { .r11 = GATE_WAIT, .rsp = 0x987654321 };
	const u64 at[] = { ELISA_W_RETURN, ELISA_W_AEP, ELISA_W_RESTART };
	struct result res;
	struct outcome out;
	u64 ran, rip;

	/* The return stub. */
	ran = sub->calls;
	map(a->window + ELISA_W_RETURN, 0, 0);
	res = elisa_call_regs(a, &in);
	map(a->window + ELISA_W_RETURN, (u64)w->page[2], PTE_RWU);
	rip = a->window + at[0];
	check(res.last.how == HOW_TRAP && res.last.trap.regs.vector == 14 &&
		      res.last.trap.regs.rip == rip &&
		      res.last.trap.cr2 == rip &&
		      res.last.trap.regs.rsp == in.rsp && sub->calls == ran + 1,
	      "no return stub, CPL %d: #PF there", a->cpl);
	/* The AEP. */
	map(a->window + ELISA_W_AEP, 0, 0);
	sub->go = 0;
	aep_hook = suspend_only;
	storm_start(2000000, 2000000);
	res = elisa_call_regs(a, &waiting);
	storm_stop();
	aep_hook = NULL;
	sub->go = 1;
	map(a->window + ELISA_W_AEP, (u64)w->page[3], PTE_RWU);
	rip = a->window + at[1];
	check(res.last.how == HOW_TRAP && res.last.trap.regs.vector == 14 &&
		      res.last.trap.regs.rip == rip &&
		      res.last.trap.cr2 == rip &&
		      res.last.trap.regs.rsp == waiting.rsp,
	      "no AEP stub, CPL %d: #PF there", a->cpl);
	check_eq(abort_call(res.last.trap.regs.rdi), 0,
		 "and the call can be aborted, CPL %d", a->cpl);
	/* The entry stub: the gate is restarted there to bind an instance. */
	ran = sub->calls;
	map(a->window, 0, 0);
	enter(a->window, 0x13, &in, a->cpl, &out);
	map(a->window, (u64)w->page[0], PTE_RWU);
	rip = a->window + at[2];
	check(out.how == HOW_TRAP && out.trap.regs.vector == 14 &&
		      out.trap.regs.rip == rip && out.trap.cr2 == rip &&
		      sub->calls == ran,
	      "no entry stub, CPL %d: #PF at its restart", a->cpl);
	check(ways_out_are_shut(a->cpl, true) && calls_work(a, sub),
	      "calls afterwards, CPL %d", a->cpl);
}

/* What W+1 is in the default context does not matter. */
static void other_page(const struct att *a, struct gate_shared *sub)
{
	const u64 pa[] = {
		0x1fd6d000,    0xfee00000, 0x7ffffff000,
		0x3fffffff000, (u64)sub,   ATTACK_HIGH,
	};
	struct window *w = window_at(a->window);
	unsigned int i, good = 0;

	for (i = 0; i < 2 * ARRAY_SIZE(pa); i++) {
		/* Bits above the CPU's width are reserved: kept below 39. */
		map(a->window + ELISA_W_GATE, pa[i / 2] & 0x7fffffffffULL,
		    i & 1 ? PTE_P : PTE_RWU);
		good += calls_work(a, sub) && ways_out_are_shut(a->cpl, false);
	}
	map(a->window + ELISA_W_GATE, 0, 0);
	good += calls_work(a, sub);
	map(a->window + ELISA_W_GATE, (u64)w->page[1], PTE_RWU);
	check_eq(good, 2 * ARRAY_SIZE(pa) + 1, "W+1 mapped anywhere, CPL %d",
		 a->cpl);
}

static void stack_pointers(const struct att *a, struct gate_shared *sub)
{
	const u64 rsp[] = {
		0,
		1,
		~0ULL,
		0x8000000000000000ULL,
		0x0000800000000000ULL,
		0xffff7fffffffffffULL,
		0x1fd6d008,
		0x1fd6e010,
		a->window + ELISA_W_GATE,
		ELISA_SUB_STACK_TOP,
		ELISA_SUB_DATA,
	};
	unsigned int i, good = 0;

	for (i = 0; i < 2 * ARRAY_SIZE(rsp); i++) {
		/* Every other call faults in sub: the module returns then. */
		const struct regs in = {
			.r11 = i & 1 ? GATE_FAULT : 1,
			.rsp = rsp[i / 2],
		};
		struct result res = elisa_call_regs(a, &in);

		good += res.last.how == HOW_RETURN &&
			(s32)res.status == (i & 1 ? -EFAULT : 0) &&
			res.last.trap.regs.rsp == in.rsp && log_is_right(sub) &&
			ways_out_are_shut(a->cpl, false);
	}
	check_eq(good, 2 * ARRAY_SIZE(rsp),
		 "stack pointers that are none, CPL %d", a->cpl);
}

static void window(void)
{
	static struct export e[2];
	unsigned int i;

	shared[0] = gate_export(&e[0], "one");
	shared[1] = gate_export(&e[1], "two");
	if (!shared[0] || !shared[1])
		return;
	attach(&att[0], "one", 3, NULL, 0);
	attach(&att[1], "two", 0, NULL, 0);
	if (!check(!att[0].err && !att[1].err &&
			   calls_work(&att[0], shared[0]) &&
			   calls_work(&att[1], shared[1]),
		   "legal calls"))
		return;
	wrong_cpl();
	not_attached();
	for (i = 0; i < 2; i++) {
		missing_pages(&att[i], shared[i]);
		other_page(&att[i], shared[i]);
		stack_pointers(&att[i], shared[i]);
	}
}

ATTACK("window", window);
