// SPDX-License-Identifier: GPL-2.0-only
#include <getopt.h>
#include <string.h>
#include <sys/utsname.h>

#include "cmd.h"
#include "doctor.h"
#include "log.h"
#include "print.h"
#include "probe.h"

struct report {
	struct print print;
	unsigned int wrong;
};

static void on_row(const struct doctor_row *row, void *arg)
{
	struct report *report = arg;
	struct print *print = &report->print;

	report->wrong += row->state == DOCTOR_NO;
	print_row(print);
	print_text(print, "check", row->what);
	print_text(print, "state", doctor_state_name(row->state));
	print_text(print, "found", row->found);
	if (*row->todo)
		print_text(print, "do", row->todo);
	else
		print_none(print, "do");
}

static void run_probe(struct report *report)
{
	struct doctor_row row = { .what = "probe" };

	if (probe(row.found, sizeof(row.found))) {
		row.state = DOCTOR_NO;
		strcpy(row.todo, "see the lines above, and dmesg");
	}
	on_row(&row, report);
}

static const struct option options[] = {
	{ "probe", no_argument, NULL, 'p' },
	{},
};

int cmd_doctor(const struct cmd_env *env, int argc, char **argv)
{
	struct report report = { 0 };
	char hypervisor[HYPERVISOR_SIZE];
	struct doctor_host host = {
		.root = "",
		.hypervisor = hypervisor,
		.read_msr = doctor_read_msr,
	};
	struct utsname name;
	bool want_probe = false;
	int opt;

	optind = 0;
	while ((opt = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (opt != 'p')
			return CMD_USAGE; /* getopt has complained */
		want_probe = true;
	}
	if (!cmd_args(argc - optind, 0, 0, "doctor [--probe]"))
		return CMD_USAGE;
	if (uname(&name)) {
		complain("uname fails");
		return CMD_FAILED;
	}
	host.release = name.release;
	doctor_hypervisor(hypervisor);

	print_begin(&report.print, env->json);
	doctor_check(&host, on_row, &report);
	if (want_probe)
		run_probe(&report);
	if (print_table(&report.print))
		return CMD_FAILED;
	return report.wrong ? CMD_FAILED : CMD_OK;
}
