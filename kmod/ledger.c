// SPDX-License-Identifier: GPL-2.0-only
/*
 * INVEPT ledger of debug builds: see ledger.h.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/atomic.h>
#include <linux/bug.h>
#include <linux/cpumask.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/percpu.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/xarray.h>
#include <asm/io.h>

#include "apt.h"
#include "cpu.h"
#include "gate_code.h"
#include "ledger.h"

#define IN_USE U64_MAX

/**
 * struct record - a page that the module holds
 * @holds: 1, or how often a guest's page is pinned
 * @mapped: how often EPTs of linked contexts map it or use it as a table
 * @until: when a context that mapped it was in use last, or it was replaced
 * @what: what it was mapped as last
 */
struct record {
	u32 holds, mapped;
	u64 until;
	const char *what;
};

/* By page frame.  The innermost of all mutexes. */
static DEFINE_XARRAY(records);
static DEFINE_MUTEX(records_lock);
static unsigned int n_records;

static atomic64_t clock = ATOMIC64_INIT(0);

/* When the last INVEPT began that every CPU has executed. */
static atomic64_t covered = ATOMIC64_INIT(0);

/* One INVEPT at a time; outside records_lock. */
static DEFINE_MUTEX(invept_lock);
static struct cpumask invept_cpus;
static DEFINE_PER_CPU(u64, invept_done);

/* Fully ordered: whatever happened before has a smaller number. */
static u64 tick(void)
{
	return atomic64_inc_return(&clock);
}

static bool is_covered(u64 time)
{
	return time < atomic64_read_acquire(&covered);
}

/* records_lock held */
static struct record *find(u64 pa)
{
	return xa_load(&records, PHYS_PFN(pa));
}

/**
 * elisa_ledger_hold() - a page was allocated or pinned
 * @pa: its host-physical address
 *
 * Does not fail, lest debug builds fail where others do not.
 */
void elisa_ledger_hold(u64 pa)
{
	const gfp_t gfp = GFP_KERNEL | __GFP_NOFAIL;
	struct record *r;

	mutex_lock(&records_lock);
	r = find(pa);
	if (!r) {
		r = kzalloc(sizeof(*r), gfp);
		r->what = "page";
		WARN_ON_ONCE(xa_err(xa_store(&records, PHYS_PFN(pa), r, gfp)));
		n_records++;
	}
	r->holds++;
	mutex_unlock(&records_lock);
}

/**
 * elisa_ledger_drop() - a page is about to be freed or unpinned
 * @pa: its host-physical address
 */
void elisa_ledger_drop(u64 pa)
{
	const char *what = NULL, *why = NULL;
	struct record *r;

	mutex_lock(&records_lock);
	r = find(pa);
	if (r && !--r->holds) {
		what = r->what;
		if (r->mapped)
			why = "a context still maps it";
		else if (r->until && !is_covered(r->until))
			why = "no INVEPT since a context that mapped it was in use";
		xa_erase(&records, PHYS_PFN(pa));
		n_records--;
		kfree(r);
	}
	mutex_unlock(&records_lock);
	WARN_ONCE(!r, "elisa: ledger: page %llx is freed twice\n", pa);
	WARN_ONCE(why, "elisa: ledger: %s %llx is freed: %s\n", what, pa, why);
}

/* --- what contexts map */

typedef void (*visit_fn)(u64 pa, const char *what, u64 until);

static void note_mapped(u64 pa, const char *what, u64 until)
{
	struct record *r = find(pa);

	WARN_ONCE(!r, "elisa: ledger: %s %llx is mapped and not held\n", what,
		  pa);
	if (!r)
		return;
	r->mapped++;
	r->what = what;
}

static void note_unmapped(u64 pa, const char *what, u64 until)
{
	struct record *r = find(pa);

	WARN_ONCE(!r || !r->mapped,
		  "elisa: ledger: %s %llx is in a table and not in the books\n",
		  what, pa);
	if (!r)
		return;
	r->mapped--;
	r->until = max(r->until, until);
}

static const char *what_is(u64 gpa)
{
	const u64 base = elisa_cpu_special_base();
	unsigned int chunk = (gpa - base) >> 21, page = (gpa >> 12) & 511;

	if (!elisa_gpa_is_special(base, gpa))
		return "APT root";
	switch (chunk) {
	case ELISA_CHUNK_GATE:
		return page < ELISA_WINDOWS ? "gate code" : "APT of the gate";
	case ELISA_CHUNK_GATE_DATA:
		return page == ELISA_GATE_LIST_PAGE ? "EPTP list" :
						      "gate-private page";
	case ELISA_CHUNK_SUB:
		return page == ELISA_APT_SUB_LANDING ? "landing code" :
						       "APT of sub";
	case ELISA_CHUNK_INSTANCE:
		if (page == ELISA_FULL_LIST_PAGE)
			return "EPTP list";
		if (page == ELISA_FULL_PRIVATE_PAGE)
			return "gate-private page";
		return page ? "stack" : "info page";
	case ELISA_CHUNK_IMAGE:
		return "image";
	case ELISA_CHUNK_XBUF:
		return "exchange buffer";
	default:
		return "shared data";
	}
}

/*
 * Visit all that is present below a table.  Runs of equal entries, of which the
 * alias consists, count once; the same table gives the same runs again.
 */
static void walk(const u64 *table, unsigned int level, u64 gpa, u64 until,
		 visit_fn visit)
{
	static const char *const table_name[] = {
		[1] = "EPT page table",
		[2] = "EPT page directory",
		[3] = "EPT directory-pointer table",
	};
	unsigned int i, shift = 12 + 9 * (level - 1);
	u64 entry, last = 0, below;

	for (i = 0; i < ELISA_EPT_ENTRIES; i++) {
		entry = table[i];
		if (entry == last)
			continue;
		last = entry;
		if (!entry)
			continue;
		below = gpa + ((u64)i << shift);
		if (level == 1) {
			visit(entry & ELISA_EPT_ADDR, what_is(below), until);
			continue;
		}
		visit(entry & ELISA_EPT_ADDR, table_name[level - 1], until);
		walk(phys_to_virt(entry & ELISA_EPT_ADDR), level - 1, below,
		     until, visit);
	}
	cond_resched();
}

/**
 * elisa_ledger_link() - a context is complete
 * @ctx: its entry in the books
 * @ept: its tables
 */
void elisa_ledger_link(struct elisa_ledger_context *ctx,
		       const struct elisa_ept *ept)
{
	mutex_lock(&records_lock);
	note_mapped(ept->pml4.pa, "EPT root", 0);
	walk(ept->pml4.va, 4, 0, 0, note_mapped);
	mutex_unlock(&records_lock);
	ctx->linked = true;
}

/**
 * elisa_ledger_unlink() - a context is about to be taken apart
 * @ctx: its entry in the books
 * @ept: its tables, all still there
 * @vm: its VM, which may have been destroyed with vCPUs armed
 */
void elisa_ledger_unlink(struct elisa_ledger_context *ctx,
			 const struct elisa_ept *ept,
			 const struct elisa_ledger_vm *vm)
{
	u64 until = READ_ONCE(ctx->until), gone = READ_ONCE(vm->gone);

	if (!ctx->linked)
		return;
	if (until == IN_USE && gone)
		until = gone;
	mutex_lock(&records_lock);
	walk(ept->pml4.va, 4, 0, until, note_unmapped);
	note_unmapped(ept->pml4.pa, "EPT root", until);
	mutex_unlock(&records_lock);
	ctx->linked = false;
}

/**
 * elisa_ledger_map() - a page was added to a linked context
 * @pa: the page
 * @what: what it is
 */
void elisa_ledger_map(u64 pa, const char *what)
{
	mutex_lock(&records_lock);
	note_mapped(pa, what, 0);
	mutex_unlock(&records_lock);
}

/**
 * elisa_ledger_replace() - a page of a linked context became another
 * @ctx: context, not in use
 * @old: page that it mapped
 * @new: page that it maps now
 * @what: what they are
 */
void elisa_ledger_replace(struct elisa_ledger_context *ctx, u64 old, u64 new,
			  const char *what)
{
	u64 now = tick();

	WRITE_ONCE(ctx->changed, now);
	mutex_lock(&records_lock);
	note_unmapped(old, what, now);
	note_mapped(new, what, 0);
	mutex_unlock(&records_lock);
}

/* --- use of contexts and windows */

/**
 * elisa_ledger_use() - a vCPU may enter a context from now on
 * @ctx: its entry in the books
 *
 * Context: any, hooks too; vcpu->lock held.
 */
void elisa_ledger_use(struct elisa_ledger_context *ctx)
{
	u64 changed = READ_ONCE(ctx->changed);

	WARN_ONCE(changed && !is_covered(changed),
		  "elisa: ledger: a context may be entered: no INVEPT since its EPTP list was replaced\n");
	WRITE_ONCE(ctx->until, IN_USE);
}

/**
 * elisa_ledger_unuse() - no vCPU can enter a context any more
 * @ctx: its entry in the books
 *
 * Context: as elisa_ledger_use().
 */
void elisa_ledger_unuse(struct elisa_ledger_context *ctx)
{
	WRITE_ONCE(ctx->until, tick());
}

/**
 * elisa_ledger_gone() - a VM is being destroyed: its vCPUs have run last
 * @vm: its entry in the books
 *
 * Context: hook on kvm_arch_destroy_vm().
 */
void elisa_ledger_gone(struct elisa_ledger_vm *vm)
{
	WRITE_ONCE(vm->gone, tick());
}

/** elisa_ledger_window_open() - the gate APT maps a window.  vm->lock held. */
void elisa_ledger_window_open(const struct elisa_ledger_vm *vm,
			      unsigned int slot)
{
	WARN_ONCE(vm->closed[slot] && !is_covered(vm->closed[slot]),
		  "elisa: ledger: window %u is opened: no INVEPT since it was closed\n",
		  slot);
}

/** elisa_ledger_window_close() - and does not any more.  vm->lock held. */
void elisa_ledger_window_close(struct elisa_ledger_vm *vm, unsigned int slot)
{
	vm->closed[slot] = tick();
}

/* --- INVEPT */

/**
 * elisa_ledger_invept_begin() - INVEPT on all CPUs begins
 *
 * Until elisa_ledger_invept_end() no CPU goes offline: that stops all CPUs,
 * and preemption is off here.  One that comes online meanwhile is not asked.
 *
 * Return: the time, for the functions below.
 */
u64 elisa_ledger_invept_begin(void)
{
	mutex_lock(&invept_lock);
	preempt_disable();
	cpumask_copy(&invept_cpus, cpu_online_mask);
	return tick();
}

/** elisa_ledger_invept_here() - this CPU has executed it.  Interrupts off. */
void elisa_ledger_invept_here(u64 began)
{
	this_cpu_write(invept_done, began);
}

/** elisa_ledger_invept_end() - all have, or it does not count */
void elisa_ledger_invept_end(u64 began)
{
	bool complete = true;
	unsigned int cpu;

	for_each_cpu(cpu, &invept_cpus)
		complete &= READ_ONCE(per_cpu(invept_done, cpu)) == began;
	preempt_enable();
	if (complete)
		atomic64_set_release(&covered, began);
	mutex_unlock(&invept_lock);
}

/** elisa_ledger_pages() - pages that the module holds */
unsigned int elisa_ledger_pages(void)
{
	return READ_ONCE(n_records);
}

/** elisa_ledger_exit() - module exit: nothing may be left */
void elisa_ledger_exit(void)
{
	struct record *r;
	unsigned long pfn;

	WARN_ONCE(n_records, "elisa: ledger: %u pages are left\n", n_records);
	xa_for_each(&records, pfn, r) {
		pr_err("ledger: %s %lx000 is left\n", r->what, pfn);
		kfree(r);
	}
	xa_destroy(&records);
}
