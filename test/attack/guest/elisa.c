// SPDX-License-Identifier: GPL-2.0-only
/* Hypercalls, exports, attachments. */
#include "elisa.h"

extern const char stub_vmcall[];

#define TRAPPED (-1000000)

static s64 vmcall(unsigned int nr, struct hc *hc)
{
	register u64 r10 __asm__("r10") = hc->r10;
	register u64 r8 __asm__("r8") = hc->r8;
	register u64 r9 __asm__("r9") = hc->r9;
	s64 rax = ELISA_HC(nr);

	__asm__ volatile("vmcall"
			 : "+a"(rax), "+D"(hc->rdi), "+S"(hc->rsi),
			   "+d"(hc->rdx), "+r"(r10), "+r"(r8), "+r"(r9)
			 :
			 : "memory", "rcx", "r11");
	return rax;
}

s64 hypercall_at(int cpl, unsigned int nr, struct hc *hc)
{
	struct regs in = {
		.rip = (u64)stub_vmcall,
		.rax = ELISA_HC(nr),
		.rdi = hc->rdi,
		.rsi = hc->rsi,
		.rdx = hc->rdx,
		.r10 = hc->r10,
		.r8 = hc->r8,
		.r9 = hc->r9,
	};
	struct trap t;

	if (!cpl)
		return vmcall(nr, hc);
	run(&in, cpl, &t);
	if (t.regs.vector != VECTOR_VMCALL)
		return TRAPPED - (s64)t.regs.vector;
	*hc = (struct hc){ t.regs.rdi, t.regs.rsi, t.regs.rdx,
			   t.regs.r10, t.regs.r8,  t.regs.r9 };
	return t.regs.rax;
}

void name_pack(u64 word[4], const char *name)
{
	size_t len = strlen(name);

	memset(word, 0, 32);
	memcpy(word, name, len < 32 ? len : 32);
}

static void note(struct export *e, s64 ret)
{
	if (ret < 0 && !e->err)
		e->err = ret;
}

void export_begin(struct export *e, const char *name)
{
	u64 word[4];
	struct hc hc;

	memset(e, 0, sizeof(*e));
	name_pack(word, name);
	hc = (struct hc){ word[0], word[1], word[2], word[3], 0, 0 };
	note(e, hypercall(ELISA_HC_EXPORT_CREATE, &hc));
	e->token = hc.rdi;
	e->code = pages(EXPORT_CODE_PAGES);
}

unsigned int export_code(struct export *e, const char *name, const u8 *code,
			 const u8 *end)
{
	size_t size = end - code;

	if (e->used + size > EXPORT_CODE_PAGES * PAGE_SIZE ||
	    e->n == ARRAY_SIZE(e->entry)) {
		check(false, "code %s fits in its export", name);
		quit();
	}
	memcpy(e->code + e->used, code, size);
	e->entry[e->n].name = name;
	e->entry[e->n].offset = e->used;
	e->used = (e->used + size + 15) & ~15UL;
	return e->n++;
}

void export_data(struct export *e, void *data, unsigned int n)
{
	struct hc hc = { .rdi = e->token, .rsi = (u64)data, .r10 = n };

	note(e, hypercall(ELISA_HC_EXPORT_DATA, &hc));
}

s64 export_seal(struct export *e)
{
	struct hc hc = {
		.rdi = e->token,
		.rsi = (u64)e->code,
		.rdx = 0,
		.r10 = (e->used + PAGE_SIZE - 1) / PAGE_SIZE,
		.r8 = ELISA_PROT_R | ELISA_PROT_X,
	};
	unsigned int i;
	u64 word[4];

	note(e, hypercall(ELISA_HC_EXPORT_IMAGE, &hc));
	for (i = 0; i < e->n; i++) {
		name_pack(word, e->entry[i].name);
		hc = (struct hc){ e->token, word[0], word[1],
				  word[2],  word[3], e->entry[i].offset };
		note(e, hypercall(ELISA_HC_EXPORT_ENTRY, &hc));
	}
	if (!e->err) {
		hc = (struct hc){ .rdi = e->token };
		note(e, hypercall(ELISA_HC_EXPORT_SEAL, &hc));
	}
	return e->err;
}

s64 export_destroy(struct export *e)
{
	struct hc hc = { .rdi = e->token };

	return hypercall(ELISA_HC_EXPORT_DESTROY, &hc);
}

bool window_interposed[ELISA_WINDOWS];

void attach(struct att *a, const char *name, int cpl, void *xbuf,
	    unsigned int xbuf_pages)
{
	attach_mode(a, name, cpl, xbuf, xbuf_pages, arg("interposed", 0));
}

void attach_mode(struct att *a, const char *name, int cpl, void *xbuf,
		 unsigned int xbuf_pages, bool interposed)
{
	u64 word[4];
	struct hc hc;

	name_pack(word, name);
	hc = (struct hc){ word[0], word[1],   word[2],
			  word[3], (u64)xbuf, xbuf_pages };
	if (interposed)
		hc.r9 |= ELISA_ATTACH_INTERPOSED;
	memset(a, 0, sizeof(*a));
	a->cpl = cpl;
	a->interposed = interposed;
	a->err = hypercall_at(cpl, ELISA_HC_ATTACH, &hc);
	if (a->err)
		return;
	a->token = hc.rdi;
	a->window = hc.rsi;
	a->rights = hc.rdx;
	window_interposed[(a->window - ELISA_WINDOW_BASE) / ELISA_WINDOW_SIZE] =
		interposed;
}

s64 detach(const struct att *a)
{
	struct hc hc = { .rdi = a->token };

	return hypercall(ELISA_HC_DETACH, &hc);
}
