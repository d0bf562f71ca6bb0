// SPDX-License-Identifier: GPL-2.0-only
/* Operations on the host: the daemon, the module, CPUs, memory. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "ops.h"

void do_lists(const struct draws *d)
{
	unsigned int e, v, a, n;
	char out[64], got[EXPORTS][8];
	int ret;

	(void)d;
	for (e = 0; e < EXPORTS; e++) {
		ret = run_command(out, sizeof(out),
				  "elisactl export list | grep -cw '%s'",
				  export_name[e]);
		if (ret == exports[e].alive)
			wrong("export list: %s is%s there", export_name[e],
			      ret ? " not" : "");
		for (n = 0, v = 0; v < VMS; v++)
			for (a = 0; a < SOAK_ATTS; a++)
				n += vms[v].att[a].used && vms[v].att[a].live &&
				     vms[v].att[a].export == e;
		run_command(got[e], sizeof(got[e]),
			    "elisactl -j export list | tr -d ' \\n' | sed 's/}/\\n/g' | grep '\"%s\"' | sed 's/.*\"attachments\":\\([0-9]*\\).*/\\1/'",
			    export_name[e]);
		if (exports[e].alive && strtoul(got[e], NULL, 10) != n)
			wrong("export list: %s has %s attachments, expected %u",
			      export_name[e], got[e], n);
	}
	result("good");
}

void do_daemon(const struct draws *d)
{
	if (daemon_runs) {
		daemon_stop(d->x & 1 ? SIGKILL : SIGTERM);
		result(d->x & 1 ? "killed" : "ended");
	} else {
		daemon_start();
		result("started");
	}
}

/* While anything is enrolled or exported the module stays. */
void do_reload(const struct draws *d)
{
	bool used = exports[EXPORT_HOST].alive || exports[EXPORT_FULL].alive;
	unsigned int v;
	bool ran = daemon_runs;

	(void)d;
	for (v = 0; v < VMS; v++)
		used |= vms[v].enrolled;
	if (used) {
		if (module_unload())
			wrong("the module was unloaded while it was in use");
		result("refused");
		return;
	}
	daemon_stop(SIGTERM);
	/* The last VM may be forgotten a moment before it lets the module go. */
	wait_for(module_is_free, NULL);
	if (!module_unload() || !module_load())
		wrong("the module does not come back");
	if (ran)
		daemon_start();
	result("reloaded");
}

static bool cpu1_is_off;

static void set_cpu1(bool on)
{
	if (!write_file("/sys/devices/system/cpu/cpu1/online", on ? "1" : "0"))
		wrong("CPU 1 does not go %s", on ? "online" : "offline");
	cpu1_is_off = !on;
}

/* For a checkpoint. */
void all_cpus_on(void)
{
	if (cpu1_is_off)
		set_cpu1(true);
}

void do_cpu(const struct draws *d)
{
	(void)d;
	if (access("/sys/devices/system/cpu/cpu1", F_OK)) {
		result("there is one CPU");
		return;
	}
	result(cpu1_is_off ? "online" : "offline");
	set_cpu1(cpu1_is_off);
}

void do_memory(const struct draws *d)
{
	if (d->x & 1)
		write_file("/proc/sys/vm/compact_memory", "1");
	else
		write_file("/proc/sys/vm/drop_caches", "3");
	result("good");
}
