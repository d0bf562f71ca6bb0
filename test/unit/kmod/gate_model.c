// SPDX-License-Identifier: GPL-2.0-only
/*
 * Model checking of a gate page.
 *
 * The guest enters at any offset, from the default context, with any register
 * values; sub code enters at the return half only, because the landing page's
 * VMFUNC is the only one in a sub context (test_landing.c).  All paths through
 * the page are followed; a jump through a register or the stack goes to every
 * offset; VMFUNC may stay in the gate (ECX = 2).  Only gate pages are
 * executable in the gate, so a path that leaves the page ends, or goes on in
 * that of another window, which is checked from every offset in the state of a
 * guest that enters: no other may be carried there.
 *
 * In the full variant list[0] is always valid, so what ECX can be matters: the
 * guest enters with 2, the index of the gate, and from then on each instruction
 * that may change it counts, the gate's own DEC exactly.
 */
#include "gate_code.h"
#include "gate_model.h"
#include "test.h"

/* State of a path. */
#define DEFAULT_VALID 1u /* list[0] is a valid EPTP */
#define SUB_SET	      2u /* list[1] is not 0 */
#define RSP_FOREIGN   4u /* RSP holds what sub code put there */
#define SAVED_FOREIGN 8u /* so does the gate-private page */
/* Full variant only. */
#define ECX_1	16u /* ECX is 1 ... */
#define ECX_ANY 32u /* ... or not known; neither: it is 2 */
#define STATES	64

struct effect {
	unsigned int offset;
	char text[X86_TEXT];
	unsigned int (*apply)(unsigned int state);
};

struct model {
	bool full;
	unsigned int size; /* what is looked at of the page */
	struct effect effect[7];
	unsigned int n_effects;
	bool writes_ecx[4096];
	struct x86_insn insn[4096];
	const struct effect *effect_at[4096];
	bool seen[4096][STATES];
	u32 todo[4096 * STATES];
	unsigned int n_todo;
};

static unsigned int save_rsp(unsigned int state)
{
	if (state & RSP_FOREIGN)
		return state | SAVED_FOREIGN;
	return state & ~SAVED_FOREIGN;
}

/* Only its lower half is overwritten. */
static unsigned int save_esp(unsigned int state)
{
	return state & RSP_FOREIGN ? state | SAVED_FOREIGN : state;
}

static unsigned int set_sub(unsigned int state)
{
	return state | SUB_SET;
}

static unsigned int clear_default(unsigned int state)
{
	return state & ~DEFAULT_VALID;
}

static unsigned int set_default(unsigned int state)
{
	return state | DEFAULT_VALID;
}

static unsigned int clear_sub(unsigned int state)
{
	return state & ~SUB_SET;
}

static unsigned int load_rsp(unsigned int state)
{
	if (state & SAVED_FOREIGN)
		return state | RSP_FOREIGN;
	return state & ~RSP_FOREIGN;
}

static unsigned int dec_ecx(unsigned int state)
{
	if (state & (ECX_1 | ECX_ANY))
		return (state & ~ECX_1) | ECX_ANY;
	return state | ECX_1;
}

/* The instructions that are meant to be there, at their only offsets. */
static void list_effects(struct model *m, u32 eptp)
{
	const u64 list = ELISA_GATE_LIST_VA;
	const u64 rsp = ELISA_GATE_PRIVATE_VA + ELISA_GATE_RSP_OFFSET;
	const unsigned int back = elisa_gate_return(false);
	struct effect *e = m->effect;

	e[0] = (struct effect){ 0, "", save_rsp };
	sprintf(e[0].text, "mov qword ptr [0x%016lX], rsp", rsp);
	e[1] = (struct effect){ 1, "", save_esp };
	sprintf(e[1].text, "mov dword ptr [0x%016lX], esp", rsp);
	e[2] = (struct effect){ 8, "", set_sub };
	sprintf(e[2].text, "mov dword ptr [0x%016lX], 0x%X", list + 8, eptp);
	m->n_effects = 3;
	if (m->full) {
		e[3] = (struct effect){ GATE_EPTP_END, "dec ecx", dec_ecx };
		m->n_effects = 4;
		return;
	}
	e[3] = (struct effect){ GATE_EPTP_END + 2, "", clear_default };
	sprintf(e[3].text, "and byte ptr [0x%016lX], 0xC7", list);
	e[4] = (struct effect){ back, "", set_default };
	sprintf(e[4].text, "or byte ptr [0x%016lX], 0x18", list);
	e[5] = (struct effect){ back + 8, "", clear_sub };
	sprintf(e[5].text, "shl dword ptr [0x%016lX], 0x1F", list + 8);
	e[6] = (struct effect){ back + 16, "", load_rsp };
	sprintf(e[6].text, "mov rsp, qword ptr [0x%016lX]", rsp);
	m->n_effects = 7;
}

static bool report(struct gate_finding *finding, const u8 *page,
		   unsigned int offset, const char *what)
{
	finding->offset = offset;
	finding->what = what;
	x86_text(finding->text, page + offset, 4096 - offset);
	return false;
}

static bool find_effects(struct model *m, const u8 *page,
			 struct gate_finding *finding)
{
	char text[X86_TEXT];
	unsigned int i;

	for (i = 0; i < m->n_effects; i++) {
		x86_text(text, page + m->effect[i].offset,
			 4096 - m->effect[i].offset);
		if (strcmp(text, m->effect[i].text))
			return report(finding, page, m->effect[i].offset,
				      m->effect[i].text);
		m->effect_at[m->effect[i].offset] = &m->effect[i];
	}
	return true;
}

static bool in_page(long offset)
{
	return offset >= 0 && offset < 4096;
}

static void visit(struct model *m, long offset, unsigned int state)
{
	if (offset < 0 || offset >= m->size || m->seen[offset][state])
		return;
	m->seen[offset][state] = true;
	m->todo[m->n_todo++] = offset << 6 | state;
}

static void visit_all(struct model *m, unsigned int state)
{
	unsigned int offset;

	for (offset = 0; offset < m->size; offset++)
		visit(m, offset, state);
}

/* As a guest that enters finds it, but for ECX. */
static bool is_idle(unsigned int state)
{
	return (state & ~(ECX_1 | ECX_ANY)) == DEFAULT_VALID;
}

/* May this state meet VMFUNC, in the sealed variant with any index? */
static const char *vmfunc_objection(const struct model *m, unsigned int state,
				    unsigned int next)
{
	if (state & SUB_SET && next != elisa_gate_entry_end(m->full))
		return "VMFUNC to sub elsewhere than at landing's start";
	if (m->full && state & SUB_SET && state & ECX_ANY)
		return "VMFUNC with list[1] set and any index";
	if (m->full)
		return NULL;
	if (state & DEFAULT_VALID && state & SUB_SET)
		return "VMFUNC with both list[0] and list[1] set";
	if (state & DEFAULT_VALID && state & RSP_FOREIGN)
		return "VMFUNC to default with a stack pointer of sub";
	if (state & SUB_SET && state & SAVED_FOREIGN)
		return "VMFUNC to sub with a saved stack pointer of sub";
	return NULL;
}

static bool step(struct model *m, const u8 *page, unsigned int offset,
		 unsigned int state, struct gate_finding *finding)
{
	const struct x86_insn *insn = &m->insn[offset];
	unsigned int next = offset + insn->len;
	static const char leaves[] = "a jump to another page in mid-protocol";
	const char *objection;

	/* LOOP is a branch that changes it. */
	if (m->full && m->writes_ecx[offset] && !m->effect_at[offset])
		state |= ECX_ANY;
	switch (insn->kind) {
	case X86_NONE:
	case X86_FAULT:
		return true;
	case X86_JUMP:
		if (!in_page((long)next + insn->rel) && !is_idle(state))
			return report(finding, page, offset, leaves);
		visit(m, (long)next + insn->rel, state);
		return true;
	case X86_INDIRECT:
		if (!is_idle(state))
			return report(finding, page, offset, leaves);
		visit_all(m, state);
		return true;
	case X86_BRANCH:
		if (!in_page((long)next + insn->rel) && !is_idle(state))
			return report(finding, page, offset, leaves);
		visit(m, (long)next + insn->rel, state);
		break;
	case X86_VMFUNC:
		objection = vmfunc_objection(m, state, next);
		if (objection)
			return report(finding, page, offset, objection);
		break;
	case X86_STORE:
		if (!m->effect_at[offset])
			return report(finding, page, offset, "a store");
		break;
	case X86_PLAIN:
		break;
	default:
		return report(finding, page, offset, "not known to be safe");
	}
	if (m->effect_at[offset])
		state = m->effect_at[offset]->apply(state);
	visit(m, next, state);
	return true;
}

/* Decode [@from, @to) anew, the rest is as it was. */
static void decode(struct model *m, const u8 *page, unsigned int from,
		   unsigned int to)
{
	for (; from < to; from++) {
		m->insn[from] = x86_decode(page + from, 4096 - from);
		m->writes_ecx[from] = m->full &&
				      x86_writes_ecx(page + from, 4096 - from);
	}
}

static bool follow(struct model *m, const u8 *page,
		   struct gate_finding *finding)
{
	u32 todo;

	while (m->n_todo) {
		todo = m->todo[--m->n_todo];
		if (!step(m, page, todo >> 6, todo & 63, finding))
			return false;
	}
	return true;
}

/**
 * gate_model_check() - follow every path through a gate page, sealed variant
 * @page: the page
 * @eptp: the low half of the EPTP in it
 * @finding: set for a page that is not harmless
 */
bool gate_model_check(const u8 page[4096], u32 eptp,
		      struct gate_finding *finding)
{
	static struct model m;

	memset(&m, 0, sizeof(m));
	m.size = 4096;
	list_effects(&m, eptp);
	if (!find_effects(&m, page, finding))
		return false;
	decode(&m, page, 0, 4096);
	visit_all(&m, DEFAULT_VALID);
	visit(&m, elisa_gate_return(false), SUB_SET | RSP_FOREIGN);
	return follow(&m, page, finding);
}

/**
 * gate_model_check_full() - the same, full variant
 * @page: the page
 * @size: look at that many bytes only, when a larger one has shown that the
 *	rest ends every path
 * @eptp: see above
 * @finding: see above
 *
 * Landing does not come back to this page, and whether other code of a sub
 * context that is trusted fully does is not the gate's matter.
 */
bool gate_model_check_full(const u8 page[4096], unsigned int size, u32 eptp,
			   struct gate_finding *finding)
{
	static struct model m;

	m.full = true;
	m.size = size;
	m.n_todo = 0;
	memset(m.seen, 0, size * sizeof(m.seen[0]));
	memset(m.effect_at, 0, sizeof(m.effect_at[0]) * size);
	list_effects(&m, eptp);
	if (!find_effects(&m, page, finding))
		return false;
	decode(&m, page, 0, size);
	visit_all(&m, DEFAULT_VALID);
	return follow(&m, page, finding);
}
