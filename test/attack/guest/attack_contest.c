// SPDX-License-Identifier: GPL-2.0-only
/*
 * Two vCPUs fight for one suspended call.
 *
 * If both could load it, one state would run twice: steps would be done twice,
 * on one stack.  If ABORT could free it while it is being loaded, its instance
 * would be free and running at once, and given to a third.  One must win, the
 * other must be told so precisely, and DETACH and EXPORT_DESTROY must find the
 * call wherever it is.
 */
#include "steps.h"

enum { RESUME, ABORT, DETACH, DESTROY };

#define STEPS  100
#define ROUNDS 2000

static struct steps_shared *shared;
static struct export export;
static struct att att;
static struct barrier begin, end;
static volatile u64 handle, published;
static volatile int mode;
static struct outcome rival_out;
static volatile s64 rival_ret;
static u64 rival_busy;
static volatile bool over;
static struct poker *poker;

/*
 * A call is being resumed for a few hundred instructions, or for as long as a
 * VMM likes that a signal gave the vCPU in between: vCPU 0 has a poker, and
 * tells the handle before each RESUME.  The rival tries each handle once, a
 * random while after that.
 */
static void finish_under_poker(struct outcome *out)
{
	poker->period_us = 1000;
	expect(!poker_start(0, poker), "the poker starts");
	do {
		published = handle;
		resume(handle, NULL, 3, out);
		if (out->how == HOW_AEP)
			handle = out->trap.regs.rdi;
	} while (out->how == HOW_AEP || (out->how == HOW_REFUSED &&
					 (s64)out->trap.regs.rax == -EAGAIN));
	over = true;
	poker_stop(0, poker);
}

static s64 try_abort(void)
{
	u64 h, last = 0;
	s64 ret = -ENOLINK;

	while (!over) {
		h = published;
		if (h == last) {
			pause();
			continue;
		}
		last = h;
		delay(100000);
		ret = abort_call(h);
		if (!ret)
			break;
		rival_busy += ret == -EBUSY;
	}
	return ret;
}

static void rival(u64 rounds)
{
	while (rounds--) {
		barrier(&begin, 2);
		window_at(att.window);
		delay(mode == RESUME ? 4000 : mode == ABORT ? 1 : 60000);
		switch (mode) {
		case RESUME:
			steps_finish(handle, 3, &rival_out);
			break;
		case ABORT:
			rival_ret = try_abort();
			break;
		case DETACH:
			rival_ret = detach(&att);
			break;
		case DESTROY:
			rival_ret = export_destroy(&export);
			break;
		}
		barrier(&end, 2);
	}
}

static bool is_refused(const struct outcome *out)
{
	s64 rax = out->trap.regs.rax;

	return out->how == HOW_REFUSED && (rax == -ENOLINK || rax == -EAGAIN);
}

static bool is_revoked(const struct outcome *out)
{
	return (s64)out->trap.regs.rax == -ENOLINK &&
	       (out->how == HOW_REFUSED || out->how == HOW_RETURN);
}

/* Did this round end as it may?  *@won: by this vCPU. */
static bool fair(const struct steps_call *call, const struct outcome *out,
		 bool *won)
{
	bool good = steps_good(shared, call, out);

	*won = good;
	switch (mode) {
	case RESUME:
		if (good)
			return is_refused(&rival_out);
		return is_refused(out) && steps_good(shared, call, &rival_out);
	case ABORT:
		if (good)
			return rival_ret == -ENOLINK || rival_ret == -EBUSY;
		return is_refused(out) && !rival_ret &&
		       shared->count[call->id] < call->steps;
	default:
		return !rival_ret && (good || is_revoked(out));
	}
}

static bool prepare(void)
{
	if (mode == DESTROY || !shared)
		shared = steps_export(&export, "contest");
	if (shared)
		attach(&att, "contest", 3, NULL, 0);
	return shared && !att.err;
}

static void contest(int how, const char *what, unsigned int rounds)
{
	unsigned int i, unfair = 0, wins = 0, suspends = 0;
	struct outcome out;
	bool won;

	mode = how;
	cpu_start(1, rival, rounds);
	for (i = 0; i < rounds; i++) {
		struct steps_call call = { &att, i % STEPS_IDS, STEPS, ROUNDS };

		/* The rival waits for this round in any case. */
		if ((how >= DETACH || !i) && !prepare())
			expect(false, "%s: prepared", what);
		shared->count[call.id] = 0;
		handle = steps_suspend(&call, &out);
		suspends += !!handle;
		over = false;
		published = 0;
		barrier(&begin, 2);
		delay(mode == RESUME ? 4000 : 60000);
		if (how == ABORT)
			finish_under_poker(&out);
		else
			steps_finish(handle, 3, &out);
		barrier(&end, 2);
		if (!fair(&call, &out, &won)) {
			unfair++;
			expect(false,
			       "%s %u: %s rax %lld rdx %lld, rival %s rax %lld ret %lld, %llu steps",
			       what, i, how_name[out.how], out.trap.regs.rax,
			       out.trap.regs.rdx, how_name[rival_out.how],
			       rival_out.trap.regs.rax, rival_ret,
			       shared->count[call.id]);
		}
		wins += won;
		/* A revoked attachment keeps its window. */
		if (how == DESTROY)
			detach(&att);
	}
	cpu_wait(1);
	check(!unfair && suspends == rounds, "%s: %u contests, %u won", what,
	      rounds, wins);
	check_eq(shared->wrong, 0, "%s: steps done twice or skipped", what);
	if (how == RESUME)
		check(wins && wins < rounds, "%s: each won sometimes (%u)",
		      what, wins);
	if (how <= ABORT)
		detach(&att);
}

/* An ABORT meets a call that is being resumed once in some 40 contests. */
static void contest_abort(unsigned int rounds)
{
	unsigned int tries = 0;

	rival_busy = 0;
	do {
		contest(ABORT, "RESUME against ABORT", rounds);
	} while (!rival_busy && ++tries < 10);
	check(rival_busy,
	      "RESUME against ABORT: it was being resumed %llu times",
	      rival_busy);
}

static void contests(void)
{
	unsigned int n = arg("n", 150);

	if (!check(n_cpus == 2, "two vCPUs"))
		return;
	poker = pages(1);
	if (arg("only", RESUME) == RESUME)
		contest(RESUME, "RESUME against RESUME", n);
	if (arg("only", ABORT) == ABORT)
		contest_abort(2 * n);
	if (arg("only", DETACH) == DETACH)
		contest(DETACH, "RESUME against DETACH", n / 3);
	if (arg("only", DESTROY) == DESTROY) {
		if (shared)
			export_destroy(&export);
		contest(DESTROY, "RESUME against EXPORT_DESTROY", n / 5);
	}
}

ATTACK("contest", contests);

/*
 * --- the host takes the export away, then the VM, while both vCPUs suspend and
 * resume as fast as they can.
 */

static struct outcome last[2];
static u64 calls[2];

static void work(u64 unused)
{
	unsigned int me = this_cpu()->index;
	struct outcome *out = &last[me];

	(void)unused;
	do {
		struct steps_call call = { &att, 2 * (calls[me] % 100) + me,
					   STEPS, ROUNDS };
		u64 h;

		shared->count[call.id] = 0;
		h = steps_suspend(&call, out);
		if (h)
			steps_finish(h, 3, out);
		if (!steps_good(shared, &call, out))
			break;
	} while (++calls[me] < 1000000);
}

static void host_takes(unsigned int n, const char *what)
{
	calls[0] = 0;
	calls[1] = 0;
	if (!check(prepare(), "%s: prepared", what))
		return;
	meet(n);
	cpu_start(1, work, 0);
	work(0);
	cpu_wait(1);
	check(calls[0] && calls[1], "%s: %llu and %llu calls before it", what,
	      calls[0], calls[1]);
}

/* KVM's answers, once the VM is not enrolled any more. */
static bool is_plain_kvm(const struct outcome *out)
{
	return (out->how == HOW_REFUSED && (s64)out->trap.regs.rax == -1) ||
	       (out->how == HOW_TRAP && out->trap.regs.vector == 6);
}

static void host(void)
{
	unsigned int i;
	struct hc hc;

	host_takes(1, "elisactl export del");
	for (i = 0; i < 2; i++)
		check(is_revoked(&last[i]), "vCPU %u: %s rax %lld", i,
		      how_name[last[i].how], last[i].trap.regs.rax);
	detach(&att);
	shared = NULL;
	host_takes(2, "elisactl vm del");
	for (i = 0; i < 2; i++)
		check(is_revoked(&last[i]) || is_plain_kvm(&last[i]),
		      "vCPU %u: %s rax %lld", i, how_name[last[i].how],
		      last[i].trap.regs.rax);
	meet(3);
	hc = (struct hc){};
	check_eq(hypercall(ELISA_HC_VERSION, &hc), -1000,
		 "the VM has no ELISA any more");
}

ATTACK("host", host);
