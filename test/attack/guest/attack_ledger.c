// SPDX-License-Identifier: GPL-2.0-only
/*
 * A VM that takes each way on which pages, contexts and windows are given back
 * or get another use.  The module's ledger watches (kmod/ledger.h): what it
 * finds is a warning of the host's kernel.  The calls are checked as well.
 */
#include "elisa.h"

#define TIMES 3

static u64 entry_of(const struct att *att, const char *name)
{
	struct hc hc;
	u64 word[4];

	name_pack(word, name);
	hc = (struct hc){ att->token, word[0], word[1], word[2], word[3], 0 };
	return hypercall(ELISA_HC_ENTRY, &hc);
}

static bool calls_nop(const struct att *att)
{
	const u64 args[6] = { random(), 2, 3, 4, 5, random() };
	struct result res = elisa_call(att, SUB_NOP, args);

	return !res.status && res.value == sub_nop_value(args);
}

/* --- attachments that are detached, with an exchange buffer, at both CPLs */
static void ledger_detach(void)
{
	void *xbuf = pages(2);
	unsigned int i, good = 0;
	struct export e;
	struct att att;

	sub_export(&e, "ledger");
	for (i = 0; i < TIMES; i++) {
		attach(&att, "ledger", i & 1 ? 0 : 3, xbuf, 2);
		good += !att.err && calls_nop(&att) && !detach(&att);
	}
	check_eq(good, TIMES, "attach, call, DETACH");
	check_eq(export_destroy(&e), 0, "EXPORT_DESTROY");
}

ATTACK("ledger-detach", ledger_detach);

/* --- windows of revoked attachments, given to the other CPL */
static void ledger_window(void)
{
	unsigned int i, good = 0;
	struct export e;
	struct att att;

	for (i = 0; i < TIMES; i++) {
		sub_export(&e, "ledger");
		attach(&att, "ledger", i & 1 ? 0 : 3, NULL, 0);
		good += !att.err && att.window == ELISA_WINDOW(0) &&
			calls_nop(&att) && !export_destroy(&e) &&
			elisa_call(&att, SUB_NOP, ARGS(0)).status == -ENOLINK &&
			!detach(&att);
	}
	check_eq(good, TIMES, "attach, call, EXPORT_DESTROY, DETACH");
}

ATTACK("ledger-window", ledger_window);

/* --- one instance with full trust, used by both vCPUs */

static struct att full;
static u64 sum6, spin, handle;
static s64 status;

static void sum_here(u64 unused)
{
	struct result res;
	unsigned int i;

	(void)unused;
	/* The other vCPU may be about to leave the guest. */
	for (i = 0; i < 1000; i++) {
		res = elisa_call(&full, sum6, ARGS(1, 2, 3, 4, 5, 6));
		status = res.status ?: (s64)res.value;
		if (res.status != -EBUSY)
			break;
		vmm_sleep(1000);
	}
}

static void suspend_spin(void)
{
	struct regs in = {
		.rdi = 20000000,
		.r11 = spin,
		.rsp = random() & ~15ULL,
	};
	struct outcome out;

	storm_start(1000000, 2000000);
	enter(full.window, 0, &in, 3, &out);
	storm_stop();
	handle = out.how == HOW_AEP ? out.trap.regs.rdi : 0;
}

/* It is interrupted again, by the host's clock; then it is aborted. */
static void resume_here(u64 unused)
{
	struct outcome out;
	unsigned int i;

	(void)unused;
	for (i = 0; i < 100; i++) {
		resume(handle, NULL, 3, &out);
		if (out.how != HOW_REFUSED || (s64)out.trap.regs.rax != -EAGAIN)
			break;
	}
	status = out.how;
	if (out.how == HOW_AEP)
		abort_call(out.trap.regs.rdi);
}

static s64 on(unsigned int cpu, void (*fn)(u64 arg))
{
	cpu_start(cpu, fn, 0);
	cpu_wait(cpu);
	return status;
}

static void ledger_full(void)
{
	unsigned int i, good = 0, resumed = 0;

	attach(&full, "full", 3, NULL, 0);
	sum6 = entry_of(&full, "sum6");
	spin = entry_of(&full, "spin");
	if (!check(!full.err && (s64)sum6 >= 0 && (s64)spin >= 0, "attached"))
		return;
	for (i = 0; i < TIMES; i++) {
		sum_here(0);
		good += status == on(1, sum_here) && status > 0;
	}
	check_eq(good, TIMES, "one instance, called by both vCPUs");
	for (i = 0; i < TIMES; i++) {
		suspend_spin();
		if (!handle)
			continue;
		on(1, resume_here);
		resumed += status == HOW_AEP || status == HOW_RETURN;
	}
	check_eq(resumed, TIMES, "suspended on one, resumed on the other");
	check_eq(detach(&full), 0, "DETACH");
}

ATTACK("ledger-full", ledger_full);

/*
 * --- a VM without attachments, but with vCPUs that are armed, is given up by
 * VM_DEL, or ends.
 */
static void ledger_leave(void)
{
	struct export e;
	struct att att;

	sub_export(&e, "ledger");
	attach(&att, "ledger", 3, NULL, 0);
	check(!att.err && calls_nop(&att) && !detach(&att),
	      "attach, call, DETACH");
	check_eq(export_destroy(&e), 0, "EXPORT_DESTROY");
	if (arg("del", 0)) {
		print("# at 1\n");
		while (!*(volatile u8 *)ATTACK_SHARED(0))
			vmm_sleep(20000);
	}
}

ATTACK("ledger-leave", ledger_leave);

/* --- it ends in the middle of it all */
static void ledger_death(void)
{
	struct export e;
	struct att att;

	sub_export(&e, "ledger");
	attach(&att, "ledger", 3, pages(3), 3);
	check(!att.err && calls_nop(&att), "attach, call");
}

ATTACK("ledger-death", ledger_death);
