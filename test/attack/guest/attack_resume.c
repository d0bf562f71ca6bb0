// SPDX-License-Identifier: GPL-2.0-only
/*
 * Suspended calls and their handles.
 *
 * A suspended call is what an attacker would like best: RESUME puts a vCPU into
 * the middle of exported code.  Resumed twice, it does a step of the manager's
 * twice; resumed at CPL 0, it runs there; resumed by another VM, it is a way
 * into somebody else's attachment; never resumed, it eats what others need.
 *
 * Why that must fail: the state is the module's, the handle 57 random bits that
 * are drawn anew at each exit, looked up in the caller's VM only; states change
 * under a lock, in one direction; and CPL, mode and CR3 are looked at when
 * RESUME is asked for and again when it is done.
 */
#include "steps.h"

#define STEPS  400
#define ROUNDS 2000
#define FORGED 60

static struct steps_shared *shared;
static u64 next_id;

static struct steps_call new_call(const struct att *att, u64 steps)
{
	struct steps_call call = { att, next_id++ % STEPS_IDS, steps, ROUNDS };

	shared->count[call.id] = 0;
	return call;
}

static u64 suspend(const struct steps_call *call)
{
	struct outcome out;
	u64 handle = steps_suspend(call, &out);

	expect(handle, "a call can be suspended: %s rax %llx",
	       how_name[out.how], out.trap.regs.rax);
	return handle;
}

static bool finishes(const struct steps_call *call, u64 handle)
{
	struct outcome out;

	steps_finish(handle, call->att->cpl, &out);
	return steps_good(shared, call, &out);
}

/* RESUME and ABORT: no such call. */
static bool unknown(u64 handle, int cpl)
{
	return resume_refused(handle, cpl) == -ENOLINK &&
	       abort_call(handle) == -ENOLINK;
}

static unsigned int slot_of(const struct att *att)
{
	return (att->window - ELISA_WINDOW_BASE) / ELISA_WINDOW_SIZE;
}

static void forged(const struct att *att, const struct att *other)
{
	struct steps_call call = new_call(att, STEPS);
	u64 handle = suspend(&call);
	unsigned int i, wrong = 0;
	struct outcome out;

	for (i = 0; i < 64; i++)
		wrong += !unknown(handle ^ 1ULL << i, att->cpl);
	wrong += !unknown((handle & ~127ULL) | slot_of(other), att->cpl);
	wrong += !unknown(handle & 127, att->cpl) + !unknown(0, att->cpl) +
		 !unknown(~0ULL, att->cpl) + !unknown(-handle, att->cpl);
	for (i = 0; i < FORGED; i++)
		wrong +=
			!unknown((random() & ~127ULL) | slot_of(att), att->cpl);
	check_eq(wrong, 0, "CPL %d: %u forged handles are refused", att->cpl,
		 69 + FORGED);
	steps_finish(handle, att->cpl, &out);
	check(steps_good(shared, &call, &out),
	      "CPL %d: the true one resumes the call: %s, %llu of %llu steps",
	      att->cpl, how_name[out.how], shared->count[call.id], call.steps);
	check(unknown(handle, att->cpl), "CPL %d: and is no handle any more",
	      att->cpl);
}

/* The handle of each AEX, used again at the next one. */
static void replayed(const struct att *att)
{
	struct steps_call call = new_call(att, 2 * STEPS);
	u64 old, handle = suspend(&call);
	unsigned int n = 0, wrong = 0;
	struct outcome out;

	storm_start(2000000, 3000000);
	resume(handle, NULL, att->cpl, &out);
	while (out.how == HOW_AEP) {
		old = handle;
		handle = out.trap.regs.rdi;
		n++;
		wrong += old == handle || !unknown(old, att->cpl);
		resume(handle, NULL, att->cpl, &out);
	}
	storm_stop();
	check(n >= 5 && !wrong,
	      "CPL %d: %u handles of earlier exits, %u still good", att->cpl, n,
	      wrong);
	check(steps_good(shared, &call, &out),
	      "CPL %d: and the call is not harmed: %s", att->cpl,
	      how_name[out.how]);
}

static void other_cpl(const struct att *att)
{
	struct steps_call call = new_call(att, STEPS);
	u64 handle = suspend(&call), steps = shared->count[call.id];
	u64 cpl = shared->cpl;

	shared->cpl = 0;
	check_eq(resume_refused(handle, att->cpl ^ 3), -EINVAL,
		 "a call of CPL %d, RESUME at CPL %d", att->cpl, att->cpl ^ 3);
	check(!shared->cpl && shared->count[call.id] == steps,
	      "it has not run, CPL %d", att->cpl);
	check(unknown(handle, att->cpl), "it is over, CPL %d", att->cpl);
	shared->cpl = cpl;
}

static void single_step(const struct att *att)
{
	const struct regs in = { .rflags = FLAG_IF | FLAG_TF };
	struct steps_call call = new_call(att, STEPS);
	u64 handle = suspend(&call);
	struct outcome out;

	resume(handle, &in, att->cpl, &out);
	if (out.how == HOW_AEP)
		steps_finish(out.trap.regs.rdi, att->cpl, &out);
	check(steps_good(shared, &call, &out),
	      "CPL %d: RESUME with TF steps nothing: %s %llu", att->cpl,
	      how_name[out.how], out.trap.regs.vector);
}

static void detached(struct att *att)
{
	struct steps_call call = new_call(att, STEPS);
	u64 handle = suspend(&call);
	u64 window = att->window;

	check_eq(detach(att), 0, "detach with a suspended call");
	check(unknown(handle, att->cpl), "RESUME after DETACH");
	attach(att, "resume", att->cpl, NULL, 0);
	check(!att->err && att->window == window && unknown(handle, att->cpl),
	      "and with the window attached again");
	call = new_call(att, STEPS);
	check(finishes(&call, suspend(&call)), "which works");
}

static void handles(void)
{
	struct att user, kernel;
	struct steps_call call;
	struct export e;
	u64 handle;

	shared = steps_export(&e, "resume");
	attach(&user, "resume", 3, NULL, 0);
	attach(&kernel, "resume", 0, NULL, 0);
	if (!shared || !check(!user.err && !kernel.err, "attached"))
		return;
	forged(&user, &kernel);
	replayed(&user);
	other_cpl(&user);
	single_step(&user);
	check_eq(shared->cpl, 1 << 3, "CPLs at which the code ran");
	forged(&kernel, &user);
	replayed(&kernel);
	other_cpl(&kernel);
	single_step(&kernel);
	detached(&user);

	call = new_call(&user, STEPS);
	handle = suspend(&call);
	check_eq(export_destroy(&e), 0, "destroy with a suspended call");
	check(unknown(handle, 3), "RESUME after EXPORT_DESTROY");
	check_eq(shared->wrong, 0, "steps done twice or skipped");
}

ATTACK("handles", handles);

/*
 * --- calls that are never resumed: the pool of instances runs dry.  Others must
 * hear -EBUSY at once; ABORT, DETACH and death give everything back.
 */

#define POOL_MAX   64
#define BUSY_TRIES 30
#define BUSY_TICKS 5000000

static u64 suspended[POOL_MAX];
static struct steps_call pool_call[POOL_MAX];

static void fill(const struct att *att, unsigned int first, unsigned int n)
{
	unsigned int i;

	for (i = first; i < first + n; i++) {
		pool_call[i] = new_call(att, STEPS);
		suspended[i] = suspend(&pool_call[i]);
	}
}

static s64 try_call(const struct att *att)
{
	struct steps_call call = new_call(att, 5);
	const struct regs in = steps_regs(&call);

	return elisa_call_regs(att, &in).status;
}

static void is_busy(const struct att *att, const char *what)
{
	u64 ticks, slowest = 0, begin;
	unsigned int i, busy = 0;

	for (i = 0; i < BUSY_TRIES; i++) {
		begin = rdtsc();
		busy += try_call(att) == -EBUSY;
		ticks = rdtsc() - begin;
		if (ticks > slowest)
			slowest = ticks;
	}
	check_eq(busy, BUSY_TRIES, "-EBUSY: %s", what);
	check(slowest < BUSY_TICKS, "at once: %llu ticks, %s", slowest, what);
}

static void pool(void)
{
	unsigned int i, limit = arg("limit", 8), good = 0;
	struct att one, two;
	struct export e;

	shared = steps_export(&e, "resume");
	attach(&one, "resume", 3, NULL, 0);
	attach(&two, "resume", 0, NULL, 0);
	if (!shared || !check(!one.err && !two.err, "attached"))
		return;
	fill(&one, 0, limit);
	is_busy(&one, "all instances are suspended");
	is_busy(&two, "in the VM's other attachment");
	check_eq(abort_call(suspended[0]), 0, "ABORT of one");
	check_eq(try_call(&one), 0, "is room for a call");
	fill(&one, 0, 1);
	check_eq(try_call(&one), -EBUSY, "and no more");
	for (i = 0; i < limit; i += 2)
		good += !abort_call(suspended[i]);
	for (i = 1; i < limit; i += 2)
		good += finishes(&pool_call[i], suspended[i]);
	check_eq(good, limit, "half of them aborted, half resumed");
	check_eq(try_call(&one), 0, "a call after that");
	fill(&one, 0, limit);
	check_eq(try_call(&one), -EBUSY, "full again");
	check_eq(detach(&one), 0, "detach");
	check_eq(try_call(&two), 0, "room for the other attachment");
	check_eq(detach(&two), 0, "detach that, too");
	check_eq(shared->wrong, 0, "steps done twice or skipped");
	meet(1); /* the scenario looks at the figures */
	attach(&one, "resume", 3, NULL, 0);
	fill(&one, 0, limit);
	meet(2);
	/* Dies with all of them suspended. */
}

ATTACK("pool", pool);

/*
 * --- another VM's handle and tokens.  The victim publishes all it has; the
 * thief has an attachment with the same window.
 */

struct loot {
	volatile u64 stage, handle, attachment, sealed, building;
};

static struct loot *loot(void)
{
	return (struct loot *)(ATTACK_SHARED(0) + 0x100);
}

static void stage(u64 n)
{
	barrier_mem();
	loot()->stage = n;
}

static void wait_stage(u64 n)
{
	while (loot()->stage < n)
		vmm_sleep(20000);
}

static s64 entry_index(u64 token)
{
	struct hc hc;
	u64 word[4];

	name_pack(word, "steps");
	hc = (struct hc){ token, word[0], word[1], word[2], word[3], 0 };
	return hypercall(ELISA_HC_ENTRY, &hc);
}

static void victim(void)
{
	struct export e, half;
	struct steps_call call;
	struct att att;
	u64 handle;

	shared = steps_export(&e, "resume");
	export_begin(&half, "half");
	attach(&att, "resume", 3, NULL, 0);
	if (!shared || !check(!att.err && !half.err, "victim: attached"))
		return;
	call = new_call(&att, STEPS);
	handle = suspend(&call);
	loot()->handle = handle;
	loot()->attachment = att.token;
	loot()->sealed = e.token;
	loot()->building = half.token;
	stage(1);
	wait_stage(2);
	check(finishes(&call, handle), "victim: its call was not harmed");
	check_eq(entry_index(att.token), 0, "victim: nor its attachment");
	export_data(&half, pages(1), 1);
	check_eq(half.err, 0, "victim: nor the export that it builds");
	stage(3);
	wait_stage(4);
	/* Dies: the thief has a call suspended in its export. */
}

ATTACK("victim", victim);

static void thief(void)
{
	u64 stolen, handle, word[4];
	struct loot *l = loot();
	struct steps_call call;
	unsigned int i, n = 0;
	struct outcome out;
	struct att att;
	u8 *page = pages(1);

	wait_stage(1);
	shared = pages(1); /* it sees no shared data of the other */
	attach(&att, "resume", 3, NULL, 0);
	if (!check(!att.err, "thief: attached"))
		return;
	stolen = l->handle;
	check_eq(stolen & 127, slot_of(&att), "thief: the same window");
	check(unknown(stolen, 3) && unknown(stolen, 0),
	      "thief: the handle is worth nothing here");
	check_eq(entry_index(att.token), 0, "thief: ENTRY, own token");
	check_eq(entry_index(l->attachment), -ENOENT, "thief: ENTRY");
	check_eq(detach(&(struct att){ .token = l->attachment }), -ENOENT,
		 "thief: DETACH");
	name_pack(word, "evil");
	for (i = 0; i < 2; i++) {
		const u64 token = i ? l->sealed : l->building;
		const struct {
			unsigned int nr;
			struct hc hc;
		} theft[] = {
			{ ELISA_HC_EXPORT_IMAGE,
			  { token, (u64)page, 0, 1, ELISA_PROT_R, 0 } },
			{ ELISA_HC_EXPORT_DATA,
			  { token, (u64)page, 0, 1, 0, 0 } },
			{ ELISA_HC_EXPORT_ENTRY,
			  { token, word[0], word[1], word[2], word[3], 0 } },
			{ ELISA_HC_EXPORT_SEAL, { .rdi = token } },
			{ ELISA_HC_EXPORT_DESTROY, { .rdi = token } },
		};
		unsigned int k;

		for (k = 0; k < ARRAY_SIZE(theft); k++) {
			struct hc hc = theft[k].hc;

			n += hypercall(theft[k].nr, &hc) == -ENOENT;
		}
	}
	check_eq(n, 10, "thief: EXPORT_* with the victim's tokens");
	stage(2);
	wait_stage(3);
	call = (struct steps_call){ &att, STEPS_IDS - 1, STEPS, ROUNDS };
	steps_finish(steps_suspend(&call, &out), 3, &out);
	check(out.how == HOW_RETURN && out.trap.regs.rdx == STEPS,
	      "thief: it may call");
	handle = steps_suspend(&call, &out);
	check(handle, "thief: a call is suspended");
	stage(4);
	for (n = 0; n < 200 && entry_index(att.token) != -ENOLINK; n++)
		vmm_sleep(20000);
	check(unknown(handle, 3), "thief: RESUME after the owner's death");
	check_eq(try_call(&att), -ENOLINK, "thief: a call after it");
}

ATTACK("thief", thief);
