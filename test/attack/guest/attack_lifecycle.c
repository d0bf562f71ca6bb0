// SPDX-License-Identifier: GPL-2.0-only
/*
 * Lifecycle, seen from the guest: more windows than instances, calls that are
 * never resumed, exports that go away under calls that do not end.
 */
#include "steps.h"

#define X2APIC_LVT_TIMER 0x832
#define LVT_MASKED	 0x10000

/* --- all windows share a pool that is much smaller */

static struct att windows[ELISA_WINDOWS];
static struct steps_shared *steps;
static struct steps_call pool_call[64];
static u64 pool_handle[64];
static unsigned int n_windows, next_step_id;

static struct steps_call next_call(unsigned int window, u64 n, u64 rounds)
{
	struct steps_call call = { &windows[window], next_step_id++ % STEPS_IDS,
				   n, rounds };

	steps->count[call.id] = 0;
	return call;
}

static s64 call_window(unsigned int i)
{
	struct steps_call call = next_call(i, 5, 1);
	const struct regs in = steps_regs(&call);
	struct result res = elisa_call_regs(&windows[i], &in);

	if (res.status)
		return res.status;
	return steps_good(steps, &call, &res.last) ? 0 : -1;
}

/* Each window once, in some order; how many calls were as they should be. */
static unsigned int call_all(unsigned int stride)
{
	unsigned int i, good = 0;

	for (i = 0; i < n_windows; i++) {
		s64 status = call_window(i * stride % n_windows);

		expect(!status, "window %u: %lld", i * stride % n_windows,
		       status);
		good += !status;
	}
	return good;
}

static void other_vcpu(u64 rounds)
{
	while (rounds--)
		call_all(29);
}

static void run_windows(void)
{
	unsigned int i, good = 0, limit = arg("limit", 8);
	unsigned int rounds = arg("rounds", 3);
	struct outcome out;
	struct export e;
	u64 begin, took;

	n_windows = ELISA_WINDOWS;
	steps = steps_export(&e, "windows");
	if (!steps)
		return;
	for (i = 0; i < n_windows; i++) {
		attach(&windows[i], "windows", i & 1 ? 3 : 0, NULL, 0);
		good += !windows[i].err;
	}
	if (!check_eq(good, n_windows, "attachments"))
		return;
	for (i = 0, good = 0; i < rounds; i++)
		good += call_all(1 + 2 * i);
	check_eq(good, rounds * n_windows,
		 "calls through %u windows in turn, with %u instances",
		 n_windows, limit);
	if (n_cpus > 1) {
		cpu_start(1, other_vcpu, rounds);
		for (i = 0, good = 0; i < rounds; i++)
			good += call_all(1 + 2 * i);
		cpu_wait(1);
		check_eq(good, rounds * n_windows,
			 "the same beside another vCPU");
	}
	meet(1);

	/* One instance is left: it is enough for all. */
	for (i = 0, good = 0; i < limit - 1; i++) {
		pool_call[i] = next_call(i, 1000, 100000);
		pool_handle[i] = steps_suspend(&pool_call[i], &out);
		good += !!pool_handle[i];
	}
	check_eq(good, limit - 1, "calls are suspended");
	check_eq(call_all(1), n_windows, "all windows share the last instance");
	check_eq(call_all(3), n_windows, "and again");

	/* None is left, until one has been suspended for too long. */
	pool_call[i] = next_call(i, 1000, 100000);
	pool_handle[i] = steps_suspend(&pool_call[i], &out);
	check(!!pool_handle[i], "the last one is suspended");
	check_eq(call_window(n_windows - 1), -EBUSY, "then others get -EBUSY");
	check_eq(call_window(0), -EBUSY, "in a window that has one, too");
	begin = rdtsc();
	do {
		vmm_sleep(100000);
		took = (rdtsc() - begin) / (arg("second", 100000000) / 10);
	} while (call_window(n_windows - 1) == -EBUSY && took < 200);
	check(took >= 90 && took <= 130,
	      "a call is ended for them after %llu tenths of a second", took);
	check_eq(call_window(n_windows - 2), 0, "its instance serves others");
	check_eq(resume_refused(pool_handle[0], windows[0].cpl), -ENOLINK,
		 "it was the oldest");
	for (i = 1, good = 0; i < limit; i++) {
		const struct steps_call *call = &pool_call[i];

		steps_finish(pool_handle[i], call->att->cpl, &out);
		good += steps_good(steps, call, &out);
	}
	check_eq(good, limit - 1, "the others go on to their ends");
	check_eq(steps->wrong, 0, "steps done twice or skipped");
	check_eq(call_all(5), n_windows, "calls after that");
	for (i = 0, good = 0; i < n_windows; i++)
		good += !detach(&windows[i]);
	check_eq(good, n_windows, "detached");
	meet(2);
}

ATTACK("windows", run_windows);

/*
 * --- endless calls on many vCPUs, and the host revokes.  In the first page of
 * the shared file all VMs and revoke_time agree on where they are; the others
 * are the export's shared data.
 */

struct scene {
	volatile u64 round;    /* exports that were sealed */
	volatile u64 revoked;  /* calls that ended with -ENOLINK */
	volatile u64 wrong;    /* calls that ended otherwise */
	volatile u64 detached; /* by all VMs */
	volatile u64 looked;   /* rounds that revoke_time is done with */
};

static struct scene *scene(void)
{
	return (struct scene *)ATTACK_SHARED(0);
}

/* Only the host's interrupts: the timers of 64 vCPUs keep the rig busy. */
static void no_timer(void)
{
	wrmsr(X2APIC_LVT_TIMER, LVT_MASKED);
}

BLOB(nop);
BLOB(read);
BLOB(spin);
BLOB(steps);
BLOB(write);

/* Makes the export anew when it is gone. */
static void run_remake(void)
{
	struct sub_shared *shared =
		(struct sub_shared *)(ATTACK_SHARED(0) + PAGE_SIZE);
	u64 round, rounds = arg("rounds", 20), vms = arg("vms", 1);
	unsigned int good = 0;
	struct export e;

	no_timer();
	for (round = 1; round <= rounds; round++) {
		shared->entered = 0;
		export_begin(&e, "spin");
		export_data(&e, shared, SUB_SHARED_PAGES);
		export_blob(&e, spin);
		if (!expect(!export_seal(&e), "export: %lld", e.err))
			break;
		scene()->round = round;
		while (scene()->detached < round * vms ||
		       scene()->looked < round)
			vmm_sleep(50000);
		/* The host did it. */
		good += export_destroy(&e) == -ENOENT;
	}
	check_eq(good, rounds, "exports that the host took away");
}

ATTACK("remake", run_remake);

static struct att spin_att;
static volatile u64 spin_round;
static volatile u32 spinning;

static void spin_once(void)
{
	if (elisa_call(&spin_att, 0, ARGS(0)).status == -ENOLINK)
		__atomic_add_fetch(&scene()->revoked, 1, __ATOMIC_SEQ_CST);
	else
		__atomic_add_fetch(&scene()->wrong, 1, __ATOMIC_SEQ_CST);
	__atomic_sub_fetch(&spinning, 1, __ATOMIC_SEQ_CST);
}

static void spin_each_round(u64 rounds)
{
	u64 round;

	no_timer();
	for (round = 1; round <= rounds; round++) {
		while (spin_round < round)
			vmm_sleep(50000);
		spin_once();
	}
}

static void run_spinners(void)
{
	u64 round, rounds = arg("rounds", 20);
	unsigned int i, good = 0;
	s64 late;

	no_timer();
	for (i = 1; i < n_cpus; i++)
		cpu_start(i, spin_each_round, rounds);
	for (round = 1; round <= rounds; round++) {
		while (scene()->round < round)
			vmm_sleep(50000);
		attach(&spin_att, "spin", 3, NULL, 0);
		if (!expect(!spin_att.err, "attach: %lld", spin_att.err))
			break;
		spinning = n_cpus;
		spin_round = round;
		spin_once();
		while (spinning)
			vmm_sleep(50000);
		late = elisa_call(&spin_att, 0, ARGS(0)).status;
		good += late == -ENOLINK && !detach(&spin_att);
		__atomic_add_fetch(&scene()->detached, 1, __ATOMIC_SEQ_CST);
	}
	check_eq(good, rounds, "rounds of %u vCPUs in endless calls: revoked",
		 n_cpus);
}

ATTACK("spinners", run_spinners);

/* --- calls on all vCPUs while the host does things to itself */

struct bustle {
	volatile u64 stop, calls, attaches, wrong;
};

static struct bustle *bustle(void)
{
	return (struct bustle *)(ATTACK_SHARED(0) + 0x100);
}

static void add(volatile u64 *to, u64 n)
{
	__atomic_add_fetch(to, n, __ATOMIC_SEQ_CST);
}

/* The ids of a vCPU's calls are its own. */
static void bustle_cpu(u64 cpu)
{
	unsigned int i, id = cpu * (STEPS_IDS / ATTACK_MAX_CPUS);
	struct steps_call call;
	struct att att;

	while (!bustle()->stop) {
		attach(&att, "bustle", cpu & 1 ? 0 : 3, NULL, 0);
		if (att.err) {
			add(&bustle()->wrong, 1);
			break;
		}
		add(&bustle()->attaches, 1);
		for (i = 0; i < 20; i++) {
			struct regs in;
			struct result res;

			call = (struct steps_call){ &att, id + i, 20, 400 };
			steps->count[call.id] = 0;
			in = steps_regs(&call);
			res = elisa_call_regs(&att, &in);
			add(&bustle()->wrong,
			    res.status || !steps_good(steps, &call, &res.last));
			add(&bustle()->calls, 1);
		}
		add(&bustle()->wrong, !!detach(&att));
	}
}

static void run_bustle(void)
{
	struct export e;
	unsigned int i;

	/* A host that sleeps takes its time. */
	run_limit = arg("mticks", 200) * 1000000;
	steps = steps_export(&e, "bustle");
	if (!steps)
		return;
	for (i = 1; i < n_cpus; i++)
		cpu_start(i, bustle_cpu, i);
	bustle_cpu(0);
	for (i = 1; i < n_cpus; i++)
		cpu_wait(i);
	check_eq(bustle()->wrong, 0, "wrong in %llu calls, %llu attachments",
		 bustle()->calls, bustle()->attaches);
}

ATTACK("bustle", run_bustle);

/* An endless call, which the host ends. */
static void run_held(void)
{
	struct export e;
	struct att att;

	run_limit = arg("mticks", 200) * 1000000;
	if (!sub_export(&e, "held"))
		return;
	attach(&att, "held", 3, NULL, 0);
	check_eq(att.err, 0, "held: attached");
	print("# in\n");
	check_eq(elisa_call(&att, SUB_SPIN, ARGS(0)).status, -ENOLINK,
		 "held: the call ends with -ENOLINK");
	check_eq(elisa_call(&att, SUB_NOP, ARGS(0)).status, -ENOLINK,
		 "held: and so does the next");
	meet(1);
}

ATTACK("held", run_held);

/* One of two attachments is ended by the host, and then forgotten. */
static void run_dropped(void)
{
	void *xbuf = (void *)ATTACK_HIGH;
	struct att att, other, third;
	struct sub_shared *shared;
	struct export e;

	shared = sub_export(&e, "dropped");
	if (!shared)
		return;
	attach(&att, "dropped", 3, xbuf, 3);
	attach(&other, "dropped", 3, NULL, 0);
	check(!att.err && !other.err, "two attachments");
	print("# in\n");
	check_eq(elisa_call(&att, SUB_SPIN, ARGS(0)).status, -ENOLINK,
		 "revoked: the call ends with -ENOLINK");
	check_eq(elisa_call(&att, SUB_NOP, ARGS(0)).status, -ENOLINK,
		 "and so does the next");
	check_eq(elisa_call(&other, SUB_NOP, ARGS(0)).status, 0,
		 "the other attachment goes on");
	attach(&third, "dropped", 3, NULL, 0);
	check(!third.err && third.window != att.window &&
		      third.window != other.window,
	      "the window is still its own");
	check_eq(detach(&third), 0, "detach that");
	meet(1);

	/* The host forgets it: there is no code behind its window. */
	check_eq(elisa_call(&att, SUB_NOP, ARGS(0)).status, -ENOLINK,
		 "forgotten: calls end with -ENOLINK");
	check_eq(detach(&att), -ENOENT, "there is nothing to detach");
	attach(&third, "dropped", 3, xbuf, 3);
	check_eq(third.window, att.window, "the next gets the window");
	check_eq(elisa_call(&third, SUB_NOP, ARGS(0)).status, 0, "and calls");
	meet(2);

	/* The host forgets that at once. */
	check_eq(elisa_call(&third, SUB_SPIN, ARGS(0)).status, -ENOLINK,
		 "forgotten in a call: it ends with -ENOLINK");
	check_eq(detach(&third), -ENOENT, "there is nothing to detach");
	check_eq(elisa_call(&other, SUB_NOP, ARGS(0)).status, 0,
		 "the other goes on all the time");
	check_eq(detach(&other), 0, "detach");
	check_eq(export_destroy(&e), 0, "destroy");
}

ATTACK("dropped", run_dropped);

/*
 * --- the VMM's memory: merged, collapsed, taken away under pins.  What sub
 * uses is the page that was there at ATTACH or EXPORT_DATA; the guest has the
 * same one until the VMM takes it away from the guest.
 */

#define MADV_DONTNEED  4
#define MADV_REMOVE    9
#define MADV_MERGEABLE 12
#define MADV_HUGEPAGE  14
#define MADV_PAGEOUT   21
#define MADV_COLLAPSE  25

#define HUGE	0x200000UL
#define PATTERN 0x1111222233334444ULL

/* Entry points of its export. */
enum { MEM_READ, MEM_WRITE };

static struct att mem_att;

static s64 madvise(void *at, u64 size, u64 advice)
{
	struct svc svc = { .op = SVC_MADVISE, .a = { advice, (u64)at, size } };

	return service(&svc);
}

static u64 sub_read(u64 va)
{
	struct result res = elisa_call(&mem_att, MEM_READ, ARGS(va));

	expect(!res.status, "read at %llx: %lld", va, res.status);
	return res.value;
}

static void sub_write(u64 va, u64 value)
{
	struct result res = elisa_call(&mem_att, MEM_WRITE, ARGS(va, value));

	expect(!res.status, "write at %llx: %lld", va, res.status);
}

/* Do the guest at @page and sub at @va use the same memory?  Both ways. */
static bool is_same(volatile u64 *page, u64 va)
{
	u64 one = random(), two = random();
	bool same;

	page[8] = one;
	sub_write(va + 72, two);
	same = sub_read(va + 64) == one && page[9] == two;
	page[8] = PATTERN;
	page[9] = PATTERN;
	sub_write(va + 64, PATTERN);
	sub_write(va + 72, PATTERN);
	return same;
}

static void fill(u64 *at, unsigned int n)
{
	unsigned int i;

	for (i = 0; i < n * PAGE_SIZE / 8; i++)
		at[i] = PATTERN;
}

static bool is_filled(const u64 *at, unsigned int n)
{
	unsigned int i;

	for (i = 0; i < n * PAGE_SIZE / 8; i++)
		if (at[i] != PATTERN)
			return false;
	return true;
}

/* 16 pages of one content; the second is the exchange buffer, the third data. */
#define POOL 16

static void remake(struct export *e, u64 *xbuf, void *data)
{
	s64 err;

	if (mem_att.token)
		detach(&mem_att);
	export_begin(e, "memory");
	export_data(e, data, 1);
	export_blob(e, read);
	export_blob(e, write);
	err = export_seal(e);
	expect(!err, "export: %lld", err);
	attach(&mem_att, "memory", 3, xbuf, 1);
	expect(!mem_att.err, "attach: %lld", mem_att.err);
}

static void run_memory(void)
{
	/* A huge page's range of the host's memory, of the guest's alone. */
	u64 *pool = (u64 *)((ATTACK_HIGH + HUGE) & ~(HUGE - 1));
	u64 *xbuf = pool + 512, *data = pool + 1024;
	u64 *file = (u64 *)ATTACK_SHARED(1);
	struct export e;

	/* Merged before they are pinned: pinning takes a copy of one's own. */
	fill(pool, POOL);
	check_eq(madvise(pool, POOL * PAGE_SIZE, MADV_MERGEABLE), 0,
		 "MADV_MERGEABLE");
	meet(1);
	remake(&e, xbuf, data);
	check(is_same(xbuf, ELISA_SUB_XBUF), "merged exchange buffer");
	check(is_same(data, ELISA_SUB_DATA), "merged shared data");
	check(is_filled(pool, POOL), "pages that were merged with them");

	/* Pinned: neither merged nor moved. */
	meet(2);
	check(is_same(xbuf, ELISA_SUB_XBUF), "exchange buffer and KSM");
	check(is_same(data, ELISA_SUB_DATA), "shared data and KSM");
	check(is_filled(pool, POOL), "the pages beside them");
	madvise(pool, HUGE, MADV_HUGEPAGE);
	print("# MADV_PAGEOUT %lld, MADV_COLLAPSE %lld\n",
	      madvise(pool, POOL * PAGE_SIZE, MADV_PAGEOUT),
	      madvise(pool, HUGE, MADV_COLLAPSE));
	meet(3);
	check(is_same(xbuf, ELISA_SUB_XBUF),
	      "exchange buffer, page-out, collapse, compaction");
	check(is_same(data, ELISA_SUB_DATA), "shared data, likewise");
	check(is_filled(pool, POOL), "the pages beside them");

	/* A balloon takes them from the guest.  Sub keeps what it has. */
	xbuf[0] = 1;
	data[0] = 2;
	check_eq(madvise(xbuf, 2 * PAGE_SIZE, MADV_DONTNEED), 0,
		 "MADV_DONTNEED");
	check(!xbuf[0] && !data[0], "the guest gets zeroed pages");
	check(sub_read(ELISA_SUB_XBUF) == 1 && sub_read(ELISA_SUB_DATA) == 2,
	      "sub has the old ones");
	check(!is_same(xbuf, ELISA_SUB_XBUF) && !is_same(data, ELISA_SUB_DATA),
	      "which are others from now on");
	detach(&mem_att);
	attach(&mem_att, "memory", 3, xbuf, 1);
	check(is_same(xbuf, ELISA_SUB_XBUF) && !is_same(data, ELISA_SUB_DATA),
	      "attached again: the exchange buffer is the guest's");
	check_eq(export_destroy(&e), 0, "destroy");
	fill(pool, POOL);
	remake(&e, xbuf, data);
	check(is_same(xbuf, ELISA_SUB_XBUF) && is_same(data, ELISA_SUB_DATA),
	      "exported again: so is the shared data");

	/* Memory of a file, with a hole punched into it. */
	check_eq(export_destroy(&e), 0, "destroy");
	remake(&e, file, file + 512);
	check(is_same(file, ELISA_SUB_XBUF) &&
		      is_same(file + 512, ELISA_SUB_DATA),
	      "memory of a file");
	file[0] = 3;
	file[512] = 4;
	check_eq(madvise(file, 2 * PAGE_SIZE, MADV_REMOVE), 0, "MADV_REMOVE");
	check(!file[0] && !file[512], "the guest gets zeroed pages");
	check(sub_read(ELISA_SUB_XBUF) == 3 && sub_read(ELISA_SUB_DATA) == 4,
	      "sub has the old ones");
	meet(4);
}

ATTACK("memory", run_memory);

/* --- one thing over and over, until the VMM is killed in the middle of it */

enum { PHASE_EXPORT, PHASE_ATTACH, PHASE_CALL, PHASE_SUSPEND, PHASE_ENDLESS };

static void phase_cpu(u64 phase)
{
	const struct steps_call endless = { &mem_att, 1, ~0ULL, 100 };
	void *data = (void *)ATTACK_HIGH;
	struct outcome out;
	struct export e;
	struct att att;

	for (;;) {
		switch (phase) {
		case PHASE_EXPORT:
			/* The code of all of them lies in one place. */
			export_begin(&e, "phase");
			export_data(&e, data, 256);
			export_blob(&e, nop);
			export_seal(&e);
			export_destroy(&e);
			break;
		case PHASE_ATTACH:
			attach(&att, "phase", 3, data, 256);
			if (!att.err)
				detach(&att);
			break;
		case PHASE_CALL:
			elisa_call(&mem_att, SUB_HOLD, ARGS(random() % 100000));
			break;
		case PHASE_SUSPEND:
			steps_suspend(&endless, &out);
			break;
		default:
			elisa_call(&mem_att, SUB_SPIN, ARGS(0));
			break;
		}
	}
}

static void run_phase(void)
{
	u64 phase = arg("phase", PHASE_CALL);
	unsigned int i;
	struct export e;
	struct hc hc = {};

	/* Until the host has enrolled it. */
	while (hypercall(ELISA_HC_VERSION, &hc) < 0)
		vmm_sleep(10000);
	if (phase == PHASE_SUSPEND) {
		steps = steps_export(&e, "phase");
		attach(&mem_att, "phase", 3, NULL, 0);
	} else if (phase != PHASE_EXPORT) {
		sub_export(&e, "phase");
		attach(&mem_att, "phase", 3, NULL, 0);
	}
	print("# in\n");
	for (i = 1; i < n_cpus; i++)
		cpu_start(i, phase_cpu, phase);
	phase_cpu(phase);
}

ATTACK("phase", run_phase);

/* --- a VM whose VMM dies while its file lives on, and who uses its export */

static void run_orphan(void)
{
	struct steps_call endless = { &mem_att, 1, ~0ULL, 100 };
	struct outcome out;
	struct export e;

	steps = (struct steps_shared *)pages(1);
	export_begin(&e, "orphan");
	export_data(&e, steps, 1);
	export_blob(&e, steps);
	export_blob(&e, nop);
	check_eq(export_seal(&e), 0, "orphan: export");
	attach(&mem_att, "orphan", 3, (void *)ATTACK_HIGH, 1);
	check(!!steps_suspend(&endless, &out), "orphan: a suspended call");
	meet(1);
}

ATTACK("orphan", run_orphan);

static void run_guest(void)
{
	struct att att;

	attach(&att, "orphan", 3, NULL, 0);
	check_eq(att.err, 0, "guest: attach");
	check_eq(elisa_call(&att, 1, ARGS(1, 2, 3, 4, 5, 6)).status, 0,
		 "guest: call");
	check_eq(detach(&att), 0, "guest: detach");
}

ATTACK("guest", run_guest);
