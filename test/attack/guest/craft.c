// SPDX-License-Identifier: GPL-2.0-only
/* Crafted tables and the export that they want to abuse; see cr3.h. */
#include "cr3.h"

BLOB(nop);
BLOB(spin);
BLOB(divide);
BLOB(far_return);
BLOB(far_call);
BLOB(sled);

unsigned int phys_bits(void)
{
	u32 id[4];

	cpuid(0x80000008, 0, id);
	return id[0] & 0xff;
}

u64 special_gpa(unsigned int chunk, unsigned int page)
{
	unsigned int bits = phys_bits();
	u64 end = 1ULL << (bits > 48 ? 48 : bits);

	return end - (1ULL << 30) + (u64)chunk * ELISA_CHUNK_SIZE +
	       page * PAGE_SIZE;
}

unsigned int slot_of(const struct att *att)
{
	return (att->window - ELISA_WINDOW_BASE) / ELISA_WINDOW_SIZE;
}

bool craft_export(struct craft *c, const char *name)
{
	struct att first;

	memset(c, 0, sizeof(*c));
	c->data = pages(DATA_PAGES);
	c->xbuf = pages(XBUF_PAGES);
	c->shared = (struct sub_shared *)c->data;
	export_begin(&c->e, name);
	export_data(&c->e, c->data, DATA_PAGES);
	export_blob(&c->e, nop);
	export_blob(&c->e, spin);
	export_blob(&c->e, divide);
	export_blob(&c->e, far_return);
	export_blob(&c->e, far_call);
	/* A page of its own, to be mapped in place of the first. */
	c->e.used = PAGE_SIZE;
	export_blob(&c->e, sled);
	if (export_seal(&c->e)) {
		check(false, "export %s: %lld", name, c->e.err);
		return false;
	}
	/* The first window is for those who map something else there. */
	attach(&first, name, 3, NULL, 0);
	attach(&c->at0, name, 0, c->xbuf, XBUF_PAGES);
	attach(&c->at3, name, 3, c->xbuf, XBUF_PAGES);
	if (c->at0.err || c->at3.err) {
		check(false, "attach: %lld %lld", c->at0.err, c->at3.err);
		return false;
	}
	check(!elisa_call(&c->at0, X_NOP, ARGS(1)).status &&
		      !elisa_call(&c->at3, X_NOP, ARGS(1)).status,
	      "%s: calls at CPL 0 and 3", name);
	check(!elisa_call(&c->at3, X_SLED, ARGS(0)).status &&
		      c->shared->secret[0] == SLED_MAGIC,
	      "%s: the sled notes that it runs", name);
	c->shared->secret[0] = 0;
	return true;
}

#define AT(table)     (512 * (table))
#define TABLE(gpa, n) (((gpa) + PAGE_SIZE * (n)) | PTE_ALL)
#define W_PML4	      (ELISA_WINDOW_BASE >> 39 & 511)

void craft_gate_tables(u64 *mem, u64 gpa, unsigned int slot, u64 leak_gpa)
{
	memset(mem, 0, 9 * PAGE_SIZE);
	mem[AT(0) + W_PML4] = TABLE(gpa, 1);
	mem[AT(1)] = TABLE(gpa, 2);
	mem[AT(2)] = TABLE(gpa, 3);
	mem[AT(3) + slot * 4 + 1] = special_gpa(ELISA_CHUNK_GATE, slot) |
				    PTE_ALL;
	mem[AT(0) + 0] = TABLE(gpa, 4);
	mem[AT(4) + 0] = TABLE(gpa, 5);
	mem[AT(5) + (LIST_VA >> 21 & 511)] = TABLE(gpa, 6);
	mem[AT(6) + LIST_PAGE] = leak_gpa | PTE_ALL;
	/* The gate stores RSP at offset 0x10: list[2]. */
	mem[AT(6) + PRIVATE_PAGE] =
		special_gpa(ELISA_CHUNK_GATE_DATA, LIST_PAGE) | PTE_ALL;
}

void craft_sub_tables(u64 *mem, u64 gpa, unsigned int slot)
{
	unsigned int i;

	memset(mem, 0, 9 * PAGE_SIZE);
	mem[AT(0) + W_PML4] = TABLE(gpa, 1);
	mem[AT(1)] = TABLE(gpa, 2);
	for (i = ELISA_CHUNK_INSTANCE; i <= ELISA_CHUNK_DATA; i++)
		mem[AT(2) + i] = special_gpa(i, 0) | PTE_ALL | PTE_PS;
	mem[AT(2)] = TABLE(gpa, 3);
	mem[AT(3) + slot * 4 + 1] = special_gpa(ELISA_CHUNK_SUB, 0) | PTE_ALL;
	/* Page 0 is the entry table; the sled for all code. */
	mem[AT(2) + ELISA_CHUNK_IMAGE] = TABLE(gpa, 4);
	for (i = 0; i < 512; i++)
		mem[AT(4) + i] = special_gpa(ELISA_CHUNK_IMAGE, i ? 2 : 0) |
				 PTE_ALL;
}

u64 *root_copy(void)
{
	return memcpy(pages(1), this_cpu()->root, PAGE_SIZE);
}

struct result call_behind(const struct att *att, const u8 code[3], u64 rbx,
			  u64 entry)
{
	const u8 int3[3] = { 0xcc, 0xcc, 0xcc };
	struct window *w = window_at(att->window);
	struct regs in = {
		.rip = att->window + ELISA_W_RESTART - 3,
		.rbx = rbx,
		.r11 = entry,
		.rsp = random() & ~15ULL,
		.rdi = 1,
	};
	struct result res = {};

	memcpy(w->page[0] + ELISA_W_RESTART - 3, code, 3);
	vmfunc_at(in.rip, &in, 0, &res.last);
	memcpy(w->page[0] + ELISA_W_RESTART - 3, int3, 3);
	res.value = res.last.trap.regs.rdx;
	res.status = res.last.how == HOW_RETURN ? (s64)res.last.trap.regs.rax :
						  -1000000 - (s64)res.last.how;
	if (res.last.how == HOW_TRAP)
		res.status -= 1000 * res.last.trap.regs.vector;
	if (res.last.how == HOW_AEP)
		abort_call(res.last.trap.regs.rdi);
	return res;
}

bool unharmed(struct craft *c, const char *after)
{
	struct result at0 = elisa_call(&c->at0, X_NOP, ARGS(5, 6));
	struct result at3 = elisa_call(&c->at3, X_NOP, ARGS(5, 6));
	u64 magic = c->shared->secret[0];

	c->shared->secret[0] = 0;
	return expect(!magic && !at0.status && !at3.status && at0.value == 17 &&
			      at3.value == 17,
		      "%s: sled %llx, calls %lld %lld", after, magic,
		      at0.status, at3.status);
}

struct result call_interrupted(struct craft *c, const struct att *att,
			       void (*hook)(const struct att *att, u64 handle,
					    struct outcome *out))
{
	struct result res;

	c->shared->go = 0;
	aep_hook = hook;
	/* A debug build takes its time for an AEX and all that goes with it. */
	storm_start(1500000, 2500000);
	res = elisa_call(att, X_SPIN, ARGS(0));
	storm_stop();
	aep_hook = NULL;
	return res;
}
