// SPDX-License-Identifier: GPL-2.0-only
/* Checkpoints: everything ends, is compared with the model, and leaves nothing. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>

#include "ops.h"

/* What the host may lose from the second checkpoint on, in kB; noise included. */
#define LOSS_MEMORY	6144
#define LOSS_SLAB	1536
#define CHECKPOINTS_MAX 4096

static struct {
	long available, slab;
} memory[CHECKPOINTS_MAX];
static unsigned int n_memory, daemon_fds_first;
static long pins_first;

/* Every alive export's cells, as its owner and all that are attached see them. */
static void check_sums(void)
{
	unsigned int v, a, e;
	struct soak_box *box;

	for (v = 0; v < VMS; v++) {
		if (!vms[v].alive)
			continue;
		if (vms[v].exported) {
			box = request(v, 0, SOAK_PEEK);
			ask(v, 0);
			check_cells(v, box->value, "its owner");
			result("cells checked");
		}
		for (a = 0; a < SOAK_ATTS; a++) {
			const struct att *att = &vms[v].att[a];
			int64_t ret;

			if (!att->used || !att->live)
				continue;
			box = request(v, a & 1, SOAK_READ);
			box->arg[0] = a;
			ret = ask(v, a & 1);
			e = att->export;
			if (ret == -EBUSY && v == VM_LOW)
				result("busy");
			else if (ret)
				wrong("%s reads %s: %lld", vm_name(v),
				      export_name[e], (long long)ret);
			else
				check_cells(e, box->value, vm_name(v));
			result("cells checked");
		}
	}
}

/* Nobody is attached to these, and they would go unread. */
static void attach_to_read(void)
{
	unsigned int v, e, a, n;

	for (e = EXPORT_HOST; e < EXPORTS; e++) {
		struct draws d = { .v = 0, .e = e, .cpl = 3 };

		for (n = 0, v = 0; v < VMS; v++)
			for (a = 0; a < SOAK_ATTS; a++)
				n += vms[v].att[a].used && vms[v].att[a].live &&
				     vms[v].att[a].export == e;
		if (!exports[e].alive || n)
			continue;
		while (d.v < VMS && !vms[d.v].enrolled)
			d.v++;
		if (d.v == VMS)
			continue;
		d.a = e;
		if (vms[d.v].att[d.a].used)
			detach_it(&d);
		attach_it(&d);
	}
}

/* A VM that detaches and destroys all has nothing left, and ends. */
static void give_back(unsigned int v)
{
	struct draws d = { .v = v };

	for (d.a = 0; vms[v].enrolled && d.a < SOAK_ATTS; d.a++)
		if (vms[v].att[d.a].used)
			detach_it(&d);
	if (vms[v].exported) {
		request(v, 1, SOAK_UNEXPORT);
		expect_ret(ask(v, 1), 0, "unexport");
		export_gone(v);
	}
	if (vms[v].enrolled)
		check_figures(v);
	vm_quit(v);
}

/* All that is going on comes to an end, is checked, and goes. */
static void tear_down(void)
{
	struct draws d = {};
	unsigned int v;

	checkpoint_begins();
	all_cpus_on();
	for (v = 0; v < VMS; v++) {
		unsigned int cpu;

		for (cpu = 0; vms[v].alive && cpu < SOAK_CPUS; cpu++)
			collect(v, cpu);
		d.v = v;
		for (d.handle = 0; d.handle < SOAK_HANDLES; d.handle++) {
			uint64_t how = draw(3);

			d.cpu = draw(2);
			if (!vms[v].enrolled || !vms[v].handle[d.handle].asked)
				continue;
			/* One of three is left for the VM's death. */
			if (how == 0)
				abort_it(&d);
			else if (how == 1)
				resume_it(&d);
		}
	}
	attach_to_read();
	check_sums();
	for (v = 0; v < VMS; v++) {
		uint64_t how = draw(2);

		if (vms[v].enrolled)
			check_figures(v);
		if (vms[v].alive && how)
			vm_kill(v);
		else if (vms[v].alive)
			give_back(v);
	}
	for (v = EXPORT_HOST; v < EXPORTS; v++)
		if (exports[v].alive)
			end_export(v);
}

static bool is_left_alone(void *unused)
{
	return !info("vms") && !info("exports") && module_is_free(unused);
}

/* Pages that are pinned now, whoever did it. */
static long pins(void)
{
	return proc_field("/proc/vmstat", "nr_foll_pin_acquired") -
	       proc_field("/proc/vmstat", "nr_foll_pin_released");
}

/* Nobody uses ELISA: what is left? */
static void check_nothing_left(void)
{
	unsigned int fds;

	if (!wait_for(is_left_alone, NULL))
		wrong("left: %ld VMs, %ld exports, module refcnt %ld",
		      info("vms"), info("exports"),
		      proc_number("/sys/module/elisa/refcnt", NULL));
	if (pins() != pins_first)
		wrong("%ld pages are still pinned", pins() - pins_first);
	if (!daemon_runs)
		daemon_start();
	/* It may still look at VMs that have just gone. */
	nap(500000);
	fds = daemon_fds();
	if (!daemon_fds_first)
		daemon_fds_first = fds;
	if (fds > daemon_fds_first)
		wrong("the daemon has %u descriptors, at first %u", fds,
		      daemon_fds_first);
}

/*
 * The first checkpoint has filled caches.  A leak goes on: the least loss of the
 * last checkpoints counts, so that what comes back later is none.
 */
static void check_memory(void)
{
	long lost = 0, grown = 0;
	unsigned int i, from;

	if (n_memory == CHECKPOINTS_MAX)
		return;
	measure_memory(&memory[n_memory].available, &memory[n_memory].slab);
	n_memory++;
	if (n_memory < 3)
		return;
	from = n_memory > 5 ? n_memory - 3 : n_memory - 1;
	for (i = from; i < n_memory; i++) {
		long l = memory[1].available - memory[i].available;
		long g = memory[i].slab - memory[1].slab;

		if (i == from || l < lost)
			lost = l;
		if (i == from || g < grown)
			grown = g;
	}
	if (lost > LOSS_MEMORY || grown > LOSS_SLAB)
		wrong("the host lost %ld kB of memory, slabs grew by %ld kB",
		      lost, grown);
}

static void check_all(bool reload)
{
	trace("checkpoint");
	tear_down();
	check_nothing_left();
	check_memory();
	printf("# checkpoint %u: MemAvailable %ld kB, Slab %ld kB\n", n_memory,
	       memory[n_memory - 1].available, memory[n_memory - 1].slab);
	if (!reload || has_failed())
		return;
	daemon_stop(SIGTERM);
	if (!module_unload() || !module_load())
		wrong("the module does not come back");
	daemon_start();
}

void checkpoint(bool reload)
{
	check_all(reload);
	op_ends();
}

void first_checkpoint(void)
{
	pins_first = pins();
}
