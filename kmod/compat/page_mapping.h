/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The file that a page belongs to, and what kind of memory it is.
 *
 * folio_mapping() and its kind came with 5.16; page_mapping() went with 6.17.
 */
#ifndef ELISA_COMPAT_PAGE_MAPPING_H
#define ELISA_COMPAT_PAGE_MAPPING_H

#include <linux/memremap.h>
#include <linux/mm.h>
#include <linux/pagemap.h>

static inline struct address_space *elisa_page_mapping(struct page *page)
{
#ifdef ELISA_HAVE_FOLIO_MAPPING
	return folio_mapping(page_folio(page));
#else
	return page_mapping(page);
#endif
}

/* Anonymous memory, tmpfs, or a device's. */
static inline bool elisa_page_has_no_disk(struct page *page)
{
#ifdef ELISA_HAVE_FOLIO_MAPPING
	struct folio *folio = page_folio(page);

	return folio_test_anon(folio) || folio_test_swapbacked(folio) ||
	       folio_is_zone_device(folio);
#else
	page = compound_head(page);
	return PageAnon(page) || PageSwapBacked(page) ||
	       is_zone_device_page(page);
#endif
}

#endif /* ELISA_COMPAT_PAGE_MAPPING_H */
