/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One vCPU's gate context and one instance's sub context, put together from
 * the product's builders in the way of kmod/vcpu.c, attachment.c, instance.c
 * and export.c.
 */
#ifndef ELISA_TEST_WORLD_H
#define ELISA_TEST_WORLD_H

#include "apt.h"
#include "ept_walk.h"

#define WORLD_IMAGE_PAGES     4 /* entry table, code, constants, data */
#define WORLD_XBUF_PAGES      3
#define WORLD_LAST_DATA_PAGES 5 /* in the last data chunk */

/**
 * struct world_config - what to build
 * @phys_bits: MAXPHYADDR
 * @la57: the guest uses 5-level paging
 * @user: attached at CPL 3
 * @slot: the attachment's window
 * @other_slot: another open window, of the other CPL
 * @data_chunks: chunks of shared region
 * @xbuf: the attachment has an exchange buffer
 * @write: the attachment may write
 * @exec_only: the CPU has execute-only pages
 * @full: the export is trusted fully
 */
struct world_config {
	unsigned int phys_bits;
	bool la57, user;
	unsigned int slot, other_slot;
	unsigned int data_chunks;
	bool xbuf, write, exec_only, full;
};

/** struct world_side - one context */
struct world_side {
	struct elisa_apt apt;
	struct elisa_ept_alias alias;
	struct elisa_ept ept;
	u64 eptp;
};

struct world {
	struct world_config config;
	struct ept_cpu cpu;
	u64 base, exec;
	struct world_side gate, sub;
	struct elisa_table gate_code, gate_data, list, private;
	struct elisa_table gate_page, other_gate_page;
	struct elisa_table system, landing, info, pages, stack[4];
	struct elisa_table image_pt, image[WORLD_IMAGE_PAGES];
	struct elisa_table xbuf_pt, xbuf[WORLD_XBUF_PAGES];
	struct elisa_table data_pt[128], data, last_data[WORLD_LAST_DATA_PAGES];
};

void world_build(struct world *world, const struct world_config *config);

#endif /* ELISA_TEST_WORLD_H */
