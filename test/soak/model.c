// SPDX-License-Identifier: GPL-2.0-only
/* The world as it must be. */
#include <stddef.h>

#include "soak.h"

struct vm vms[VMS];
struct export exports[EXPORTS];

const char *const export_name[EXPORTS] = {
	"soak.0", "soak.1", "soak.2", "soak.host", "soak.full",
};

const char *vm_name(unsigned int v)
{
	static const char *const name[VMS] = { "vm0", "vm1", "vm2" };

	return name[v];
}

bool may_write(unsigned int v)
{
	return v != VM_READ_ONLY;
}

/* A revoked attachment counts until it is detached, but pins nothing. */
unsigned int attachments(unsigned int v)
{
	unsigned int a, n = 0;

	for (a = 0; a < SOAK_ATTS; a++)
		n += vms[v].att[a].used;
	return n;
}

unsigned int pinned_pages(unsigned int v)
{
	unsigned int a, n = vms[v].exported;

	for (a = 0; a < SOAK_ATTS; a++)
		if (vms[v].att[a].used && vms[v].att[a].live)
			n += vms[v].att[a].xbuf_pages;
	return n;
}

void cell_add(struct cell *cell, int64_t lo, int64_t hi)
{
	cell->lo += lo;
	cell->hi += hi;
}

void export_born(unsigned int e)
{
	exports[e] = (struct export){
		.alive = true,
		.born = exports[e].born + 1,
	};
}

/* The cell that calls in the background add to; NULL: none, or it is gone. */
struct cell *sum_of(unsigned int v, const struct background *bg)
{
	struct export *e = &exports[bg->export];

	if (!bg->adds || !e->alive || e->born != bg->born)
		return NULL;
	return &e->cell[SOAK_SUM + v];
}

/* Its suspended calls are over, its callers may see that at any moment. */
void att_gone(unsigned int v, unsigned int a, bool revoked)
{
	struct vm *vm = &vms[v];
	unsigned int i;

	if (!vm->att[a].used)
		return;
	for (i = 0; i < SOAK_CPUS; i++)
		if (vm->bg[i].running && vm->bg[i].att == a)
			vm->bg[i].disturbed = true;
	for (i = 0; i < SOAK_HANDLES; i++)
		if (vm->handle[i].asked && vm->handle[i].att == a)
			vm->handle[i].live = false;
	vm->att[a].live = false;
	if (!revoked)
		vm->att[a].used = false;
}

void export_gone(unsigned int e)
{
	unsigned int v, a;

	exports[e].alive = false;
	for (v = 0; v < VMS; v++)
		for (a = 0; a < SOAK_ATTS; a++)
			if (vms[v].att[a].used && vms[v].att[a].export == e)
				att_gone(v, a, true);
	if (e < VMS)
		vms[e].exported = false;
}

void vm_unenrolled(unsigned int v)
{
	unsigned int a;

	if (exports[v].alive)
		export_gone(v);
	for (a = 0; a < SOAK_ATTS; a++)
		att_gone(v, a, false);
	vms[v].enrolled = false;
}

/*
 * Calls of a VM that was killed: those that it told of were made, and the one
 * that it was in may have been.
 */
void vm_gone(unsigned int v)
{
	struct vm *vm = &vms[v];
	unsigned int i;

	for (i = 0; i < SOAK_CPUS; i++) {
		const struct background *bg = &vm->bg[i];
		struct cell *sum = sum_of(v, bg);
		uint64_t done = vm->box[i]->progress;

		/* sum->hi has all of them since the request. */
		if (bg->running && sum)
			cell_add(sum, done,
				 -(int64_t)(bg->calls - done) +
					 (done < bg->calls));
	}
	vm_unenrolled(v);
	for (i = 0; i < SOAK_HANDLES; i++)
		vm->handle[i].asked = false;
	for (i = 0; i < SOAK_CPUS; i++)
		vm->bg[i].running = false;
	vm->alive = false;
}

void check_cells(unsigned int e, const __u64 *value, const char *who)
{
	unsigned int i;

	for (i = 0; i < SOAK_CELLS; i++) {
		const struct cell *c = &exports[e].cell[i];

		if (value[i] < c->lo || value[i] > c->hi)
			wrong("%s, read by %s: cell %u is %llu, not %llu..%llu",
			      export_name[e], who, i,
			      (unsigned long long)value[i],
			      (unsigned long long)c->lo,
			      (unsigned long long)c->hi);
	}
}
