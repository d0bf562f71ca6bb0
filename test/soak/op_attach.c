// SPDX-License-Identifier: GPL-2.0-only
/* Operations on attachments. */
#include <errno.h>
#include <string.h>

#include "ops.h"

/* Nobody else may use the guest's note of this attachment meanwhile. */
static void collect_att(unsigned int v, unsigned int a)
{
	unsigned int cpu;

	for (cpu = 0; cpu < SOAK_CPUS; cpu++)
		if (vms[v].bg[cpu].running && vms[v].bg[cpu].att == a)
			collect(v, cpu);
}

void attach_it(const struct draws *d)
{
	struct vm *vm = &vms[d->v];
	struct soak_box *box;
	uint64_t rights = may_write(d->v) ? 7 : 5;
	int64_t want = 0, ret;

	becomes("attach");
	collect_att(d->v, d->a);
	box = request(d->v, d->cpu, SOAK_ATTACH);
	strcpy(box->name, export_name[d->e]);
	box->arg[0] = d->a;
	box->arg[1] = d->cpl;
	box->arg[2] = d->xbuf_pages;
	if (!exports[d->e].alive)
		want = -ENOENT;
	else if (pinned_pages(d->v) + d->xbuf_pages > LIMIT_PINNED)
		want = -ENOSPC;
	ret = ask(d->v, d->cpu);
	expect_ret(ret, want, "attach");
	if (ret)
		return;
	if (d->e == EXPORT_FULL)
		rights |= 8;
	if (box->value[0] != rights)
		wrong("attach: rights %llx", (unsigned long long)box->value[0]);
	vm->att[d->a] = (struct att){
		.used = true,
		.live = true,
		.export = d->e,
		.cpl = d->cpl,
		.xbuf_pages = d->xbuf_pages,
	};
}

/* Attached there; if not, this operation was to make it so. */
bool has_att(const struct draws *d)
{
	if (!has_vm(d))
		return false;
	if (vms[d->v].att[d->a].used)
		return true;
	if (d->e < VMS && !exports[d->e].alive && d->e == d->v)
		export_it(d);
	else if (d->e >= VMS && !exports[d->e].alive)
		add_of_host(d->e);
	else
		attach_it(d);
	return false;
}

void detach_it(const struct draws *d)
{
	struct soak_box *box = request(d->v, d->cpu, SOAK_DETACH);

	becomes("detach");
	box->arg[0] = d->a;
	expect_ret(ask(d->v, d->cpu), 0, "detach");
	att_gone(d->v, d->a, false);
}

void do_attach(const struct draws *d)
{
	if (has_att(d))
		detach_it(d);
}

void do_detach(const struct draws *d)
{
	if (has_att(d))
		detach_it(d);
}

void do_attach_all(const struct draws *d)
{
	struct soak_box *box;
	unsigned int room;
	bool alive = exports[d->e].alive;

	if (!has_vm(d))
		return;
	room = LIMIT_ATTACHMENTS - attachments(d->v);
	box = request(d->v, d->cpu, SOAK_ATTACH_ALL);
	strcpy(box->name, export_name[d->e]);
	box->arg[1] = d->cpl;
	expect_ret(ask(d->v, d->cpu), alive ? -ENOSPC : -ENOENT,
		   "attachments up to the limit");
	if (box->value[0] != (alive ? room : 0))
		wrong("attachments up to the limit: %llu, not %u",
		      (unsigned long long)box->value[0], room);
}
