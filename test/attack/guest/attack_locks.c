// SPDX-License-Identifier: GPL-2.0-only
/*
 * Robust locks: owners that die in all ways, waiters that lie about owners.
 *
 * Why none of that can hurt others: whether an owner lives is said by a page
 * that the module alone writes; identities are never used twice; WAIT finds
 * instances of the same export only, and touches one only while it is suspended
 * and has been so for longer than the policy allows.
 */
#include "locks.h"

#define MAGIC	      ELISA_SUB_HC_WAIT
#define VMCALL_REASON 18

static struct locks l;

static s64 lock(void)
{
	return (s64)locks_call(&l, add, 10);
}

static bool in_order(void)
{
	return locks_call(&l, get, LOCKS_A) == locks_call(&l, get, LOCKS_B) &&
	       !locks_call(&l, get, LOCKS_WRONG) &&
	       !locks_call(&l, get, LOCKS_WORD);
}

static u64 died(void)
{
	return locks_call(&l, get, LOCKS_DIED);
}

/* The next call hears of the death, once. */
static void dead_owner(const char *how)
{
	u64 before = died();
	s64 first = lock(), second = lock();

	check(first == -EOWNERDEAD && !second && died() == before + 1 &&
		      in_order(),
	      "CPL %d: owner %s: %lld, then %lld", l.att.cpl, how, first,
	      second);
}

static bool gone(u64 handle)
{
	return resume_refused(handle, l.att.cpl) == -ENOLINK &&
	       abort_call(handle) == -ENOLINK;
}

static void deaths(void)
{
	struct result r;
	u64 self, handle;

	check(!lock() && in_order(), "CPL %d: a lock that is free", l.att.cpl);
	self = locks_call(&l, self);
	check(self && locks_call(&l, owner_at, self % ELISA_OWNER_SLOTS) ==
			      self,
	      "identity %llx is in force", self);
	r = locks_result(&l, LOCKS_ENTRY_hold, ARGS(LOCKS_FAULT));
	check_eq(r.status, -EFAULT, "a fault in the section");
	check(locks_call(&l, self) != self &&
		      locks_call(&l, owner_at, self % ELISA_OWNER_SLOTS) !=
			      self,
	      "the identity is not in force any more");
	dead_owner("faults");

	locks_call(&l, hold, LOCKS_KEEP);
	dead_owner("has returned with the lock");

	handle = locks_suspend(&l);
	check_eq((s64)locks_call(&l, try), -EBUSY, "trylock, owner suspended");
	check_eq((s64)locks_call(&l, unlock), -EPERM, "unlock by another");
	check_eq(abort_call(handle), 0, "ABORT");
	dead_owner("is aborted by its VM");

	locks_result(&l, LOCKS_ENTRY_hold, ARGS(LOCKS_FAULT));
	locks_result(&l, LOCKS_ENTRY_hold, ARGS(LOCKS_FAULT));
	dead_owner("dies twice");

	locks_result(&l, LOCKS_ENTRY_hold, ARGS(LOCKS_FAULT));
	check_eq((s64)locks_call(&l, no_repair), -EOWNERDEAD, "not repaired");
	check(lock() == -ENOTRECOVERABLE &&
		      (s64)locks_call(&l, try) == -ENOTRECOVERABLE,
	      "it is lost for all");
	locks_call(&l, set, LOCKS_WORD, 0);
	locks_call(&l, set, LOCKS_A, 0);
	locks_call(&l, set, LOCKS_B, 0);
	check(!lock() && in_order(), "a zeroed lock is a free one");
}

static void run_deaths(void)
{
	locks_attach(&l, "locks", 3);
	deaths();
	detach(&l.att);
	locks_attach(&l, "locks", 0);
	deaths();
	/* A window of its own, whose instances are gone with it. */
	locks_call(&l, hold, LOCKS_KEEP);
	detach(&l.att);
	locks_attach(&l, "locks", 3);
	dead_owner("is detached");
}

ATTACK("locks-deaths", run_deaths);

/* --- owners that are suspended */

/* Resumed @times and suspended again; its handle. */
static u64 stir(u64 handle, unsigned int times, unsigned int us)
{
	struct outcome out;

	while (times--) {
		vmm_sleep(us);
		storm_start(1000000, 2000000);
		resume(handle, NULL, l.att.cpl, &out);
		storm_stop();
		if (out.how != HOW_AEP)
			return 0;
		handle = out.trap.regs.rdi;
	}
	return handle;
}

static u64 waits;

static void count_waits(const struct att *a, u64 handle, struct outcome *out)
{
	waits++;
	resume(handle, NULL, a->cpl, out);
}

/* Waits 20 times, and gives up. */
static void give_up(const struct att *a, u64 handle, struct outcome *out)
{
	if (++waits < 20) {
		resume(handle, NULL, a->cpl, out);
		return;
	}
	abort_call(handle);
	resume(handle, NULL, a->cpl, out);
}

static void nobody_waits(unsigned int ms)
{
	u64 handle = locks_suspend(&l);

	vmm_sleep(5000 * ms);
	check(locks_finish(&l, handle) && in_order(),
	      "suspended for 5 times the bound, nobody waits: it goes on");
}

static void somebody_waits(void)
{
	u64 handle = locks_suspend(&l), before = died();
	s64 first;

	waits = 0;
	aep_hook = count_waits;
	first = lock();
	aep_hook = NULL;
	check(first == -EOWNERDEAD && died() == before + 1 && waits &&
		      in_order(),
	      "somebody waits: %lld after %llu waits", first, waits);
	check(gone(handle), "the owner is aborted");
}

static void within_bound(void)
{
	u64 handle = locks_suspend(&l);
	struct result r;

	waits = 0;
	aep_hook = give_up;
	r = locks_result(&l, LOCKS_ENTRY_add, ARGS(10));
	aep_hook = NULL;
	check(r.last.how == HOW_REFUSED && waits >= 20,
	      "%llu waits within the bound: %s", waits, how_name[r.last.how]);
	check(locks_finish(&l, handle), "the owner is not aborted");
}

/*
 * On another vCPU: the owner is resumed for an instant, again and again, each
 * time before its bound is over.
 */
static volatile u64 stirred;
static u64 stirrer_handle;

static void stirrer(u64 us)
{
	stirrer_handle = locks_suspend(&l);
	stirred = 1;
	while (stirrer_handle) {
		stirrer_handle = stir(stirrer_handle, 1, us);
		stirred++;
	}
}

static void tease(unsigned int ms)
{
	s64 first;

	stirred = 0;
	cpu_start(1, stirrer, 1000 * ms / 2);
	while (!stirred)
		pause();
	first = lock();
	locks_call(&l, set, LOCKS_GO, 1);
	cpu_wait(1);
	check(first == -EOWNERDEAD && stirred > 2 && in_order(),
	      "resumed for an instant %llu times: %lld", stirred, first);
}

/*
 * On another vCPU: RESUME is accepted, and the VMM does not let the vCPU enter.
 * Its VMM sees no more of that than that RIP is at the VMCALL, which may also be
 * yet to come: in some of the rounds.
 */
#define STOPS 6

extern const char stub_vmcall[];

static volatile bool holds;
static unsigned int stops, refusals;

static void stopped(u64 nap)
{
	const u64 at = (u64)stub_vmcall;
	struct poker *poker = pages(1);
	u64 handle = locks_suspend(&l);
	struct outcome out;

	expect(!vcpu_post(1, 0, (void *)nap, SVC_WHEN_INTR, at, at), "post");
	holds = true;
	poker->period_us = 500 + random() % 1500;
	expect(!poker_start(1, poker), "the poker starts");
	/* Not in step with the poker; slow hosts make headway, too. */
	storm_start_tiring(500000, 1500000);
	do {
		/* An interrupt ends it; a kick does not. */
		resume(handle, NULL, l.att.cpl, &out);
		handle = out.trap.regs.rdi;
	} while (out.how == HOW_AEP && vcpu_posted(1));
	storm_stop();
	poker_stop(1, poker);
	stops++;
	refusals += out.how == HOW_REFUSED &&
		    (s64)out.trap.regs.rax == -ENOLINK;
	if (out.how == HOW_AEP)
		abort_call(handle);
}

static void stop(unsigned int ms)
{
	unsigned int i, dead = 0;

	for (i = 0; i < STOPS; i++) {
		holds = false;
		cpu_start(1, stopped, 4000 * ms);
		while (!holds || vcpu_posted(1))
			vmm_sleep(1000);
		dead += lock() == -EOWNERDEAD;
		cpu_wait(1);
	}
	check(dead == STOPS && refusals == STOPS && in_order(),
	      "stopped at RESUME %u times: %u owners died, %u calls are over",
	      stops, dead, refusals);
}

static void run_suspended(void)
{
	unsigned int ms = arg("ms", 100);

	locks_attach(&l, "locks", 3);
	nobody_waits(ms);
	somebody_waits();
	meet(1);
	if (n_cpus > 1) {
		tease(ms);
		stop(ms);
	}
}

ATTACK("locks-suspended", run_suspended);

static void run_within(void)
{
	locks_attach(&l, "locks", 3);
	within_bound();
}

ATTACK("locks-within", run_within);

/* --- what exported code and callers can say to WAIT and to the pages */

static void near_misses(void)
{
	static const u64 other[] = {
		0,
		~0ULL,
		MAGIC | 1ULL << 32,
		MAGIC - 1,
		MAGIC + 1,
		ELISA_HC(ELISA_HC_VERSION),
		ELISA_HC(ELISA_HC_RESUME),
	};
	unsigned int i, wrong = 0;
	struct result r;

	for (i = 0; i < 64 + ARRAY_SIZE(other); i++) {
		r = locks_result(&l, LOCKS_ENTRY_vmcall,
				 ARGS(i < 64 ? MAGIC ^ 1ULL << i :
					       other[i - 64],
				      0, 0, 1));
		wrong += r.status != -EFAULT ||
			 ELISA_FAULT_KIND(r.value) != ELISA_FAULT_KIND_EXIT ||
			 ELISA_FAULT_CODE(r.value) != VMCALL_REASON;
	}
	check_eq(wrong, 0, "%u other values in RAX of VMCALL are faults", i);
}

static u64 hypercall_raw(u64 rax)
{
	__asm__ volatile("vmcall" : "+a"(rax) : "D"(0), "S"(0) : "memory");
	return rax;
}

/*
 * Identities of all kinds, with a call of this VM in another export suspended
 * for longer than its bound: it must not be found.
 */
static void forged(unsigned int ms)
{
	struct locks other;
	u64 self, victim, handle, here, here_handle;
	unsigned int i, n = 0, wrong = 0;
	u64 slot, word;

	locks_attach(&other, "locks2", 3);
	locks_call(&other, self);
	handle = locks_suspend(&other);
	victim = locks_call(&other, get, LOCKS_WORD);
	here_handle = locks_suspend(&l);
	here = locks_call(&l, get, LOCKS_WORD);
	self = locks_call(&l, self); /* another instance now */
	check(self != here, "%llx is suspended, %llx calls", here, self);
	vmm_sleep(2000 * ms);

	for (i = 0; i < 64; i++, n += 2) {
		wrong += locks_call(&l, vmcall, MAGIC, 1ULL << i, i & 1, 1);
		wrong += locks_call(&l, vmcall, MAGIC, self ^ 1ULL << i, 1, 1);
	}
	for (i = 0; i < 300; i++, n++)
		wrong += locks_call(&l, vmcall, MAGIC, random(), i & 1, 1);
	for (i = 0; i < 8; i++, n += 3) {
		slot = random() % ELISA_OWNER_SLOTS;
		word = locks_call(&l, owner_at, slot);
		if (word == here)
			continue; /* the one that may be aborted */
		wrong += locks_call(&l, vmcall, MAGIC, word, 0, 1);
		wrong += locks_call(&l, vmcall, MAGIC, self, 1, 1);
		wrong += locks_call(&l, vmcall, MAGIC, victim, 1, 1);
	}
	/* The right slot, and another generation. */
	for (i = ELISA_OWNER_GENERATION_SHIFT; i < 64; i++, n++)
		wrong += locks_call(&l, vmcall, MAGIC, here ^ 1ULL << i, 1, 1);
	check_eq(wrong, 0, "%u WAITs for owners that are none return 0", n);
	check(locks_call(&l, self) == self, "the caller's identity stays");
	check(locks_finish(&l, here_handle),
	      "nor is a call aborted by a word that is not its identity");
	check(locks_finish(&other, handle), "nor one of another export");
	detach(&other.att);
}

static void not_writable(void)
{
	static const u64 page[] = {
		ELISA_SUB_SELF,
		ELISA_SUB_LIVENESS,
		ELISA_SUB_LIVENESS + PAGE_SIZE,
		ELISA_SUB_LIVENESS + 3 * PAGE_SIZE + 4088,
	};
	static const u64 hole[] = {
		ELISA_SUB_SELF - PAGE_SIZE,
		ELISA_SUB_CONTROL + PAGE_SIZE,
		ELISA_SUB_INFO + 7 * PAGE_SIZE,
		ELISA_SUB_STACK_TOP,
		ELISA_SUB_LIVENESS - 8,
		ELISA_SUB_LIVENESS + 4 * PAGE_SIZE,
	};
	u64 slot = locks_call(&l, self) % ELISA_OWNER_SLOTS;
	unsigned int i, wrong = 0;
	struct result r;

	for (i = 0; i < ARRAY_SIZE(page); i++) {
		r = locks_result(&l, LOCKS_ENTRY_peek, ARGS(page[i]));
		wrong += r.status != 0;
		r = locks_result(&l, LOCKS_ENTRY_poke, ARGS(page[i], 1));
		wrong += r.status != -EFAULT ||
			 ELISA_FAULT_KIND(r.value) != ELISA_FAULT_KIND_MEMORY;
	}
	r = locks_result(&l, LOCKS_ENTRY_poke,
			 ARGS(ELISA_SUB_LIVENESS + 8 * slot, 0));
	wrong += r.status != -EFAULT || !locks_call(&l, owner_at, slot);
	check_eq(wrong, 0, "identities can be read and not written");
	for (i = 0; i < ARRAY_SIZE(hole); i++) {
		r = locks_result(&l, LOCKS_ENTRY_peek, ARGS(hole[i]));
		wrong += r.status != -EFAULT;
	}
	check_eq(wrong, 0, "around them nothing is mapped");
}

static void run_forged(void)
{
	struct locks reader;
	unsigned int ms = arg("ms", 100);

	locks_attach(&l, "locks", 3);
	near_misses();
	check_eq((s64)hypercall_raw(MAGIC), -1000,
		 "it is no hypercall in the default context");
	not_writable();
	forged(ms);
	check(!lock() && in_order(), "the lock still works");

	locks_attach(&reader, "read.locks", 3);
	check(!(reader.att.rights & ELISA_RIGHT_WRITE), "may only read");
	check((s64)locks_call(&reader, add, 1) == -EROFS &&
		      (s64)locks_call(&reader, try) == -EROFS,
	      "locks of data that one may only read: -EROFS");
}

ATTACK("locks-forged", run_forged);

/* --- two VMs: one owns the lock and is killed, the other waits */

static void run_owner(void)
{
	struct outcome out;
	struct regs in = { .rdi = LOCKS_SPIN, .rsp = random() & ~15ULL };

	locks_attach(&l, "locks", 3);
	in.r11 = l.entry[LOCKS_ENTRY_hold];
	locks_call(&l, set, LOCKS_GO, 0);
	print("# holds\n");
	storm_start(1000000, 2000000);
	for (enter(l.att.window, 0, &in, 3, &out); out.how == HOW_AEP;)
		resume(out.trap.regs.rdi, NULL, 3, &out);
	storm_stop();
	check(false, "the owner is killed: %s", how_name[out.how]);
}

ATTACK("locks-owner", run_owner);

static void run_waiter(void)
{
	u64 before;
	s64 first;

	locks_attach(&l, "locks", 3);
	before = died();
	while (!locks_call(&l, get, LOCKS_WORD))
		vmm_sleep(10000);
	print("# waits\n");
	storm_start(3000000, 5000000);
	first = lock();
	storm_stop();
	check(first == -EOWNERDEAD && died() == before + 1,
	      "the owner's VM is killed: %lld", first);
	check(!lock() && in_order(), "and the other goes on");
}

ATTACK("locks-waiter", run_waiter);
