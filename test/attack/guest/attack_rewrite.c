// SPDX-License-Identifier: GPL-2.0-only
/*
 * Another vCPU rewrites the pages of a window while this one goes through it.
 *
 * What the attacker hopes for: that the CPU, or the module, decides by bytes of
 * W+0 or W+1 that are other ones a moment later: a VMFUNC that was checked
 * and is executed with another ECX, from another place, or twice.
 *
 * Why it must fail: the module looks at no byte of the guest's.  What VMFUNC
 * does depends on ECX and the EPTP list, and behind it come the gate's bytes.
 */
#include "gate_oracle.h"

static struct att att;
static struct gate_shared *shared;
static volatile bool stop;
static volatile u64 rewrites;

static const u8 piece[][5] = {
	{ 0x0f, 0x01, 0xd4, 0x0f, 0x01 }, /* vmfunc and half of one */
	{ 0x0f, 0x01, 0xd4, 0xff, 0xc1 }, /* vmfunc; inc %ecx */
	{ 0xff, 0xc9, 0x0f, 0x01, 0xd4 }, /* dec %ecx; vmfunc */
	{ 0xb9, 0x01, 0x00, 0x00, 0x00 }, /* mov $1, %ecx */
	{ 0xb9, 0x02, 0x00, 0x00, 0x00 }, { 0x31, 0xc0, 0x31, 0xc9, 0x90 },
	{ 0x90, 0x90, 0x90, 0x90, 0x90 }, { 0xcc, 0xcc, 0xcc, 0xcc, 0xcc },
};

static void rewrite(u64 arg)
{
	struct window *w = (struct window *)arg;
	unsigned int i;

	while (!stop) {
		u64 r = random();
		/* The last bytes of W+0, or the first ones of W+1, or others. */
		u8 *to = r & 3 ? w->page[0] + PAGE_SIZE - 16 + (r >> 8) % 12 :
			 r & 4 ? w->page[1] + (r >> 8) % 64 :
				 w->page[1] + (r >> 8) % (PAGE_SIZE - 5);

		for (i = 0; i < 5; i++)
			((volatile u8 *)to)[i] = piece[r >> 32 & 7][i];
		rewrites++;
	}
}

static void enter_while_rewritten(void)
{
	unsigned int tries = arg("tries", 3000), i, bad = 0;
	u64 how[HOW_COUNT] = {}, ran = shared->calls;
	struct outcome out;
	u32 id[4];

	for (i = 0; i < tries; i++) {
		const u64 calls = shared->calls;
		const struct regs in = {
			.r11 = random() % 4 ? random() % 3 : random(),
			.rsp = random(),
			.rdi = 0x1fd6d008,
			.rsi = 0x1e,
			.rbx = random(),
			.rcx = random() & 7,
		};

		if (i & 1)
			enter(att.window, random() % 48, &in, 3, &out);
		else
			enter_raw(att.window, 0, &in, 3, &out);
		how[out.how]++;
		if (out.how == HOW_AEP)
			abort_call(out.trap.regs.rdi);
		if (shared->calls != calls)
			bad += !log_is_right(shared);
		bad += !expect(!shared->strange, "sub ran elsewhere");
		/*
		 * Half a VMFUNC and what follows can be an SIDT, after which
		 * the vCPU is unarmed until it exits.
		 */
		cpuid(0, 0, id);
		bad += !ways_out_are_shut(3, !(i % 16));
	}
	ran = shared->calls - ran;
	check(!bad && ran && how[HOW_TRAP] && rewrites > tries / 16,
	      "%u entries, %llu bytes rewritten: return %llu, trap %llu, fell %llu, other %llu; ran %llu",
	      tries, 5 * rewrites, how[HOW_RETURN], how[HOW_TRAP],
	      how[HOW_FELL],
	      tries - how[HOW_RETURN] - how[HOW_TRAP] - how[HOW_FELL], ran);
}

static void rewrite_window(void)
{
	static struct export e;
	struct window *w;
	u8 *entry = pages(1);

	if (!check(n_cpus > 1, "there are two vCPUs"))
		return;
	shared = gate_export(&e, "rewritten");
	if (!shared)
		return;
	attach(&att, "rewritten", 3, NULL, 0);
	if (!check(!att.err && calls_work(&att, shared), "legal calls"))
		return;
	w = window_at(att.window);
	memcpy(entry, w->page[0], PAGE_SIZE);
	cpu_start(1, rewrite, (u64)w);
	enter_while_rewritten();
	stop = true;
	cpu_wait(1);
	memcpy(w->page[0], entry, PAGE_SIZE);
	check(calls_work(&att, shared), "calls with the window as it was");
}

ATTACK("rewrite", rewrite_window);
