/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The file that a page belongs to.
 *
 * folio_mapping() came with 5.16; page_mapping() went with 6.17.
 */
#ifndef ELISA_COMPAT_PAGE_MAPPING_H
#define ELISA_COMPAT_PAGE_MAPPING_H

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

#endif /* ELISA_COMPAT_PAGE_MAPPING_H */
