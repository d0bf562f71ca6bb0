// SPDX-License-Identifier: GPL-2.0-only
/* Operations on VMs. */
#include <signal.h>
#include <stdio.h>

#include "ops.h"

void start(const struct draws *d)
{
	becomes("start");
	vm_start(d->v);
	result("good");
}

void enrol(const struct draws *d)
{
	becomes("enrol");
	vm_enrol(d->v);
	result("good");
}

/* The VM runs and is enrolled; if not, this operation was to make it so. */
bool has_vm(const struct draws *d)
{
	if (!vms[d->v].alive)
		start(d);
	else if (!vms[d->v].enrolled)
		enrol(d);
	else
		return true;
	return false;
}

void do_start(const struct draws *d)
{
	if (has_vm(d))
		result("is there");
}

void do_kill(const struct draws *d)
{
	if (!vms[d->v].alive) {
		start(d);
		return;
	}
	vm_kill(d->v);
	result("killed");
}

void do_quit(const struct draws *d)
{
	if (!vms[d->v].alive) {
		start(d);
		return;
	}
	vm_quit(d->v);
	result("ended");
}

void do_unenrol(const struct draws *d)
{
	char out[512];
	int ret;

	if (!has_vm(d))
		return;
	ret = run_command(out, sizeof(out), "elisactl vm del %s",
			  vm_name(d->v));
	if (ret)
		wrong("vm del: status %d: %s", ret, out);
	vm_unenrolled(d->v);
	/* Its vCPUs run, and so all of them are disarmed soon. */
	if (!wait_for(is_forgotten, (void *)vm_name(d->v)))
		wrong("%s is leaving for ever", vm_name(d->v));
	result("deleted");
}

void do_memslot(const struct draws *d)
{
	struct soak_box *box;

	if (!has_vm(d))
		return;
	box = request(d->v, d->cpu, SOAK_MEMSLOT);
	box->arg[0] = 1 + d->x % 8;
	expect_ret(ask(d->v, d->cpu), 0, "memory slots");
}

void do_junk(const struct draws *d)
{
	struct soak_box *box;
	int64_t ret;

	if (!has_vm(d))
		return;
	box = request(d->v, d->cpu, SOAK_JUNK);
	box->arg[0] = d->x | 1;
	ret = ask(d->v, d->cpu);
	if (ret >= 0)
		wrong("junk: %lld", (long long)ret);
	result("refused");
}

/* What the module and KVM's mm account for this VM. */
void check_figures(unsigned int v)
{
	const struct vm *vm = &vms[v];
	const struct {
		const char *name;
		long want;
	} figures[] = {
		{ "attachments", attachments(v) },
		{ "exports", vm->exported },
		{ "pinned_pages", pinned_pages(v) },
	};
	unsigned int i, a, live = 0;
	char path[64];
	long got;

	for (i = 0; i < sizeof(figures) / sizeof(*figures); i++) {
		got = figure(vm_name(v), figures[i].name);
		if (got != figures[i].want)
			wrong("%s: %s: %ld, expected %ld", vm_name(v),
			      figures[i].name, got, figures[i].want);
	}
	for (a = 0; a < SOAK_ATTS; a++)
		live += vm->att[a].used && vm->att[a].live;
	got = figure(vm_name(v), "instances");
	if (got < 0 || (!live && got) ||
	    got > (v == VM_LOW ? LIMIT_INSTANCES_LOW : LIMIT_INSTANCES))
		wrong("%s: %ld instances, %u live attachments", vm_name(v), got,
		      live);
	snprintf(path, sizeof(path), "/proc/%d/status", vm->pid);
	got = proc_number(path, "VmPin");
	if (got != 4 * (long)pinned_pages(v))
		wrong("%s: VmPin %ld kB, expected %u pages", vm_name(v), got,
		      pinned_pages(v));
}

void do_figures(const struct draws *d)
{
	if (!has_vm(d))
		return;
	check_figures(d->v);
	result("good");
}

/* A VMM that stands still holds nobody up, nor does what happens then to it. */
void do_freeze(const struct draws *d)
{
	if (!has_vm(d))
		return;
	kill(vms[d->v].pid, SIGSTOP);
	if (d->x & 1)
		end_export(d->e);
	else
		result("frozen");
	kill(vms[d->v].pid, SIGCONT);
}
