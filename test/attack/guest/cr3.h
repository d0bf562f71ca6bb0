/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * For attacks with page and descriptor tables: the special range, an export
 * with code that no call of theirs may reach, and crafted tables.
 */
#ifndef CR3_H
#define CR3_H

#include "elisa.h"

/* Page numbers inside chunks: kmod/apt.h, gate_code.h. */
#define GATE_L3	     128
#define GATE_L2	     129
#define GATE_L1	     130
#define GATE_LOW_L3  132
#define GATE_LOW_L2  133
#define LIST_VA	     0x1fd6d000ULL
#define PRIVATE_VA   0x1fd6e000ULL
#define LIST_PAGE    ((LIST_VA >> 12) & 511)
#define PRIVATE_PAGE ((PRIVATE_VA >> 12) & 511)
#define HOLE_CHUNK   511

#define PTE_ALL (PTE_RWU | 0x60) /* accessed and dirty */

/* Of the export of craft_export(). */
enum {
	X_NOP,
	X_SPIN,
	X_DIVIDE,
	X_FAR_RETURN,
	X_FAR_CALL,
	X_SLED,
};

#define SLED_VA	   (ELISA_SUB_IMAGE + PAGE_SIZE)
#define SLED_MAGIC 0x51edca11ed5eedULL

/* Its data: one page for struct sub_shared, one with crafted tables. */
#define DATA_PAGES 16
#define XBUF_PAGES 16

struct craft {
	struct export e;
	struct sub_shared *shared; /* secret[0]: SLED_MAGIC if the sled ran */
	u8 *data, *xbuf;
	struct att at0, at3;
};

bool craft_export(struct craft *c, const char *name);

u64 special_gpa(unsigned int chunk, unsigned int page);
unsigned int phys_bits(void);
unsigned int slot_of(const struct att *att);

/*
 * Tables in @mem, at least 9 pages, which the CPU will see at @gpa in gate or
 * sub; those for the gate map the page of the saved RSP to the EPTP list, those
 * for sub put the sled where the export's first code page is.
 */
void craft_gate_tables(u64 *mem, u64 gpa, unsigned int slot, u64 leak_gpa);
void craft_sub_tables(u64 *mem, u64 gpa, unsigned int slot);

/*
 * The vCPU's own tables in a page of their own: what a CR3 must point at for
 * the default context to go on.
 */
u64 *root_copy(void);

/*
 * Call with three bytes of code at CPL 0 right before the entry stub's end, so
 * that nothing comes between.  RBX is theirs.
 */
struct result call_behind(const struct att *att, const u8 code[3], u64 rbx,
			  u64 entry);

/* The sled did not run, and the vCPU can still make calls. */
bool unharmed(struct craft *c, const char *after);

/*
 * A call that spins until shared->go, and is interrupted: @hook is called at each
 * AEX, see aep_hook.
 */
struct result call_interrupted(struct craft *c, const struct att *att,
			       void (*hook)(const struct att *att, u64 handle,
					    struct outcome *out));

#endif /* CR3_H */
