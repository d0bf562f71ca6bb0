// SPDX-License-Identifier: GPL-2.0-only
/*
 * Long-term pins on guest memory, and memory of the module in its place.
 */
#include <linux/capability.h>
#include <linux/cred.h>
#include <linux/mm.h>
#include <linux/sched/signal.h>
#include <linux/sched/user.h>
#include <linux/slab.h>
#include <asm/io.h>

#include "compat/page_mapping.h"
#include "guest_walk.h"
#include "inject.h"
#include "ledger.h"
#include "pin.h"
#include "vm.h"

/* Pages between two looks at signals. */
#define PIN_BATCH 512U

/* Without mmap_lock, which a VMM can hold for as long as it likes. */
static int account(struct mm_struct *mm, u32 n_pages)
{
	u64 limit = rlimit(RLIMIT_MEMLOCK) >> PAGE_SHIFT;

	if (atomic64_add_return(n_pages, &mm->pinned_vm) <= limit ||
	    capable(CAP_IPC_LOCK))
		return 0;
	atomic64_sub(n_pages, &mm->pinned_vm);
	return -ENOMEM;
}

static int reserve(struct elisa_pins *pins, u32 more)
{
	const gfp_t gfp = GFP_KERNEL_ACCOUNT;
	u32 capacity = pins->n_pages + more;
	struct page **pages;

	if (capacity <= pins->capacity)
		return 0;
	pages = elisa_try_alloc(kvmalloc_array(capacity, sizeof(*pages), gfp));
	if (!pages)
		return -ENOMEM;
	memcpy(pages, pins->pages, pins->n_pages * sizeof(*pages));
	kvfree(pins->pages);
	pins->pages = pages;
	pins->capacity = capacity;
	return 0;
}

/* For the ledger; nothing in other builds. */
static void drop_from(const struct elisa_pins *pins, u32 first)
{
	for (; first < pins->n_pages; first++)
		elisa_ledger_drop(page_to_phys(pins->pages[first]));
}

/**
 * elisa_pin_note_runs() - let empty @pins note guest frames, too
 * @pins: where to
 * @n_pages: how many pages will be pinned, at most
 *
 * Context: sleeps.  Return: 0, -ENOMEM.
 */
int elisa_pin_note_runs(struct elisa_pins *pins, u32 n_pages)
{
	pins->run = elisa_try_alloc(kvmalloc_array(n_pages, sizeof(*pins->run),
						   GFP_KERNEL_ACCOUNT));
	return pins->run ? 0 : -ENOMEM;
}

static void note_run(struct elisa_pins *pins, gfn_t gfn, unsigned long hva)
{
	struct elisa_run *last;

	if (!pins->run)
		return;
	last = pins->n_runs ? &pins->run[pins->n_runs - 1] : NULL;
	if (last && last->gfn + last->n == gfn &&
	    last->hva + (last->n << PAGE_SHIFT) == hva)
		last->n++;
	else
		pins->run[pins->n_runs++] = (struct elisa_run){ gfn, hva, 1 };
}

/*
 * What has no file system behind it: see unpin_written().  Since 6.5 other pages
 * cannot be pinned for long in the first place.
 */
static bool is_memory(struct page *page)
{
	return elisa_page_has_no_disk(page) || PageHuge(page);
}

/**
 * elisa_pin_guest() - pin writable guest memory, appending to @pins
 * @pins: where to
 * @vm: owner; charged against its limit and the VMM's RLIMIT_MEMLOCK
 * @vcpu: the caller's own vCPU, whose page tables translate
 * @gva: page-aligned guest-virtual address
 * @n_pages: pages of 4 KiB
 *
 * Context: the vCPU's thread, sleeps, kvm->srcu held.
 * Return: 0; -EFAULT an address is not mapped writable for the caller or not
 * anonymous memory, tmpfs, hugetlbfs or a device's; -ENOSPC the VM's limit; -ENOMEM
 * also for RLIMIT_MEMLOCK; -EINTR the thread is being killed.  Nothing is pinned then.
 */
int elisa_pin_guest(struct elisa_pins *pins, struct elisa_vm *vm,
		    struct kvm_vcpu *vcpu, u64 gva, u32 n_pages)
{
	u32 first = pins->n_pages;
	unsigned long hva;
	gfn_t gfn;
	int err;

	if (!elisa_limit_take(&vm->stats.pinned_pages,
			      READ_ONCE(vm->policy.limits.pinned_pages),
			      n_pages))
		return -ENOSPC;
	err = account(vm->mm, n_pages);
	if (err)
		goto err_limit;
	err = reserve(pins, n_pages);
	if (err)
		goto err_account;

	while (pins->n_pages < first + n_pages) {
		err = elisa_guest_page(vcpu, gva, ELISA_ACCESS_WRITE, &gfn,
				       &hva);
		if (err)
			goto err_unpin;
		err = elisa_inject() ?
			      -ENOMEM :
			      pin_user_pages_fast(hva, 1,
						  FOLL_WRITE | FOLL_LONGTERM,
						  &pins->pages[pins->n_pages]);
		if (err != 1) {
			err = err < 0 ? err : -EFAULT;
			goto err_unpin;
		}
		elisa_ledger_hold(page_to_phys(pins->pages[pins->n_pages]));
		pins->n_pages++;
		if (!is_memory(pins->pages[pins->n_pages - 1])) {
			err = -EFAULT;
			goto err_unpin;
		}
		note_run(pins, gfn, hva);
		gva += PAGE_SIZE;
		if (fatal_signal_pending(current)) {
			err = -EINTR;
			goto err_unpin;
		}
		cond_resched();
	}
	return 0;

err_unpin:
	drop_from(pins, first);
	unpin_user_pages(pins->pages + first, pins->n_pages - first);
	pins->n_pages = first;
	pins->n_runs = 0; /* noted by who pins once only */
err_account:
	atomic64_sub(n_pages, &vm->mm->pinned_vm);
err_limit:
	atomic_sub(n_pages, &vm->stats.pinned_pages);
	return err;
}

/* By its credentials, because the user itself cannot be held everywhere. */
static int charge_user(struct elisa_pins *pins, u32 n_pages)
{
	u64 limit = rlimit(RLIMIT_MEMLOCK) >> PAGE_SHIFT;
	atomic_long_t *locked = &current_user()->locked_vm;

	if (atomic_long_add_return(n_pages, locked) > limit &&
	    !capable(CAP_IPC_LOCK)) {
		atomic_long_sub(n_pages, locked);
		return -ENOMEM;
	}
	pins->cred = get_current_cred();
	pins->n_charged = n_pages;
	return 0;
}

/**
 * elisa_pin_mapped() - fill empty @pins with memory of the calling process
 * @pins: where to; release with elisa_unpin() also after an error
 * @addr: page-aligned address, writable
 * @n_pages: pages of 4 KiB, charged to the caller's user and its RLIMIT_MEMLOCK
 *	unless it has CAP_IPC_LOCK
 *
 * Context: a system call of a process, sleeps.
 * Return: 0; -EFAULT; -ENOMEM also for RLIMIT_MEMLOCK; -EINTR it is being
 * killed; or of pinning.
 */
int elisa_pin_mapped(struct elisa_pins *pins, unsigned long addr, u32 n_pages)
{
	struct page **to;
	int i, n, err;

	err = charge_user(pins, n_pages) ?: reserve(pins, n_pages);
	if (err)
		return err;
	while (pins->n_pages < n_pages) {
		to = pins->pages + pins->n_pages;
		n = min(n_pages - pins->n_pages, PIN_BATCH);
		if (elisa_inject())
			return -ENOMEM;
		n = pin_user_pages_fast(addr, n, FOLL_WRITE | FOLL_LONGTERM,
					to);
		if (n <= 0)
			return n ?: -EFAULT;
		for (i = 0; i < n; i++)
			elisa_ledger_hold(page_to_phys(to[i]));
		pins->n_pages += n;
		addr += (unsigned long)n << PAGE_SHIFT;
		if (fatal_signal_pending(current))
			return -EINTR;
		cond_resched();
	}
	return 0;
}

/**
 * elisa_pin_own() - fill empty @pins with zeroed memory of the module
 * @pins: where to; release with elisa_unpin() also after an error
 * @n_pages: pages of 4 KiB, charged to the caller's memory cgroup
 *
 * Context: sleeps.  Return: 0, -ENOMEM, -EINTR.
 */
int elisa_pin_own(struct elisa_pins *pins, u32 n_pages)
{
	const gfp_t gfp = GFP_KERNEL_ACCOUNT | __GFP_ZERO;
	struct page *page;
	int err;

	err = reserve(pins, n_pages);
	if (err)
		return err;
	while (pins->n_pages < n_pages) {
		page = elisa_try_alloc(alloc_page(gfp));
		if (!page)
			return -ENOMEM;
		elisa_ledger_hold(page_to_phys(page));
		pins->pages[pins->n_pages++] = page;
		if (fatal_signal_pending(current))
			return -EINTR;
		cond_resched();
	}
	return 0;
}

/*
 * As unpin_user_pages_dirty_lock() without its lock: whoever has the page mapped
 * can keep that busy, and a file system for as long as it takes to write the page.
 * It keeps page and file together while the file system is told; for the kinds
 * of memory that are admitted nobody is, there is just the flag.
 */
static void unpin_written(struct elisa_pins *pins)
{
	u32 i;

	for (i = 0; i < pins->n_pages; i++)
		SetPageDirty(pins->pages[i]);
	unpin_user_pages(pins->pages, pins->n_pages);
}

/**
 * elisa_unpin() - release all of @pins
 * @pins: no EPT maps them any more and INVEPT ran since one did
 * @vm: owner; NULL: the pages are those of elisa_pin_own() or
 *	elisa_pin_mapped()
 *
 * Context: sleeps.  The VMM may be dead already.
 */
void elisa_unpin(struct elisa_pins *pins, struct elisa_vm *vm)
{
	u32 i;

	drop_from(pins, 0);
	if (pins->cred) {
		unpin_written(pins);
		atomic_long_sub(pins->n_charged, &pins->cred->user->locked_vm);
		put_cred(pins->cred);
	} else if (!vm) {
		for (i = 0; i < pins->n_pages; i++)
			__free_page(pins->pages[i]);
	} else if (pins->n_pages) {
		unpin_written(pins);
		atomic64_sub(pins->n_pages, &vm->mm->pinned_vm);
		atomic_sub(pins->n_pages, &vm->stats.pinned_pages);
	}
	kvfree(pins->run);
	kvfree(pins->pages);
	memset(pins, 0, sizeof(*pins));
}
