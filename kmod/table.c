// SPDX-License-Identifier: GPL-2.0-only
/*
 * Allocation of table pages.  They are charged to the memory cgroup of the
 * VMM whose thread asks for them.
 */
#include <linux/gfp.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <asm/io.h>

#include "gate_code.h"
#include "inject.h"
#include "ledger.h"
#include "table.h"

/**
 * elisa_table_alloc() - allocate one zeroed table page
 * @table: result
 *
 * Context: sleeps.  Return: 0 or -ENOMEM; @table is all zero then.
 */
int elisa_table_alloc(struct elisa_table *table)
{
	table->va = elisa_inject() ? NULL :
				     (u64 *)get_zeroed_page(GFP_KERNEL_ACCOUNT);
	table->pa = table->va ? virt_to_phys(table->va) : 0;
	if (!table->va)
		return -ENOMEM;
	elisa_ledger_hold(table->pa);
	return 0;
}

/* Pages looked at in one zone before elisa_table_alloc_root() gives it up. */
#define ROOT_TRIES 4096

static struct page *find_root(gfp_t zone, struct list_head *rejected,
			      bool is_full)
{
	struct page *page;
	unsigned int i;

	for (i = 0; i < ROOT_TRIES; i++) {
		page = alloc_page(zone | GFP_KERNEL_ACCOUNT | __GFP_ZERO |
				  __GFP_NOWARN | __GFP_RETRY_MAYFAIL);
		if (!page)
			break;
		if (elisa_gate_eptp_ok(elisa_eptp(page_to_phys(page)), is_full))
			return page;
		list_add(&page->lru, rejected);
	}
	return NULL;
}

/**
 * elisa_table_alloc_root() - allocate a root table for a sub context
 * @table: result
 * @is_full: which variant of gate pages is to lead to it
 *
 * Its EPTP stands as an immediate in gate pages, so the page lies below 4 GiB
 * and passes elisa_gate_eptp_ok(); about one page in four does.  Pages that
 * do not are held until one is found, or the allocator would offer them again.
 * Of some regions of 16 MiB, up to eight in a row, no page does: the lowest 16
 * MiB, ZONE_DMA, where many do, are the way out.
 *
 * Context: sleeps.  Return: 0 or -ENOMEM; @table is all zero then.
 */
int elisa_table_alloc_root(struct elisa_table *table, bool is_full)
{
	struct page *page, *next;
	LIST_HEAD(rejected);

	if (elisa_inject()) {
		*table = (struct elisa_table){};
		return -ENOMEM;
	}
	page = find_root(GFP_DMA32, &rejected, is_full);
	if (!page)
		page = find_root(GFP_DMA, &rejected, is_full);
	table->va = page ? page_address(page) : NULL;
	table->pa = page ? page_to_phys(page) : 0;
	list_for_each_entry_safe(page, next, &rejected, lru) {
		list_del(&page->lru);
		__free_page(page);
	}
	if (!table->va)
		return -ENOMEM;
	elisa_ledger_hold(table->pa);
	return 0;
}

/** elisa_table_free() - free a table page; an all-zero @table is fine */
void elisa_table_free(struct elisa_table *table)
{
	if (!table->va)
		return;
	elisa_ledger_drop(table->pa);
	free_page((unsigned long)table->va);
	table->va = NULL;
	table->pa = 0;
}

static int alloc_lower(struct elisa_ept *ept)
{
	int err = elisa_table_alloc(&ept->pdpt);

	return err ? err : elisa_table_alloc(&ept->pd);
}

/**
 * elisa_ept_alloc() - allocate the upper levels of a gate context
 * @ept: all zero; free with elisa_ept_free() also after an error
 */
int elisa_ept_alloc(struct elisa_ept *ept)
{
	int err = elisa_table_alloc(&ept->pml4);

	return err ? err : alloc_lower(ept);
}

/** elisa_ept_alloc_sub() - the same for a sub context, see above */
int elisa_ept_alloc_sub(struct elisa_ept *ept, bool is_full)
{
	int err = elisa_table_alloc_root(&ept->pml4, is_full);

	return err ? err : alloc_lower(ept);
}

/** elisa_ept_free() - no CPU may have a translation through @ept any more */
void elisa_ept_free(struct elisa_ept *ept)
{
	elisa_table_free(&ept->pd);
	elisa_table_free(&ept->pdpt);
	elisa_table_free(&ept->pml4);
}

/** elisa_alias_alloc() - allocate an alias; free it also after an error */
int elisa_alias_alloc(struct elisa_ept_alias *alias)
{
	int err = elisa_table_alloc(&alias->pdpt);

	if (!err)
		err = elisa_table_alloc(&alias->pd);
	return err ? err : elisa_table_alloc(&alias->pt);
}

/** elisa_alias_free() - no CPU may have a translation through it any more */
void elisa_alias_free(struct elisa_ept_alias *alias)
{
	elisa_table_free(&alias->pt);
	elisa_table_free(&alias->pd);
	elisa_table_free(&alias->pdpt);
}
