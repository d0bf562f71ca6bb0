// SPDX-License-Identifier: GPL-2.0-only
/*
 * A VM that asks for all there is, and for it again.
 *
 * Hoped for: one more than the limit; something that is not counted; something
 * that is not given back; an operation that costs the others more than the VM
 * that asks.  Limits are taken before anything is allocated, each object gives
 * back what it took when its last reference goes, and what interrupts all CPUs
 * is paced.
 */
#include "steps.h"

#define VA_IMAGE 0x7001000000ULL /* the same page 512 times */
#define VA_DATA	 0x7002000000ULL

static void same_page(u64 va, u64 page, unsigned int n)
{
	unsigned int i;

	for (i = 0; i < n; i++)
		*pte(va + i * PAGE_SIZE, true) = page | PTE_RWU;
}

static s64 image(const struct export *e, u64 va, u64 first, u64 n, u64 prot)
{
	struct hc hc = { e->token, va, first, n, prot, 0 };

	return hypercall(ELISA_HC_EXPORT_IMAGE, &hc);
}

static s64 data(const struct export *e, u64 va, u64 n)
{
	struct hc hc = { e->token, va, 0, n, 0, 0 };

	return hypercall(ELISA_HC_EXPORT_DATA, &hc);
}

static s64 entry(const struct export *e, unsigned int i)
{
	const char name[4] = { 'e', 'A' + i / 16, 'a' + i % 16, 0 };
	u64 word[4];
	struct hc hc;

	name_pack(word, name);
	hc = (struct hc){ e->token, word[0], word[1], word[2], word[3], 0 };
	return hypercall(ELISA_HC_EXPORT_ENTRY, &hc);
}

static s64 seal(const struct export *e)
{
	struct hc hc = { .rdi = e->token };

	return hypercall(ELISA_HC_EXPORT_SEAL, &hc);
}

/* As export_begin(), without memory that is never freed. */
static s64 create(struct export *e, const char *name)
{
	u64 word[4];
	struct hc hc;

	name_pack(word, name);
	hc = (struct hc){ word[0], word[1], word[2], word[3], 0, 0 };
	e->err = hypercall(ELISA_HC_EXPORT_CREATE, &hc);
	e->token = hc.rdi;
	return e->err;
}

#define MANY 128

static struct export many[MANY + 1];
static struct att atts[MANY + 1];

/* The same name as often as it goes: only one of them is ever sealed. */
static void exports(unsigned int limit)
{
	unsigned int i, good = 0;
	struct export other;

	for (i = 0; i < limit; i++)
		good += !create(&many[i], "squat");
	check_eq(good, limit, "exports up to the limit");
	check_eq(create(&many[limit], "squat"), -ENOSPC, "one more");
	check_eq(create(&other, "other"), -ENOSPC, "with another name");
	check_eq(export_destroy(&many[1]), 0, "one less");
	check_eq(create(&many[1], "squat"), 0, "one more");
	check_eq(create(&other, "other"), -ENOSPC, "and no more");
	for (i = 0, good = 0; i < 2; i++) {
		good += !image(&many[i], VA_IMAGE, 0, ELISA_IMAGE_PAGES_MAX,
			       ELISA_PROT_R);
		good += image(&many[i], VA_IMAGE, ELISA_IMAGE_PAGES_MAX, 1,
			      ELISA_PROT_R) == -EINVAL;
		good += entry(&many[i], 0) == -EINVAL; /* no code there */
	}
	check_eq(good, 6, "images of the largest size");
	for (i = 2, good = 0; i < limit; i++)
		good += !image(&many[i], VA_IMAGE, 1, ELISA_IMAGE_PAGES_MAX - 1,
			       ELISA_PROT_R) &&
			!image(&many[i], VA_IMAGE, 0, 1, ELISA_PROT_X);
	check_eq(good, limit - 2, "in as many exports as there may be");
	for (i = 0, good = 0; i < ELISA_ENTRIES_MAX; i++)
		good += entry(&many[2], i) == i;
	check_eq(good, ELISA_ENTRIES_MAX, "entries up to the limit");
	check_eq(entry(&many[2], i), -ENOSPC, "one more");
	entry(&many[3], 0);
	check_eq(seal(&many[2]), 0, "the first of the name is sealed");
	check_eq(seal(&many[3]), -EEXIST, "the second is not");
	export_destroy(&many[0]);
	check_eq(create(&many[0], "squat"), -EEXIST, "the name is taken");
	check_eq(create(&many[0], "other"), 0, "another is not");
	for (i = 0, good = 0; i < limit; i++)
		good += !export_destroy(&many[i]);
	check_eq(good, limit, "all destroyed");
}

static void attachments(unsigned int limit)
{
	unsigned int i, good = 0;

	for (i = 0; i < limit; i++) {
		attach(&atts[i], "limits", i & 1 ? 3 : 0, NULL, 0);
		good += !atts[i].err;
	}
	check_eq(good, limit, "attachments up to the limit");
	attach(&atts[limit], "limits", 3, NULL, 0);
	check_eq(atts[limit].err, -ENOSPC, "one more");
	check_eq(detach(&atts[2]), 0, "one less");
	attach(&atts[2], "limits", 3, NULL, 0);
	check_eq(atts[2].err, 0, "one more");
	attach(&atts[limit], "limits", 3, NULL, 0);
	check_eq(atts[limit].err, -ENOSPC, "and no more");
	for (i = 0, good = 0; i < limit; i++)
		good += !detach(&atts[i]);
	check_eq(good, limit, "all detached");
}

/* @limit pages may be pinned besides the one of the export. */
static void pins(unsigned int limit, unsigned int rounds)
{
	void *xbuf = (void *)VA_DATA;
	unsigned int i, wrong = 0;
	struct export e;
	struct att att;

	for (i = 0; i < rounds; i++) {
		create(&e, "pins");
		wrong += data(&e, VA_DATA, ELISA_DATA_PAGES_MAX + 1) != -EINVAL;
		wrong += data(&e, VA_DATA, ELISA_DATA_PAGES_MAX) != -ENOSPC;
		wrong += data(&e, VA_DATA, limit + 1) != -ENOSPC;
		/* The last page is not mapped: all that were pinned go back. */
		wrong += data(&e, VA_DATA + (1024 - limit + 1) * PAGE_SIZE,
			      limit) != -EFAULT;
		wrong += !!data(&e, VA_DATA, limit - 1);
		wrong += data(&e, VA_DATA, 2) != -ENOSPC;
		wrong += !!data(&e, VA_DATA, 1);
		wrong += data(&e, VA_DATA, 1) != -ENOSPC;
		attach(&att, "limits", 3, xbuf, 1);
		wrong += att.err != -ENOSPC;
		wrong += !!export_destroy(&e);
	}
	check_eq(wrong, 0, "%u pinned pages of %u in shared data, %u times",
		 limit, limit, rounds);
	for (i = 0, wrong = 0; i < rounds; i++) {
		attach(&att, "limits", 3, xbuf, ELISA_XBUF_PAGES_MAX + 1);
		wrong += att.err != -EINVAL;
		attach(&atts[0], "limits", 3, xbuf, ELISA_XBUF_PAGES_MAX);
		wrong += !!atts[0].err;
		attach(&att, "limits", 3, xbuf,
		       limit - ELISA_XBUF_PAGES_MAX + 1);
		wrong += att.err != -ENOSPC;
		attach(&att, "limits", 3, xbuf, limit - ELISA_XBUF_PAGES_MAX);
		wrong += !!att.err;
		wrong += detach(&att) || detach(&atts[0]);
	}
	check_eq(wrong, 0, "the largest exchange buffers, %u times", rounds);
}

static void limits(void)
{
	struct export e;

	if (!steps_export(&e, "limits"))
		return;
	same_page(VA_IMAGE, (u64)pages(1), 512);
	same_page(VA_DATA, (u64)pages(1), 1024);
	exports(arg("exports", 5) - 1); /* besides "limits" */
	attachments(arg("attachments", 6));
	pins(arg("pinned", 600) - 1, arg("rounds", 3));
	check_eq(export_destroy(&e), 0, "destroy");
	meet(1);
}

ATTACK("limits", limits);

/* --- a VMM that may lock @may pages, without CAP_IPC_LOCK */

static void memlock(void)
{
	unsigned int i, may = arg("may", 16), wrong = 0;
	struct export e;

	same_page(VA_DATA, (u64)pages(1), 1024);
	for (i = 0; i < 5; i++) {
		create(&e, "memlock");
		wrong += data(&e, VA_DATA, may + 1) != -12;
		wrong += !!data(&e, VA_DATA, may - 1);
		wrong += !!data(&e, VA_DATA, 1);
		wrong += data(&e, VA_DATA, 1) != -12;
		wrong += !!export_destroy(&e);
	}
	check_eq(wrong, 0, "RLIMIT_MEMLOCK of %u pages holds, 5 times", may);
}

ATTACK("memlock", memlock);

/*
 * --- DETACH interrupts all CPUs, and a bad token costs the guest least: a
 * thousand a second, 20 in 20 ms, and a turn may begin with what an earlier one
 * had left.
 */
static void pace(void)
{
	u64 ms = arg("second", 100000000) / 1000, n, begin = rdtsc(), took;
	struct export e = {};
	struct att att = {};

	for (n = 0; n < 300; n++)
		expect(detach(&att) == -ENOENT && export_destroy(&e) == -ENOENT,
		       "no such token");
	took = (rdtsc() - begin) / ms;
	check(2 * n <= took + 60, "%llu DETACH and EXPORT_DESTROY take %llu ms",
	      2 * n, took);
}

ATTACK("pace", pace);

/*
 * --- floods, one after the other, while a bystander in a VM of its own counts the
 * calls that it gets done in each.
 */

enum phase {
	PHASE_WAIT,
	PHASE_QUIET,
	PHASE_DETACH,
	PHASE_FAULT,
	PHASE_DENIED,
	PHASE_LOG,
	PHASE_END,
	PHASES,
};

static const char *const phase_name[PHASES] = {
	[PHASE_QUIET] = "quiet",  [PHASE_DETACH] = "attach and detach",
	[PHASE_FAULT] = "faults", [PHASE_DENIED] = "denied attaches",
	[PHASE_LOG] = "messages",
};

struct scene {
	volatile u64 phase, ready;
};

static struct scene *scene(void)
{
	return (struct scene *)(ATTACK_SHARED(0) + 0x100);
}

static u64 phase_ticks;

static u64 enter_phase(enum phase phase)
{
	scene()->phase = phase;
	return rdtsc() + phase_ticks;
}

static void flood(void)
{
	u64 n, until, wrong = 0;
	struct export e;
	struct att att;

	phase_ticks = arg("mticks", 100) * 1000000;
	sub_export(&e, "flood");
	attach(&atts[0], "flood", 3, NULL, 0);
	if (!check(!e.err && !atts[0].err, "flood: attached"))
		return;
	while (!scene()->ready)
		vmm_sleep(10000);

	until = enter_phase(PHASE_QUIET);
	while (rdtsc() < until)
		vmm_sleep(10000);

	until = enter_phase(PHASE_DETACH);
	for (n = 0; rdtsc() < until; n++) {
		attach(&att, "flood", 3, NULL, 0);
		wrong += att.err || detach(&att);
	}
	check(!wrong && n > 50, "%llu attaches and detaches, %llu wrong", n,
	      wrong);

	until = enter_phase(PHASE_FAULT);
	for (n = 0; rdtsc() < until; n++)
		wrong += elisa_call(&atts[0], SUB_UD2, ARGS(0)).status !=
			 -EFAULT;
	check(!wrong && n > 200, "%llu faults", n);

	until = enter_phase(PHASE_DENIED);
	for (n = 0; rdtsc() < until; n++) {
		attach(&att, "denied", 3, NULL, 0);
		wrong += att.err != -EACCES;
	}
	check(!wrong && n > 200, "%llu attaches that are denied", n);

	until = enter_phase(PHASE_LOG);
	for (n = 0; rdtsc() < until; n++) {
		__asm__ volatile("cli");
		attach(&att, "flood", 0, NULL, 0);
		__asm__ volatile("sti");
		wrong += att.err != -EOPNOTSUPP;
	}
	check(!wrong && n > 200,
	      "%llu attaches that are refused with a message", n);
	enter_phase(PHASE_END);
	meet(1);
}

ATTACK("flood", flood);

static void bystander(void)
{
	u64 calls[PHASES] = {}, ticks[PHASES] = {}, wrong = 0, rate[PHASES];
	u64 phase, last = PHASE_WAIT, since = rdtsc();
	struct export e;
	struct att att;

	sub_export(&e, "bystander");
	attach(&att, "bystander", 3, NULL, 0);
	if (!check(!e.err && !att.err, "bystander: attached"))
		return;
	scene()->ready = 1;
	do {
		const u64 args[6] = { random(), random(), 3, 4, 5, random() };
		struct result res = elisa_call(&att, SUB_NOP, args);
		u64 now = rdtsc();

		wrong += res.status || res.value != sub_nop_value(args);
		phase = scene()->phase;
		ticks[last] += now - since;
		calls[last]++;
		since = now;
		last = phase;
	} while (phase < PHASE_END);
	check_eq(wrong, 0,
		 "bystander: wrong calls in %llu, while another VM floods",
		 calls[PHASE_QUIET] + calls[PHASE_DETACH] + calls[PHASE_FAULT] +
			 calls[PHASE_DENIED] + calls[PHASE_LOG]);
	for (phase = PHASE_QUIET; phase < PHASE_END; phase++) {
		rate[phase] = calls[phase] * 1000000 / (ticks[phase] ?: 1);
		/*
		 * On one CPU a busy VM takes half from another, and the monitor
		 * of events has a share.
		 */
		check(rate[phase] * 4 >= rate[PHASE_QUIET],
		      "bystander, %s: %llu calls per million ticks, %llu %%",
		      phase_name[phase], rate[phase],
		      rate[phase] * 100 / (rate[PHASE_QUIET] ?: 1));
	}
}

ATTACK("bystander", bystander);
