// SPDX-License-Identifier: GPL-2.0-only
/*
 * Exchange buffers in as many pieces as there are pages: what they cost at each
 * exit of the vCPU, what the dirty log says, and where the module stops.
 *
 *	dirty-scattered	at meet(1) and meet(3) all is logged, at meet(2) not
 *
 * Arguments: n=buffers of 512 pages.
 */
#include <linux/kvm.h>

#include "steps.h"

#define SLOT	   4
#define BASE	   0x180000000ULL
#define PAGES	   32
#define ALL	   ((1ULL << PAGES) - 1)
#define VA	   0x500000000000ULL
#define XBUF_PAGES 512
#define LOGGED	   2 /* buffers: ELISA_DIRTY_PIECES of the module */
#define TRIES	   200

static struct att att[128];

static bool slot_flags(u32 flags)
{
	return !memslot(SLOT, BASE, PAGES * PAGE_SIZE, flags, BASE);
}

/* Neighbours in the buffer are no neighbours in guest-physical memory. */
static void map_scattered(void)
{
	unsigned int i;

	for (i = 0; i < XBUF_PAGES; i++)
		map(VA + i * PAGE_SIZE,
		    BASE + (PAGES - 1 - i % PAGES) * PAGE_SIZE, PTE_RWU);
}

/* Instructions of guest and host; the host has interrupts, so the best of many. */
static u64 exit_cost(void)
{
	u64 best = ~0ULL, t;
	unsigned int i;
	u32 out[4];

	for (i = 0; i < TRIES; i++) {
		t = rdtsc();
		cpuid(0, 0, out);
		t = rdtsc() - t;
		best = t < best ? t : best;
	}
	return best;
}

static bool sub_writes(struct att *a, unsigned int page, u64 value)
{
	struct result res =
		elisa_call(a, SUB_WRITE,
			   ARGS(ELISA_SUB_XBUF + page * PAGE_SIZE, value));

	return !res.status && *(volatile u64 *)(VA + page * PAGE_SIZE) == value;
}

static bool attach_and_call(struct att *a, unsigned int n_pages)
{
	attach(a, "dirty", 3, n_pages ? (void *)VA : NULL, n_pages);
	return expect(!a->err, "attach of %u pages: %lld", n_pages, a->err) &&
	       (n_pages ? sub_writes(a, n_pages - 1, random()) :
			  !elisa_call(a, SUB_NOP, ARGS(0)).status);
}

/* The cost of an exit with one window, by the size of its buffer. */
static u64 cost_of(unsigned int n_pages)
{
	u64 cost;

	if (!expect(attach_and_call(&att[0], n_pages), "a call with a buffer"))
		return 0;
	cost = exit_cost();
	expect(!detach(&att[0]), "DETACH");
	return cost;
}

static void run_scattered(void)
{
	unsigned int n = arg("n", 4), i;
	u64 none, some, many, logs;

	if (!check(!memslot(SLOT, BASE, PAGES * PAGE_SIZE, 0, ~0ULL),
		   "memory for buffers"))
		return;
	map_scattered();
	none = cost_of(0);
	some = cost_of(16);
	many = cost_of(XBUF_PAGES);
	print("# an exit: %llu; with 16 pieces: %llu, with %u: %llu\n", none,
	      some, XBUF_PAGES, many);
	check(none && some < none + 500,
	      "dirty: 16 pieces cost nothing while nothing logs");
	check(none && many < none + 500,
	      "dirty: %u pieces cost nothing while nothing logs", XBUF_PAGES);

	for (i = 0; i < LOGGED; i++)
		check(attach_and_call(&att[i], XBUF_PAGES), "buffer %u", i);
	many = exit_cost();
	check(slot_flags(KVM_MEM_LOG_DIRTY_PAGES), "the slot logs");
	logs = exit_cost();
	print("# an exit with %u pieces: %llu, while they are logged: %llu\n",
	      LOGGED * XBUF_PAGES, many, logs);
	check(logs < many + 1024 * 100,
	      "dirty: 1024 pieces cost what they may");
	dirty_log(SLOT, false);
	check_eq(dirty_log(SLOT, false), ALL, "dirty: all pages are logged");
	check(slot_flags(0), "the slot does not log");
	check(exit_cost() < many + 500, "dirty: and again it costs nothing");
	meet(1);

	/* There is no room for more; what is in the log is as before. */
	check(!detach(&att[0]) && !detach(&att[1]), "DETACH");
	for (i = 0; i < n; i++)
		expect(attach_and_call(&att[i], XBUF_PAGES), "buffer %u", i);
	many = exit_cost();
	check(slot_flags(KVM_MEM_LOG_DIRTY_PAGES), "the slot logs");
	logs = exit_cost();
	print("# an exit with %u pieces: %llu, while they are logged: %llu\n",
	      n * XBUF_PAGES, many, logs);
	check(logs < many + 1024 * 100,
	      "dirty: %u pieces cost no more than 1024", n * XBUF_PAGES);
	check(n <= LOGGED || sub_writes(&att[n - 1], 5, 77),
	      "dirty: those beyond are written to all the same");
	meet(2);

	for (i = LOGGED; i < n; i++)
		expect(!detach(&att[i]), "DETACH");
	dirty_log(SLOT, false);
	check(sub_writes(&att[LOGGED - 1], 7, 78),
	      "a call of one that is logged");
	check_eq(dirty_log(SLOT, false), ALL,
		 "dirty: its pages are in the log");
	meet(3);
	for (i = 0; i < LOGGED; i++)
		expect(!detach(&att[i]), "DETACH");
	dirty_log(SLOT, false);
	check_eq(dirty_log(SLOT, false), 0, "dirty: nothing without them");
	/* What was given back is there again. */
	attach(&att[0], "dirty", 3, (void *)VA, XBUF_PAGES);
	attach(&att[1], "dirty", 3, (void *)VA, XBUF_PAGES);
	check(!att[0].err && !att[1].err, "attached again");
	meet(4);
}

ATTACK("dirty-scattered", run_scattered);
