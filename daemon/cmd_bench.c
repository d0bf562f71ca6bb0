// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

#include <elisa/layout.h>
#include <elisa/netlink.h>

#include "bench_code.h"
#include "bench_ticks.h"
#include "cmd.h"
#include "doctor.h"
#include "log.h"
#include "nl_vm.h"
#include "print.h"
#include "probe_session.h"

/* Operations between two readings of the counter. */
#define TURN	      100
#define COUNT_DEFAULT 100000
#define COUNT_MOST    (PROBE_VM_DATA_SIZE / 8 * TURN)

/* No hypercall of KVM's or ours: the shortest answer that there is. */
#define NO_HYPERCALL 0x999

struct bench {
	struct print print;
	unsigned int count;
	char text[256];
};

/* A row: what a VM does over and over. */
struct kind {
	const char *name;
	bool call;
	__u8 trust; /* of the export that is called */
};

static const struct kind kinds[] = {
	{ "vmcall", false, 0 },
	{ "call", true, ELISA_TRUST_SEALED },
	{ "call-full-trust", true, ELISA_TRUST_FULL },
};

struct counters {
	__u32 id;
	bool found;
	__u64 exits, aex;
};

static int on_vm(struct nlmsghdr *nlh, void *arg)
{
	struct counters *counters = arg;
	struct enl_vm vm;
	int ret = enl_vm_decode(nlh, &vm);

	if (ret || vm.id != counters->id || !vm.has_stats)
		return ret;
	counters->found = true;
	counters->aex = vm.stat[ELISA_STAT_A_AEX];
	/* A call that was left is resumed by another exit, if not retaken. */
	counters->exits = vm.stat[ELISA_STAT_A_AEX] +
			  vm.stat[ELISA_STAT_A_RESUMES] -
			  vm.stat[ELISA_STAT_A_RETAKEN] +
			  vm.stat[ELISA_STAT_A_GATE_EXITS];
	return 0;
}

static void restart(void *arg)
{
	(void)arg;
}

/* Exits of calls, which only the module sees. */
static int read_counters(struct probe_session *p, struct counters *counters)
{
	memset(counters, 0, sizeof(*counters));
	counters->id = p->vm_id;
	if (enl_dump(&p->enl, ELISA_CMD_VM_GET, on_vm, restart, counters))
		return probe_fail(p, -EIO, "no counters: %s", p->enl.error);
	if (!counters->found)
		return probe_fail(p, -EIO, "the VM is not listed");
	return 0;
}

static int run_code(struct probe_session *p, const struct kind *kind,
		    unsigned int turns)
{
	const __u8 *code = kind->call ? bench_code_call : bench_code_vmcall;
	const __u8 *end = kind->call ? bench_code_call_end :
				       bench_code_vmcall_end;
	struct kvm_regs regs = {
		.rbx = PROBE_VM_DATA,
		.r12 = turns,
		.r13 = TURN,
		.r15 = 1,
		.rsi = NO_HYPERCALL,
		.rbp = p->window + ELISA_W_ENTRY + p->vm.entry,
	};
	int ret;

	ret = probe_vm_load(&p->vm, code, end - code);
	if (!ret)
		ret = probe_vm_run(&p->vm, &regs);
	if (ret)
		return probe_fail(p, ret, "%s", p->vm.error);
	if (regs.r15)
		return probe_fail(p, -EIO, "calls returned nonsense");
	return 0;
}

/* The VM has run it: a row. */
static int add_row(struct bench *bench, struct probe_session *p,
		   const struct kind *kind, unsigned int turns,
		   const struct counters *counted)
{
	const unsigned int khz = probe_vm_khz(&p->vm);
	struct print *print = &bench->print;
	struct bench_ticks ticks;

	if (bench_ticks(probe_vm_data(&p->vm), turns, TURN, &ticks))
		return probe_fail(p, -ENOMEM, "out of memory");
	print_row(print);
	print_text(print, "operation", kind->name);
	print_uint(print, "count", (__u64)turns * TURN);
	print_real(print, "least", ticks.least);
	print_real(print, "median", ticks.median);
	if (khz)
		print_real(print, "ns", bench_ns(ticks.median, khz));
	else
		print_none(print, "ns");
	print_uint(print, "exits", counted->exits);
	print_uint(print, "interrupted", counted->aex);
	return 0;
}

static int measure(struct bench *bench, struct probe_session *p,
		   const struct kind *kind)
{
	const unsigned int turns = (bench->count + TURN - 1) / TURN;
	struct counters before = { 0 }, after = { 0 };
	int ret = 0;

	if (kind->call) {
		ret = probe_enrol(p, kind->trust);
		if (!ret)
			ret = probe_attach(p);
		/* The first one arms the vCPU. */
		if (!ret)
			ret = probe_call(p, 1, 2);
		if (!ret)
			ret = read_counters(p, &before);
	}
	if (!ret)
		ret = run_code(p, kind, turns);
	if (!ret && kind->call)
		ret = read_counters(p, &after);
	if (ret)
		return ret;
	if (kind->call) {
		after.exits -= before.exits;
		after.aex -= before.aex;
	} else {
		/* KVM answers each, after an exit. */
		after.exits = (__u64)turns * TURN;
	}
	return add_row(bench, p, kind, turns, &after);
}

/* The first thing that is missing on this host, for who has no module. */
static void on_doctor(const struct doctor_row *row, void *arg)
{
	bool *told = arg;

	if (row->state != DOCTOR_NO || *told)
		return;
	*told = true;
	complain("this host lacks what ELISA needs: %s: %s", row->what,
		 row->found);
}

static bool host_is_unfit(void)
{
	char hypervisor[HYPERVISOR_SIZE];
	struct doctor_host host = {
		.root = "",
		.hypervisor = hypervisor,
		.read_msr = doctor_read_msr,
	};
	struct utsname name;
	bool told = false;

	if (uname(&name))
		return false;
	host.release = name.release;
	doctor_hypervisor(hypervisor);
	doctor_check(&host, on_doctor, &told);
	return told;
}

static int run_all(struct bench *bench)
{
	struct probe_session p;
	size_t i;
	int ret = 0;

	for (i = 0; i < sizeof(kinds) / sizeof(*kinds) && !ret; i++) {
		ret = probe_begin(&p, "bench", bench->text,
				  sizeof(bench->text));
		if (!ret)
			ret = measure(bench, &p, &kinds[i]);
		ret = probe_end(&p, ret);
	}
	return ret;
}

static const struct option options[] = {
	{ "count", required_argument, NULL, 'n' },
	{},
};

int cmd_bench(const struct cmd_env *env, int argc, char **argv)
{
	struct bench bench = { .count = COUNT_DEFAULT };
	int opt, ret;

	optind = 0;
	while ((opt = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (opt != 'n')
			return CMD_USAGE; /* getopt has complained */
		bench.count = cmd_id(optarg);
		if (!bench.count || bench.count > COUNT_MOST) {
			complain("--count is a number from 1 to %u, not '%s'",
				 COUNT_MOST, optarg);
			return CMD_USAGE;
		}
	}
	if (!cmd_args(argc - optind, 0, 0, "bench [--count N]"))
		return CMD_USAGE;

	print_begin(&bench.print, env->json);
	ret = run_all(&bench);
	if (!ret)
		return print_table(&bench.print);
	if (ret != -ENOENT || !host_is_unfit())
		complain("%s", bench.text);
	print_drop(&bench.print);
	return CMD_FAILED;
}
