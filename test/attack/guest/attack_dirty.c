// SPDX-License-Identifier: GPL-2.0-only
/*
 * KVM's dirty log while ELISA is in use: a VMM that migrates this guest gets
 * what the guest has written, and what exported code wrote for it.
 *
 *	dirty-owner	exports "dirty" until meet(1) is passed
 *	dirty		each kind of write, and exactly what the log says
 *	dirty-copy	a migration beside calls: what was copied is right
 *	dirty-forced	calls that DETACH ends between two exits of a fast path
 *	dirty-pml	pages that the CPU has logged when an exit is swallowed
 *	dirty-attach	the buffer's slot changes while ATTACH runs
 *
 * Arguments: ring=1 with --dirty-ring, manual=1 for KVM_CLEAR_DIRTY_LOG,
 * manual=3 if all pages count as written at first (INITIALLY_SET).
 */
#include <linux/kvm.h>

#include "steps.h"

#define SLOT	   4
#define BASE	   0x180000000ULL
#define PAGES	   32
#define XBUF	   8 /* first page of the exchange buffer */
#define XBUF_PAGES 8
#define XBUF_BITS  0xff00ULL
#define ELSEWHERE  5 /* another slot with the same memory */

#define CAP_MANUAL 168 /* KVM_CAP_MANUAL_DIRTY_LOG_PROTECT2 */

static struct att att;
static bool clear;
static u64 buffer_bits; /* what a call leaves in the log */

static volatile u64 *page(unsigned int n)
{
	return (volatile u64 *)(BASE + n * PAGE_SIZE);
}

static u64 in_sub(unsigned int xbuf_page)
{
	return ELISA_SUB_XBUF + xbuf_page * PAGE_SIZE;
}

static u64 take(void)
{
	return dirty_log(SLOT, clear);
}

static void is_logged(u64 expected, const char *what)
{
	check_eq(take(), expected, "dirty: %s", what);
}

static bool set_up(bool attached)
{
	struct kvm_enable_cap *cap = pages(1);
	unsigned int i;

	clear = arg("manual", 0);
	buffer_bits = arg("ring", 0) ? 0 : XBUF_BITS;
	cap->cap = CAP_MANUAL;
	cap->args[0] = arg("manual", 0); /* KVM_DIRTY_LOG_* */
	if (clear && !check(!vm_ioctl(KVM_ENABLE_CAP, cap), "manual protect"))
		return false;
	if (!check(!memslot(SLOT, BASE, PAGES * PAGE_SIZE,
			    KVM_MEM_LOG_DIRTY_PAGES, ~0ULL),
		   "a slot that logs"))
		return false;
	if (arg("manual", 0) == 3)
		is_logged((1ULL << PAGES) - 1, "all pages, by INITIALLY_SET");
	for (i = 0; i < PAGES; i++)
		*page(i) = 0;
	check_eq(take(), (1ULL << PAGES) - 1, "dirty: all pages, written once");
	if (!attached)
		return true;
	attach(&att, "dirty", 3, (void *)page(XBUF), XBUF_PAGES);
	return check(!att.err, "attach: %lld", att.err);
}

static bool sub_writes(unsigned int xbuf_page, u64 value)
{
	struct result res =
		elisa_call(&att, SUB_WRITE, ARGS(in_sub(xbuf_page), value));

	return !res.status && *page(XBUF + xbuf_page) == value;
}

/* Between AEX and RESUME. */
static unsigned int suspensions;

static void suspended(const struct att *a, u64 handle, struct outcome *out)
{
	if (!suspensions++) {
		storm_stop();
		is_logged(buffer_bits, "a call that was suspended");
		is_logged(0, "no more while it is");
		*page(3) = 1;
		is_logged(1 << 3, "the guest's write while it is");
		meet(2);
		/* Its gate is closed: exits until RESUME log nothing. */
		storm_start(1000000, 2000000);
	} else if (suspensions == 2) {
		storm_stop();
		is_logged(buffer_bits, "resumed, and suspended again");
	}
	resume(handle, NULL, a->cpl, out);
}

static void run_owner(void)
{
	struct export e;

	if (!sub_export(&e, "dirty"))
		return;
	meet(1);
	check(!export_destroy(&e), "the export of dirty pages ends");
}

ATTACK("dirty-owner", run_owner);

static void run_dirty(void)
{
	struct result res;

	if (!set_up(true))
		return;
	is_logged(0, "nothing by ATTACH");
	*page(20) = 1;
	is_logged(1 << 20, "a page that the guest wrote");
	check(sub_writes(2, 0x1234), "a call writes to the buffer");
	is_logged(buffer_bits, "the buffer, after the call");
	is_logged(buffer_bits, "and as long as its gate is open");
	*page(21) = 1;
	is_logged(buffer_bits | 1 << 21, "and a page of the guest's");
	check(sub_writes(7, 0x4321), "another call");
	is_logged(buffer_bits, "its buffer again");
	meet(1);

	aep_hook = suspended;
	storm_start(1000000, 2000000);
	res = elisa_call(&att, SUB_HOLD, ARGS(2000000));
	storm_stop();
	aep_hook = NULL;
	check(suspensions > 1 && !res.status, "a suspended call goes on: %lld",
	      res.status);
	is_logged(buffer_bits, "the buffer, after it was resumed");

	check(!detach(&att), "DETACH");
	take();
	is_logged(0, "nothing after DETACH");
	attach(&att, "dirty", 3, (void *)page(XBUF), XBUF_PAGES);
	check(!att.err && sub_writes(1, 77), "attached again");
	is_logged(buffer_bits, "its buffer");

	/* The slot goes: sub has the old memory, the guest none, then new. */
	check(!memslot(SLOT, BASE, 0, 0, 0), "the slot is deleted");
	res = elisa_call(&att, SUB_READ, ARGS(in_sub(1)));
	check(!res.status && res.value == 77, "sub has its memory: %llx",
	      res.value);
	check(!memslot(SLOT, BASE, PAGES * PAGE_SIZE, KVM_MEM_LOG_DIRTY_PAGES,
		       ~0ULL),
	      "another slot in its place");
	check(!*page(XBUF + 1), "in which the guest finds nothing");
	take();
	res = elisa_call(&att, SUB_WRITE, ARGS(in_sub(1), 78));
	check(!res.status && !*page(XBUF + 1), "nor what sub writes");
	is_logged(0, "nothing of a buffer that is not there");
	meet(3);
	check(!detach(&att), "DETACH");
	meet(4);
}

ATTACK("dirty", run_dirty);

/* --- a migration */

#define WRITES 150

static volatile bool stop;
static volatile u64 writes;
static u64 bad_writes;

static void write_all(u64 unused)
{
	u64 value = 0x1000;

	(void)unused;
	while (!stop) {
		/* In sub, and by the guest elsewhere. */
		bad_writes += !sub_writes(random() % XBUF_PAGES, value++);
		*page(16 + random() % 8) = value++;
		*page(XBUF + random() % XBUF_PAGES) = value++;
		writes++;
	}
}

/* What a VMM does: copy what the log says, over and over, then stop it. */
static void copy(u64 (*to)[PAGE_SIZE / 8], u64 log, u64 *copied)
{
	unsigned int i;

	for (i = 0; i < PAGES; i++)
		if (log >> i & 1) {
			memcpy(to[i], (void *)page(i), PAGE_SIZE);
			++*copied;
		}
}

static void run_copy(void)
{
	u64(*to)[PAGE_SIZE / 8] = (void *)pages(PAGES);
	unsigned int i, wrong = 0, rounds = 0;
	u64 copied = 0;

	if (!check(n_cpus > 1, "two vCPUs") || !set_up(true))
		return;
	cpu_start(1, write_all, 0);
	while (writes < WRITES) {
		copy(to, take(), &copied);
		rounds++;
	}
	stop = true;
	cpu_wait(1);
	/* Out of the guest: the last look at the log. */
	while (vcpu_ioctl(1, KVM_GET_REGS, pages(1)))
		;
	copy(to, take(), &copied);
	for (i = 0; i < PAGES; i++)
		wrong += !!memcmp(to[i], (void *)page(i), PAGE_SIZE);
	check(!bad_writes, "dirty: %llu calls write their buffer", writes);
	check_eq(wrong, 0, "dirty: pages are copied as they are, in %u rounds",
		 rounds);
	check(copied > PAGES, "dirty: %llu copies", copied);
	check(!detach(&att), "DETACH");
}

ATTACK("dirty-copy", run_copy);

/* --- forced out of sub at a VM entry, without the exit hook */

BLOB(forced);

static s64 forced_status;
static volatile bool detached;

/* What kicks the vCPU makes more than a fast path of its WRMSR: a fault. */
static void be_forced(u64 unused)
{
	(void)unused;
	do {
		forced_status = elisa_call(&att, 0, ARGS(0)).status;
	} while (forced_status == -EFAULT && !detached);
}

static void run_forced(void)
{
	unsigned int n = arg("n", 60), i, missing = 0, ended = 0;
	unsigned int written = 0, looks, spin;
	volatile u64 *flag = (u64 *)pages(1);
	struct export e;
	u64 value, log;

	if (!check(n_cpus > 1, "two vCPUs") || !set_up(false))
		return;
	export_begin(&e, "forced");
	export_data(&e, (void *)flag, 1);
	export_blob(&e, forced);
	if (!check(!export_seal(&e), "export: %lld", e.err))
		return;
	for (i = 0; i < n; i++) {
		attach(&att, "forced", 0, (void *)page(XBUF), XBUF_PAGES);
		if (!expect(!att.err, "attach: %lld", att.err))
			return;
		*flag = 0;
		*page(XBUF) = 0;
		detached = false;
		cpu_start(1, be_forced, 0);
		while (!*flag)
			vmm_sleep(200);
		/* A look that finds something kicks it, after the look. */
		for (looks = 0; take() & XBUF_BITS && looks < 20; looks++)
			;
		value = *page(XBUF);
		for (spin = 2000 + 100 * i; spin; spin--)
			pause();
		expect(!detach(&att), "DETACH");
		detached = true;
		cpu_wait(1);
		log = take();
		ended += forced_status == -ENOLINK;
		written += *page(XBUF) != value;
		missing += *page(XBUF) != value &&
			   (log & XBUF_BITS) != XBUF_BITS;
	}
	check(written, "dirty: %u calls wrote behind the look", written);
	check_eq(missing, 0, "dirty: %u calls that were forced to end", n);
	check(ended, "dirty: %u of them by DETACH", ended);
}

ATTACK("dirty-forced", run_forced);

/* --- ATTACH against changes of its buffer's slot */

static volatile u64 round, changed, change_errors;

static void change_all(u64 unused)
{
	u64 kind, seen = 0;

	(void)unused;
	while (!stop) {
		while (round == seen && !stop)
			vmm_sleep(100);
		seen = round;
		vmm_sleep(random() % 1500);
		kind = random() % 4;
		if (kind < 2) {
			/* Other memory in its place. */
			change_errors += !!memslot(SLOT, BASE, 0, 0, 0);
			change_errors +=
				!!memslot(SLOT, BASE, PAGES * PAGE_SIZE,
					  KVM_MEM_LOG_DIRTY_PAGES, ~0ULL);
		} else if (kind == 2) {
			/* The same memory, but the log ends and begins. */
			change_errors += !!memslot(SLOT, BASE,
						   PAGES * PAGE_SIZE, 0, BASE);
			change_errors +=
				!!memslot(SLOT, BASE, PAGES * PAGE_SIZE,
					  KVM_MEM_LOG_DIRTY_PAGES, BASE);
		} else {
			/* Moved away and back. */
			change_errors += !!memslot(SLOT, BASE + 0x10000000,
						   PAGES * PAGE_SIZE,
						   KVM_MEM_LOG_DIRTY_PAGES,
						   BASE);
			change_errors += !!memslot(SLOT, BASE,
						   PAGES * PAGE_SIZE,
						   KVM_MEM_LOG_DIRTY_PAGES,
						   BASE + 0x10000000);
		}
		changed = seen;
	}
}

static void run_attach(void)
{
	unsigned int n = arg("n", 60), i, same = 0, split = 0, refused = 0;
	unsigned int odd = 0;
	struct result res;
	u64 log;

	if (!check(n_cpus > 1, "two vCPUs") || !set_up(false))
		return;
	cpu_start(1, change_all, 0);
	for (i = 0; i < n; i++) {
		round++;
		vmm_sleep(random() % 1500);
		attach(&att, "dirty", 3, (void *)page(XBUF), XBUF_PAGES);
		while (changed != round)
			vmm_sleep(100);
		if (att.err) {
			refused++;
			odd += att.err != -EFAULT;
			continue;
		}
		/* Does the guest see what sub writes?  So does the log then. */
		*page(XBUF) = 0x1111;
		take();
		res = elisa_call(&att, SUB_WRITE, ARGS(in_sub(0), 0x2222));
		odd += !!res.status;
		log = take();
		if (*page(XBUF) == 0x2222) {
			same++;
			odd += log != XBUF_BITS;
		} else {
			odd += log != 0;
			if (!split++)
				meet(1);
		}
		odd += !!detach(&att);
	}
	stop = true;
	cpu_wait(1);
	check_eq(change_errors, 0, "dirty: a slot changed %u times", n);
	check_eq(odd, 0,
		 "dirty: ATTACH: %u right, %u of old memory, %u refused", same,
		 split, refused);
	check(same && split, "dirty: both happened");
	meet(2);
}

ATTACK("dirty-attach", run_attach);

/* --- PML */

#define SLOWED 60

static volatile u64 seq;

/*
 * DETACH of nothing sleeps when it comes too often: in the host, after an exit
 * that the module swallowed, with a page in the CPU's log.
 */
static void write_and_sleep(u64 unused)
{
	struct hc hc;
	u64 i;

	(void)unused;
	for (i = 1; i <= SLOWED; i++) {
		*page(i % PAGES) = i;
		barrier_mem();
		seq = i;
		hc = (struct hc){ .rdi = 1 };
		hypercall(ELISA_HC_DETACH, &hc);
	}
	seq = SLOWED + 1;
}

static void run_pml(void)
{
	u64 before, log, seen = 0, missing = 0;

	if (!check(n_cpus > 1, "two vCPUs") || !set_up(false))
		return;
	cpu_start(1, write_and_sleep, 0);
	while (seq <= SLOWED) {
		before = seq;
		vmm_sleep(1500);
		if (!before || seq != before)
			continue;
		log = take();
		if (seq != before)
			continue;
		/* It slept all the time, and had written this page. */
		seen++;
		missing += !(log >> before % PAGES & 1);
		while (seq == before)
			vmm_sleep(1500);
	}
	cpu_wait(1);
	check(seen >= 5, "dirty: %llu looks at a vCPU in a hypercall", seen);
	check_eq(missing, 0, "dirty: its page is in the log each time");
}

ATTACK("dirty-pml", run_pml);
