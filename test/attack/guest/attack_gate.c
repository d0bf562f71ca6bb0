// SPDX-License-Identifier: GPL-2.0-only
/*
 * Enter the gate page at every offset, with registers made for it.
 *
 * What the attacker hopes for: an offset at which the bytes of the gate decode
 * to something that its author did not mean.  A store through a register of
 * the attacker's would write an EPTP of his choice to list[1], list[0] or into
 * the gate's code; a jump would skip the instruction that closes list[1]; a
 * VMFUNC with another ECX would lead to sub at an address that is not
 * landing's start.
 *
 * Why it must fail: every decode ends at one of the page's two VMFUNCs, at an
 * invalid opcode or at INT3 (kmod/gate_code.h).
 *
 * Sets of registers: those of a legal call; all zero; all ones; 8 sets by
 * which, for any two registers, one points to list[1] and the other holds an
 * EPTP, both ways round: any store of one register through another would hit;
 * all pointing to one of the places in target(); and random mixtures.
 *
 * Ways: as it is; with TF set, so that #DB comes behind the VMFUNC; with a MOV
 * to SS before the VMFUNC, which holds that #DB back until one instruction of
 * the gate was executed.
 */
#include "gate_oracle.h"

#define LIST	      0x1fd6d000ULL /* kmod/gate_code.h */
#define PRIVATE	      0x1fd6e000ULL
#define GATE_CODE_END 0x20  /* first offset behind the entry half */
#define GATE_RETURN   0xfe0 /* nothing that runs lies between */
#define GATE_LOAD_ESP 0xff4 /* the load of RSP without its REX */

#define SET_LEGAL   0
#define SET_ZEROS   1
#define SET_ONES    2
#define SET_PAIRS   3 /* 8 */
#define SET_TARGETS 11
#define N_TARGETS   14
#define SET_RANDOM  (SET_TARGETS + N_TARGETS)
#define N_SETS	    (SET_RANDOM + 3)

enum way { WAY_PLAIN, WAY_TF, WAY_SS, WAY_COUNT };

static const char *const way_name[] = { "plain", "TF", "MOV SS and TF" };

static struct att att[2]; /* by which[] below */
static struct gate_shared *shared[2];

/* Enough is known then. */
#define WRONG_MOST 8

static unsigned int wrong;

static struct {
	u64 tries, how[HOW_COUNT], ok, einval, efault, ud_at, ud_elsewhere;
	u64 ran; /* entries of the export */
} count;

static u64 target(unsigned int i, u64 w)
{
	const u64 at[N_TARGETS] = {
		LIST,
		LIST + 8,
		LIST + 16,
		LIST + 24,
		PRIVATE,
		PRIVATE + 0x10,
		w + ELISA_W_GATE, /* the gate itself */
		w + ELISA_W_GATE + 0xffd,
		w,
		w + ELISA_W_RETURN,
		ELISA_SUB_STACK_TOP - 8,
		ELISA_SUB_ENTRIES,
		ELISA_SUB_DATA,
		(u64)shared[0],
	};

	return at[i];
}

/* What an EPTP of this host may look like; then what is none. */
#define EPTPS 7

static u64 eptp_guess(unsigned int i)
{
	static const u64 value[] = {
		0x1e,	   0x100001e,  0x5e,	   0x1234501e, 0x10000001e,
		0x200005e, 0x8000001e, 0x1f1f1f1e, 1,	       2,
	};

	return value[i % ARRAY_SIZE(value)];
}

static u64 *reg(struct regs *r, unsigned int i)
{
	return i == 15 ? &r->rsp : &r->rax + i;
}

static void fill_pairs(struct regs *r, unsigned int set, u64 value)
{
	unsigned int i, bit = set / 2 & 3;

	for (i = 0; i < 16; i++)
		*reg(r, i) = (i >> bit & 1) == (set & 1) ? LIST + 8 : value;
}

static void fill(struct regs *r, unsigned int set, u64 w, unsigned int n)
{
	const u64 behind = ELISA_SUB_DATA + PAGE_SIZE;
	unsigned int i;
	u64 t;

	memset(r, 0, sizeof(*r));
	if (set == SET_LEGAL) {
		for (i = 0; i < 16; i++)
			*reg(r, i) = random();
		r->r11 = n % GATE_ENTRIES;
	} else if (set == SET_ONES) {
		for (i = 0; i < 16; i++)
			*reg(r, i) = ~0ULL;
	} else if (set >= SET_PAIRS && set < SET_TARGETS) {
		fill_pairs(r, set - SET_PAIRS, eptp_guess(n % EPTPS));
	} else if (set >= SET_TARGETS && set < SET_RANDOM) {
		t = target(set - SET_TARGETS, w);
		for (i = 0; i < 16; i++)
			*reg(r, i) = t;
		r->rsp += n & 8; /* a PUSH hits, or a MOV */
	} else if (set >= SET_RANDOM) {
		for (i = 0; i < 16; i++) {
			t = random();
			*reg(r, i) = t & 1 ? eptp_guess(t >> 8) :
					     target((t >> 8) % N_TARGETS, w) +
						     (t >> 16 & 0x18);
		}
		/* Indices that lead out of the table of entries to data. */
		if (n & 1)
			r->r11 = (behind - ELISA_SUB_ENTRIES) / 8 +
				 (n >> 1 & 63);
	}
	/* Some of them with a legal index: sub is reached then. */
	if (set > SET_ONES && n & 2)
		r->r11 = n % GATE_ENTRIES;
	r->rflags = FLAG_IF | (n & 4 ? 0x400 : 0) | (n & 8 ? 0x40000 : 0) |
		    (n & 16 ? 0x8d5 : 0);
}

/* enter() with MOV SS before the VMFUNC. */
static void enter_ss(u64 w, unsigned int offset, struct regs *r, int cpl,
		     struct outcome *out)
{
	static const u8 code[5] = { 0x8e, 0xd3, 0x0f, 0x01, 0xd4 };
	struct window *win = window_at(w);
	unsigned int i, end = ELISA_W_GATE + offset;
	u8 old[5];

	for (i = 0; i < 5; i++) {
		unsigned int at = end - 5 + i;

		old[i] = win->page[at >> 12][at & 0xfff];
		win->page[at >> 12][at & 0xfff] = code[i];
	}
	r->rbx = cpl ? SEL_USER_DATA : SEL_DATA;
	r->rax &= ~0xffffffffULL;
	r->rcx = (r->rcx & ~0xffffffffULL) | ELISA_IDX_GATE;
	vmfunc_at(w + end - 5, r, cpl, out);
	for (i = 0; i < 5; i++) {
		unsigned int at = end - 5 + i;

		win->page[at >> 12][at & 0xfff] = old[i];
	}
}

static bool same_regs(const struct regs *a, const struct regs *b)
{
	unsigned int i;

	/* EAX and ECX are the protocol's. */
	for (i = 2; i < 15; i++)
		if (*reg((struct regs *)a, i) != *reg((struct regs *)b, i))
			return false;
	return a->rsp == b->rsp;
}

struct attempt {
	const struct att *att;
	unsigned int offset, set, n;
	int cpl;
	enum way way;
	bool open; /* an instance is bound */
};

/* RSP as the last call on this vCPU left it in the gate-private page. */
static u64 saved_rsp;

static bool expected(const struct attempt *t, const struct regs *in,
		     const struct outcome *out, u64 ran)
{
	const struct regs *r = &out->trap.regs;
	const u64 page = t->att->window + ELISA_W_GATE;
	const bool legal = in->r11 < GATE_ENTRIES;
	bool restarts = t->offset < GATE_CODE_END &&
			(!t->open || t->way != WAY_PLAIN);
	s32 eax = r->rax; /* the upper half is nobody's */

	if (out->how == HOW_RETURN) {
		if (out->window != t->att->window)
			return false;
		if (t->offset >= GATE_CODE_END && t->offset < GATE_RETURN)
			return false;
		if (r->rsp != in->rsp && r->rsp != saved_rsp &&
		    r->rsp != ((saved_rsp & ~0xffffffffULL) | (u32)in->rsp) &&
		    (t->offset != GATE_LOAD_ESP || r->rsp != (u32)saved_rsp))
			return false;
		if (t->offset >= GATE_RETURN)
			return !ran && (!eax || eax == -EFAULT);
		/*
		 * Sub is reached from the store of list[1], and from what
		 * runs into it: the saving of RSP, of ESP, and AND EAX.
		 */
		if (t->offset > 1 && t->offset != 3 && t->offset != 8 &&
		    !restarts)
			return !ran && eax == -EFAULT;
		if (t->offset == 0 && r->rsp != in->rsp)
			return false;
		if (eax == -EFAULT)
			return !ran && t->offset;
		return legal ? !eax && ran == 1 && r->rdx == 0x600d + in->r11 :
			       !ran && eax == -EINVAL;
	}
	/* VMFUNC to the gate is an invalid opcode to it. */
	if (out->how != HOW_TRAP || r->vector != 6 || ran)
		return false;
	if (t->offset >= GATE_CODE_END && t->offset < GATE_RETURN)
		return r->rip == page + t->offset && same_regs(in, r);
	return t->offset && r->rip - t->att->window <= ELISA_W_RETURN;
}

static void classify(const struct outcome *out, u64 at)
{
	const struct regs *r = &out->trap.regs;

	count.how[out->how]++;
	if (out->how == HOW_RETURN) {
		count.ok += !(u32)r->rax;
		count.einval += (s32)r->rax == -EINVAL;
		count.efault += (s32)r->rax == -EFAULT;
	} else if (out->how == HOW_TRAP && r->vector == 6) {
		count.ud_at += r->rip == at;
		count.ud_elsewhere += r->rip != at;
	}
}

static void attempt(const struct attempt *t)
{
	struct gate_shared *sub = shared[t->att - att];
	struct gate_shared *other = shared[!(t->att - att)];
	u64 w = t->att->window, calls, others, irqs;
	struct outcome out;
	struct regs in;
	bool good;

	fill(&in, t->set, w, t->n);
	if (t->way != WAY_PLAIN)
		in.rflags |= FLAG_TF;
again:
	calls = sub->calls;
	others = other ? other->calls + other->strange : 0;
	irqs = this_cpu()->irqs[VECTOR_TIMER];
	if (t->way == WAY_SS)
		enter_ss(w, t->offset, &in, t->cpl, &out);
	else
		enter(w, t->offset, &in, t->cpl, &out);
	count.tries++;
	/* The timer that watches over run(), or an interrupt of the host. */
	if (this_cpu()->irqs[VECTOR_TIMER] != irqs || out.how == HOW_AEP) {
		count.tries--;
		if (out.how == HOW_AEP)
			abort_call(out.trap.regs.rdi);
		if (t->offset < GATE_CODE_END &&
		    (out.how == HOW_AEP || out.how == HOW_RETURN))
			saved_rsp = out.trap.regs.rsp;
		expect(ways_out_are_shut(t->cpl, true), "after an interrupt");
		goto again;
	}
	classify(&out, w + ELISA_W_GATE + t->offset);
	calls = sub->calls - calls;
	count.ran += calls;
	good = expected(t, &in, &out, calls) && !sub->strange &&
	       (!calls || log_is_right(sub)) &&
	       (!other || others == other->calls + other->strange);
	wrong +=
		!expect(good,
			"%x set %u n %u CPL %d %s, %s: %s %llu rip %llx rax %llx rsp %llx, ran %llu %llu",
			t->offset, t->set, t->n, t->cpl, way_name[t->way],
			t->open ? "open" : "closed", how_name[out.how],
			out.trap.regs.vector, out.trap.regs.rip,
			out.trap.regs.rax, out.trap.regs.rsp, calls,
			sub->strange);
	if (out.how == HOW_RETURN && t->offset < GATE_CODE_END)
		saved_rsp = out.trap.regs.rsp;
	wrong += !expect(ways_out_are_shut(t->cpl, !(t->n % 32)),
			 "after offset %x set %u n %u CPL %d %s, %s", t->offset,
			 t->set, t->n, t->cpl, way_name[t->way],
			 t->open ? "open" : "closed");
}

/* The CI sample: all code and what is near it, and every 64th other. */
static bool in_sample(unsigned int offset)
{
	return offset < GATE_CODE_END + 16 || offset >= GATE_RETURN - 16 ||
	       offset % 64 == 1;
}

/* The others show the same; all are tried with "long". */
static bool set_in_sample(const struct attempt *t)
{
	if (t->way == WAY_PLAIN && t->open)
		return true;
	/* A store in the immediate of a closed gate is found by these only. */
	if (t->way == WAY_PLAIN && t->offset < GATE_CODE_END &&
	    t->set >= SET_PAIRS && t->set < SET_TARGETS)
		return true;
	return t->set == SET_LEGAL || (t->set - SET_PAIRS) % 3 == t->n % 3;
}

static void call_and_note(const struct att *a, struct gate_shared *sub)
{
	const struct regs in = { .rsp = random() & ~15ULL };
	struct result res = elisa_call_regs(a, &in);

	expect(!res.status && sub->calls, "a legal call");
	saved_rsp = in.rsp;
}

static void every_offset(const struct att *a, bool open, enum way way)
{
	struct gate_shared *sub = shared[a - att];
	struct attempt t = { .att = a, .cpl = a->cpl, .way = way, .open = open };
	bool all = arg("long", 0);

	call_and_note(a, sub);
	for (t.offset = 0; t.offset < PAGE_SIZE && wrong < WRONG_MOST;
	     t.offset++) {
		/* The planted bytes would overlap those of the restart. */
		if (way == WAY_SS && t.offset && t.offset < 8)
			continue;
		if (!all && !in_sample(t.offset))
			continue;
		for (t.set = 0; t.set < N_SETS && wrong < WRONG_MOST; t.set++) {
			t.n++;
			if (!all && !set_in_sample(&t))
				continue;
			if (!open && (t.offset < GATE_CODE_END || !t.set))
				saved_rsp = unbind(a, sub);
			attempt(&t);
			if (open && !(t.n % 64))
				call_and_note(a, sub);
		}
	}
	expect(calls_work(a, sub), "calls after all offsets");
}

static void say(const char *what)
{
	check(count.tries > 1000 && count.ran && count.ud_at && count.einval &&
		      count.efault,
	      "%s: %llu tries: 0 %llu, -EINVAL %llu, -EFAULT %llu, #UD there %llu, near %llu, other %llu; ran %llu",
	      what, count.tries, count.ok, count.einval, count.efault,
	      count.ud_at, count.ud_elsewhere,
	      count.tries - count.ok - count.einval - count.efault -
		      count.ud_at - count.ud_elsewhere,
	      count.ran);
	memset(&count, 0, sizeof(count));
}

static bool start(int cpl0, int cpl1)
{
	static struct export e[2];

	shared[0] = gate_export(&e[0], "one");
	shared[1] = gate_export(&e[1], "two");
	if (!shared[0] || !shared[1])
		return false;
	attach(&att[0], "one", cpl0, NULL, 0);
	attach(&att[1], "two", cpl1, NULL, 0);
	return check(!att[0].err && !att[1].err, "attached") &&
	       check(calls_work(&att[0], shared[0]) &&
			     calls_work(&att[1], shared[1]),
		     "legal calls");
}

static void enter_gate(void)
{
	unsigned int cpl, way;

	if (!start(3, 0))
		return;
	for (cpl = 0; cpl < 2; cpl++) {
		for (way = 0; way < WAY_COUNT; way++)
			every_offset(&att[cpl], true, way);
		every_offset(&att[cpl], false, WAY_PLAIN);
		say(cpl ? "gate, CPL 0" : "gate, CPL 3");
	}
}

ATTACK("gate", enter_gate);
