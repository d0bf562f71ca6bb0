// SPDX-License-Identifier: GPL-2.0-only
/*
 * A VMM that changes the guest's memory slots while calls are under way.
 *
 * KVM builds new EPT roots, or throws away parts of the old ones, each time; the
 * vCPU's EPTP list must follow, and nothing of ours may be lost or stay behind.
 */
#include <linux/kvm.h>

#include "steps.h"

#define XBUF_SLOT  4
#define XBUF_BASE  0x180000000ULL
#define XBUF_PAGES 8
#define SLOT	   5
#define BASE	   0x190000000ULL
#define OTHER	   0x1a0000000ULL
#define ALIAS_SLOT 6
#define ALIAS	   0x1b0000000ULL
#define SIZE	   (32 * PAGE_SIZE)
#define ROUNDS	   2000

static struct export steps_e, sub_e;
static struct steps_shared *steps;
static struct sub_shared *shared;
static struct att att, sub_att;

static volatile u64 *at(u64 gpa)
{
	return (volatile u64 *)gpa;
}

static u64 in_sub(unsigned int page)
{
	return ELISA_SUB_XBUF + page * PAGE_SIZE;
}

static bool add_xbuf(void)
{
	return !memslot(XBUF_SLOT, XBUF_BASE, XBUF_PAGES * PAGE_SIZE, 0, ~0ULL);
}

static bool set_up(int cpl)
{
	steps = steps_export(&steps_e, "steps");
	shared = sub_export(&sub_e, "slots");
	if (!steps || !shared || !check(add_xbuf(), "memory for a buffer"))
		return false;
	attach(&att, "steps", cpl, NULL, 0);
	attach(&sub_att, "slots", cpl, (void *)XBUF_BASE, XBUF_PAGES);
	return check(!att.err && !sub_att.err, "attach: %lld %lld", att.err,
		     sub_att.err);
}

/* One change after the other; each says whether all is as it must be. */

static bool add(void)
{
	if (memslot(SLOT, BASE, SIZE, 0, ~0ULL))
		return false;
	*at(BASE) = 1;
	*at(BASE + SIZE - 8) = 2;
	return *at(BASE) == 1 && *at(BASE + SIZE - 8) == 2;
}

static bool log_on(void)
{
	return !memslot(SLOT, BASE, SIZE, KVM_MEM_LOG_DIRTY_PAGES, BASE) &&
	       ++*at(BASE) == 2 && dirty_log(SLOT, false) & 1;
}

static bool log_off(void)
{
	return !memslot(SLOT, BASE, SIZE, 0, BASE) && *at(BASE) == 2;
}

static bool move(void)
{
	return !memslot(SLOT, OTHER, SIZE, 0, BASE) && *at(OTHER) == 2 &&
	       !*at(BASE);
}

static bool alias_read_only(void)
{
	if (memslot(ALIAS_SLOT, ALIAS, SIZE, KVM_MEM_READONLY, OTHER))
		return false;
	*at(ALIAS) = 3; /* the VMM does nothing with it */
	return *at(ALIAS) == 2 && *at(OTHER) == 2;
}

static bool alias_gone(void)
{
	return !memslot(ALIAS_SLOT, ALIAS, 0, 0, 0) && !*at(ALIAS);
}

static bool move_back(void)
{
	return !memslot(SLOT, BASE, SIZE, 0, OTHER) && *at(BASE) == 2;
}

static bool gone(void)
{
	return !memslot(SLOT, BASE, 0, 0, 0) && !*at(BASE);
}

static const struct change {
	const char *name;
	bool (*do_it)(void);
} changes[] = {
	{ "added", add },
	{ "logged", log_on },
	{ "not logged", log_off },
	{ "moved", move },
	{ "shown read-only elsewhere", alias_read_only },
	{ "no more", alias_gone },
	{ "moved back", move_back },
	{ "deleted", gone },
};

/* --- while another vCPU calls, all kinds of calls */

static volatile bool stop;
static u64 calls, bad_calls, suspended;

static void call_all(u64 unused)
{
	struct result res;

	(void)unused;
	storm_start(1000000, 2000000);
	while (!stop) {
		struct steps_call call = { &att, calls % STEPS_IDS, 20,
					   ROUNDS };
		struct regs in = steps_regs(&call);

		steps->count[call.id] = 0;
		res = elisa_call_regs(&att, &in);
		suspended += res.aex;
		bad_calls += !steps_good(steps, &call, &res.last);
		res = elisa_call(&sub_att, SUB_WRITE,
				 ARGS(in_sub(calls % XBUF_PAGES), calls));
		bad_calls += res.status ||
			     *at(XBUF_BASE + calls % XBUF_PAGES * PAGE_SIZE) !=
				     calls;
		calls++;
	}
	storm_stop();
}

/* --- between AEX and RESUME */

static unsigned int next_change;
static bool change_good;

static void change_now(const struct att *a, u64 handle, struct outcome *out)
{
	storm_stop();
	if (next_change < ARRAY_SIZE(changes)) {
		change_good = changes[next_change].do_it();
		next_change = ARRAY_SIZE(changes);
	}
	resume(handle, NULL, a->cpl, out);
}

static void between(unsigned int n)
{
	struct steps_call call = { &att, n, 400, ROUNDS };
	struct regs in = steps_regs(&call);
	struct result res;

	steps->count[n] = 0;
	next_change = n;
	change_good = false;
	aep_hook = change_now;
	storm_start(1000000, 2000000);
	res = elisa_call_regs(&att, &in);
	storm_stop();
	aep_hook = NULL;
	check(change_good && steps_good(steps, &call, &res.last),
	      "slots: %s between AEX and RESUME: %lld", changes[n].name,
	      res.status);
}

static void run_slots(void)
{
	unsigned int rounds = arg("n", 12), i, n, wrong = 0;

	if (!check(n_cpus > 1, "two vCPUs") || !set_up(3))
		return;
	for (n = 0; n < ARRAY_SIZE(changes); n++)
		between(n);

	cpu_start(1, call_all, 0);
	while (!calls)
		vmm_sleep(1000);
	for (i = 0; i < rounds; i++)
		for (n = 0; n < ARRAY_SIZE(changes); n++)
			wrong += !expect(changes[n].do_it(), "%s",
					 changes[n].name);
	stop = true;
	cpu_wait(1);
	check_eq(wrong, 0, "slots: %lu changes beside calls",
		 rounds * ARRAY_SIZE(changes));
	check_eq(bad_calls, 0, "slots: %llu calls, suspended %llu times", calls,
		 suspended);
	check(calls >= 2 && suspended, "slots: they met");
}

ATTACK("slots", run_slots);

/* --- the slot of the exchange buffer, and that of the window */

static void run_buffer(void)
{
	struct window *w;
	struct outcome out;
	struct result res;
	struct regs in = { .r11 = SUB_NOP, .rsp = 0x1230 };

	if (!set_up(3))
		return;
	*at(XBUF_BASE + PAGE_SIZE) = 0x1111;
	res = elisa_call(&sub_att, SUB_READ, ARGS(in_sub(1)));
	check(!res.status && res.value == 0x1111,
	      "slots: sub reads its buffer");

	check(!memslot(XBUF_SLOT, XBUF_BASE, 0, 0, 0), "its slot is deleted");
	check(!*at(XBUF_BASE + PAGE_SIZE), "slots: the guest has it no more");
	res = elisa_call(&sub_att, SUB_READ, ARGS(in_sub(1)));
	check(!res.status && res.value == 0x1111,
	      "slots: a pin keeps it for sub");
	check(add_xbuf(), "other memory in its place");
	*at(XBUF_BASE + PAGE_SIZE) = 0x2222;
	res = elisa_call(&sub_att, SUB_WRITE, ARGS(in_sub(1), 0x3333));
	check(!res.status && *at(XBUF_BASE + PAGE_SIZE) == 0x2222,
	      "slots: two memories now");
	res = elisa_call(&sub_att, SUB_READ, ARGS(in_sub(1)));
	check(!res.status && res.value == 0x3333, "slots: sub has the old one");
	check(!detach(&sub_att), "DETACH");
	attach(&sub_att, "slots", 3, (void *)XBUF_BASE, XBUF_PAGES);
	res = elisa_call(&sub_att, SUB_READ, ARGS(in_sub(1)));
	check(!sub_att.err && !res.status && res.value == 0x2222,
	      "slots: attached again, they are one");

	/* W+2 in a slot that is gone when the call comes back. */
	check(add(), "a slot for a stub");
	w = window_at(sub_att.window);
	memcpy((void *)BASE, w->page[2], PAGE_SIZE);
	map(sub_att.window + ELISA_W_RETURN, BASE, PTE_RWU);
	enter(sub_att.window, 0, &in, 3, &out);
	check(out.how == HOW_RETURN && !out.trap.regs.rax,
	      "slots: a return stub in a slot of its own: %s",
	      how_name[out.how]);
	check(gone(), "it is deleted");
	enter(sub_att.window, 0, &in, 3, &out);
	/* KVM cannot emulate what it cannot read, at CPL 3: #UD. */
	check(out.how == HOW_TRAP && out.trap.regs.vector == 6 &&
		      out.trap.regs.rip == sub_att.window + ELISA_W_RETURN,
	      "slots: no memory at the return stub: #%llu at %llx",
	      out.trap.regs.vector, out.trap.regs.rip);
	map(sub_att.window + ELISA_W_RETURN, (u64)w->page[2], PTE_RWU);
	check(!elisa_call(&sub_att, SUB_NOP, ARGS(0)).status,
	      "slots: and calls go on");
}

ATTACK("slots-buffer", run_buffer);

/* --- ATTACH against the deletion of its buffer's slot */

static u64 attached, refused, odd;

static void attach_all(u64 unused)
{
	struct result res;
	struct att a;

	(void)unused;
	while (!stop) {
		attach(&a, "slots", 3, (void *)XBUF_BASE, XBUF_PAGES);
		if (a.err) {
			refused++;
			odd += a.err != -EFAULT;
			continue;
		}
		attached++;
		res = elisa_call(&a, SUB_WRITE, ARGS(in_sub(7), attached));
		odd += !!res.status;
		res = elisa_call(&a, SUB_READ, ARGS(in_sub(7)));
		odd += res.status || res.value != attached;
		odd += !!detach(&a);
	}
}

static void run_attach(void)
{
	unsigned int rounds = arg("n", 60), i, wrong = 0;

	if (!check(n_cpus > 1, "two vCPUs") || !set_up(3))
		return;
	check(!detach(&sub_att), "DETACH");
	cpu_start(1, attach_all, 0);
	for (i = 0; i < rounds || !attached || !refused; i++) {
		wrong += !!memslot(XBUF_SLOT, XBUF_BASE, 0, 0, 0);
		vmm_sleep(random() % 4000);
		wrong += !add_xbuf();
		vmm_sleep(random() % 4000);
		if (i > 10 * rounds)
			break;
	}
	stop = true;
	cpu_wait(1);
	check_eq(wrong, 0, "slots: %u times deleted and added", i);
	check_eq(odd, 0, "slots: %llu ATTACHs, %llu refused, as they should",
		 attached + refused, refused);
	check(attached && refused, "slots: both happened");
	check(!detach(&att), "DETACH");
	meet(1);
}

ATTACK("slots-attach", run_attach);
