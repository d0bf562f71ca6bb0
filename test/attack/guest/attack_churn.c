// SPDX-License-Identifier: GPL-2.0-only
/*
 * One kind of hypercall over and over on all vCPUs, for a host that kills the
 * VMM in the middle of it: only=attach, detach, export, seal, resume, abort,
 * entry or bind.  It never ends by itself.
 */
#include "steps.h"

#define XBUF_PAGES 64
#define DATA_PAGES 64

static struct steps_shared *steps;
static struct export export;
static volatile u64 rounds[ATTACK_MAX_CPUS];

static bool is(const char *what)
{
	const char *p = info->args;
	size_t len = strlen(what);

	for (; *p; p++)
		if (!strncmp(p, "only=", 5))
			return !strncmp(p + 5, what, len) &&
			       (p[5 + len] == ' ' || !p[5 + len]);
	return false;
}

/* Hundreds of pages are pinned and let go. */
static void attach_round(void *xbuf, bool call)
{
	struct att a;

	attach(&a, "churn", 0, xbuf, XBUF_PAGES);
	expect(!a.err, "attach: %lld", a.err);
	if (!a.err && call) {
		struct steps_call c = { &a, this_cpu()->index, 3, 50 };
		struct regs in = steps_regs(&c);

		elisa_call_regs(&a, &in);
	}
	if (!a.err)
		detach(&a);
}

static void export_round(u8 *data, bool seal)
{
	char name[] = "churn0";
	struct export e;

	BLOB(steps);

	name[5] += this_cpu()->index;
	export_begin(&e, name);
	if (!e.err)
		export_data(&e, data, DATA_PAGES);
	if (seal && !e.err) {
		export_blob(&e, steps);
		export_seal(&e);
	}
	expect(!e.err, "export: %lld", e.err);
	if (e.token)
		export_destroy(&e);
}

static void resume_round(const struct att *a, bool finish)
{
	struct steps_call call = { a, this_cpu()->index, 200, 500 };
	struct outcome out;
	u64 handle;

	steps->count[call.id] = 0;
	handle = steps_suspend(&call, &out);
	if (handle && finish)
		steps_finish(handle, a->cpl, &out);
	else if (handle)
		expect(!abort_call(handle), "abort");
}

static void entry_round(const struct att *a)
{
	struct hc hc = { .rdi = a->token };
	u64 word[4];

	name_pack(word, "steps");
	hc.rsi = word[0];
	hc.rdx = word[1];
	hc.r10 = word[2];
	hc.r8 = word[3];
	expect(!hypercall(ELISA_HC_ENTRY, &hc), "entry");
}

static void churn(u64 unused)
{
	unsigned int cpu = this_cpu()->index;
	void *xbuf = pages(XBUF_PAGES);
	struct att a;

	(void)unused;
	attach(&a, "churn", 3, NULL, 0);
	expect(!a.err, "attach: %lld", a.err);
	for (;;) {
		if (is("attach"))
			attach_round(xbuf, false);
		else if (is("detach"))
			attach_round(xbuf, true);
		else if (is("export") || is("seal"))
			export_round(xbuf, is("seal"));
		else if (is("resume") || is("abort"))
			resume_round(&a, is("resume"));
		else if (is("entry"))
			entry_round(&a);
		else if (is("bind"))
			attach_round(NULL, true);
		if (++rounds[cpu] == 2 && !cpu)
			print("# churning\n");
	}
}

static void run_churn(void)
{
	steps = steps_export(&export, "churn");
	if (!steps)
		return;
	cpu_start(1, churn, 0);
	churn(0);
}

ATTACK("churn", run_churn);
