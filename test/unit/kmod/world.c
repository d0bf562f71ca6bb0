// SPDX-License-Identifier: GPL-2.0-only
/*
 * Gate and sub contexts for tests.
 */
#include <elisa/layout.h>

#include "gate_code.h"
#include "memory.h"
#include "test.h"
#include "world.h"

#define R  ELISA_EPT_R
#define RW (ELISA_EPT_R | ELISA_EPT_W)

/* As elisa_table_alloc(): zeroed. */
static void table_alloc(struct elisa_table *table)
{
	memory_alloc(table);
	memset(table->va, 0, 4096);
}

static void side_alloc(struct world_side *side, bool la57, bool low)
{
	table_alloc(&side->apt.root);
	table_alloc(&side->apt.l3);
	table_alloc(&side->apt.l2);
	table_alloc(&side->apt.l1);
	if (la57)
		table_alloc(&side->apt.l4);
	if (low) {
		table_alloc(&side->apt.low_l3);
		table_alloc(&side->apt.low_l2);
	}
	table_alloc(&side->alias.pdpt);
	table_alloc(&side->alias.pd);
	table_alloc(&side->alias.pt);
	table_alloc(&side->ept.pml4);
	table_alloc(&side->ept.pdpt);
	table_alloc(&side->ept.pd);
	side->eptp = elisa_eptp(side->ept.pml4.pa);
}

/* elisa_vm_build_gate(), attach_locked() */
static void build_gate_apt(struct world *w)
{
	const struct world_config *c = &w->config;
	struct elisa_apt *apt = &w->gate.apt;

	elisa_apt_build_gate(apt, w->base, c->la57);
	elisa_ept_build_alias(&w->gate.alias, apt->root.pa);
	elisa_apt_gate_window(apt, w->base, c->slot, c->user, true);
	elisa_apt_gate_window(apt, w->base, c->other_slot, !c->user, true);
}

/* build_gate() and elisa_vcpu_open_slot() in vcpu.c */
static void build_gate(struct world *w)
{
	const struct elisa_apt *apt = &w->gate.apt;
	u64 *code = w->gate_code.va, *data = w->gate_data.va;

	elisa_ept_set_page(code, ELISA_APT_GATE_L3, apt->l3.pa, R);
	elisa_ept_set_page(code, ELISA_APT_GATE_L2, apt->l2.pa, R);
	elisa_ept_set_page(code, ELISA_APT_GATE_L1, apt->l1.pa, R);
	elisa_ept_set_page(code, ELISA_APT_GATE_LOW_L3, apt->low_l3.pa, R);
	elisa_ept_set_page(code, ELISA_APT_GATE_LOW_L2, apt->low_l2.pa, R);
	if (w->config.la57)
		elisa_ept_set_page(code, ELISA_APT_GATE_L4, apt->l4.pa, R);
	elisa_ept_set_page(data, ELISA_GATE_LIST_PAGE, w->list.pa, RW);
	elisa_ept_set_page(data, ELISA_GATE_PRIVATE_PAGE, w->private.pa, RW);
	elisa_ept_build(&w->gate.ept, &w->gate.alias, w->base);
	elisa_ept_set_chunk(&w->gate.ept, ELISA_CHUNK_GATE, w->gate_code.pa,
			    R | ELISA_EPT_EXEC);
	elisa_ept_set_chunk(&w->gate.ept, ELISA_CHUNK_GATE_DATA,
			    w->gate_data.pa, RW);
	elisa_ept_set_page(code, w->config.slot, w->gate_page.pa, w->exec);
	elisa_ept_set_page(code, w->config.other_slot, w->other_gate_page.pa,
			   w->exec);
}

/* build_system_pages() in attachment.c */
static void build_system(struct world *w)
{
	const struct elisa_apt *apt = &w->sub.apt;
	const struct world_config *c = &w->config;
	u64 *system = w->system.va;
	unsigned int i;

	elisa_apt_build_sub(apt, w->base, c->la57, c->slot, c->user,
			    c->data_chunks);
	elisa_ept_build_alias(&w->sub.alias, apt->root.pa);
	elisa_ept_set_page(system, ELISA_APT_SUB_LANDING, w->landing.pa,
			   w->exec);
	elisa_ept_set_page(system, ELISA_APT_SUB_L3, apt->l3.pa, R);
	elisa_ept_set_page(system, ELISA_APT_SUB_L2, apt->l2.pa, R);
	elisa_ept_set_page(system, ELISA_APT_SUB_L1, apt->l1.pa, R);
	if (c->la57)
		elisa_ept_set_page(system, ELISA_APT_SUB_L4, apt->l4.pa, R);
	for (i = 0; c->xbuf && i < WORLD_XBUF_PAGES; i++)
		elisa_ept_set_page(w->xbuf_pt.va, i, w->xbuf[i].pa, RW);
}

/* build_tables() in export.c */
static void build_export(struct world *w)
{
	const u64 rights[WORLD_IMAGE_PAGES] = { R, w->exec, R, RW };
	unsigned int chunks = w->config.data_chunks, i, page, n;

	for (i = 0; i < WORLD_IMAGE_PAGES; i++)
		elisa_ept_set_page(w->image_pt.va, i, w->image[i].pa,
				   rights[i]);
	for (i = 0; i < chunks; i++) {
		n = i == chunks - 1 ? WORLD_LAST_DATA_PAGES : 512;
		for (page = 0; page < n; page++)
			elisa_ept_set_page(w->data_pt[i].va, page,
					   n == 512 ? w->data.pa :
						      w->last_data[page].pa,
					   RW);
	}
}

/* instance_create() in instance.c */
static void build_instance(struct world *w)
{
	const struct elisa_ept *ept = &w->sub.ept;
	u64 data = w->config.write ? RW : R;
	unsigned int i;

	for (i = 0; i < ELISA_STACK_PAGES; i++)
		elisa_ept_set_page(w->pages.va, ELISA_STACK_FIRST_PAGE + i,
				   w->stack[i].pa, RW);
	elisa_ept_set_page(w->pages.va, 0, w->info.pa, R);
	if (w->config.full) { /* elisa_instance_map() */
		elisa_ept_set_page(w->pages.va, ELISA_FULL_LIST_PAGE,
				   w->list.pa, RW);
		elisa_ept_set_page(w->pages.va, ELISA_FULL_PRIVATE_PAGE,
				   w->private.pa, R);
	}
	elisa_ept_build(ept, &w->sub.alias, w->base);
	elisa_ept_set_chunk(ept, ELISA_CHUNK_SUB, w->system.pa, ELISA_EPT_RWX);
	elisa_ept_set_chunk(ept, ELISA_CHUNK_INSTANCE, w->pages.pa, RW);
	elisa_ept_set_chunk(ept, ELISA_CHUNK_IMAGE, w->image_pt.pa,
			    data | ELISA_EPT_EXEC);
	if (w->config.xbuf)
		elisa_ept_set_chunk(ept, ELISA_CHUNK_XBUF, w->xbuf_pt.pa, RW);
	for (i = 0; i < w->config.data_chunks; i++)
		elisa_ept_set_chunk(ept, ELISA_CHUNK_DATA + i, w->data_pt[i].pa,
				    data);
}

static void alloc_pages(struct world *w)
{
	struct elisa_table *const page[] = {
		&w->gate_code, &w->gate_data,	    &w->list,	  &w->private,
		&w->gate_page, &w->other_gate_page, &w->system,	  &w->landing,
		&w->info,      &w->pages,	    &w->image_pt, &w->xbuf_pt,
		&w->data,
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(page); i++)
		table_alloc(page[i]);
	for (i = 0; i < ELISA_STACK_PAGES; i++)
		table_alloc(&w->stack[i]);
	for (i = 0; i < WORLD_IMAGE_PAGES; i++)
		table_alloc(&w->image[i]);
	for (i = 0; i < WORLD_XBUF_PAGES; i++)
		table_alloc(&w->xbuf[i]);
	for (i = 0; i < w->config.data_chunks; i++)
		table_alloc(&w->data_pt[i]);
	for (i = 0; i < WORLD_LAST_DATA_PAGES; i++)
		table_alloc(&w->last_data[i]);
}

/** world_build() - build both contexts; all memory is new */
void world_build(struct world *w, const struct world_config *config)
{
	memset(w, 0, sizeof(*w));
	w->config = *config;
	w->cpu = (struct ept_cpu){
		config->phys_bits,
		true,
		config->exec_only,
	};
	w->exec = ELISA_EPT_EXEC | (config->exec_only ? 0 : R);
	w->base = elisa_special_base(config->phys_bits);
	memory_reset((1ULL << config->phys_bits) - (16 << 20));
	side_alloc(&w->gate, config->la57, true);
	side_alloc(&w->sub, config->la57, false);
	alloc_pages(w);
	build_gate_apt(w);
	build_gate(w);
	build_system(w);
	build_export(w);
	build_instance(w);
}
