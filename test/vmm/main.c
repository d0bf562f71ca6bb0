// SPDX-License-Identifier: GPL-2.0-only
/*
 * testvmm: boots a Linux guest for tests, on the /dev/kvm of any stock kernel.
 *
 * The console (COM1) is written to stdout with the VM's name before each line;
 * COM2 is the control channel. SIGTERM ends it. The exit status is enum vm_end.
 */
#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "console.h"
#include "control.h"
#include "layout.h"
#include "pio.h"
#include "pvh.h"
#include "shared.h"
#include "vcpu.h"
#include "vm.h"

/*
 * quiet, cryptomgr.notests and the blacklist make the boot quick in an
 * emulator. reboot=p: by port 0xcf9, which ends this program with status 0,
 * while a triple fault does not.
 */
#define CMDLINE                                                            \
	"console=ttyS0 quiet mitigations=off nokaslr cryptomgr.notests "   \
	"no_timer_check reboot=p panic=-1 tsc=reliable pci=off idle=halt " \
	"printk.devkmsg=on initcall_blacklist=trace_eval_init,"            \
	"cubictcp_register,init_kprobe_trace,i8042_init,"                  \
	"load_system_certificate_list,bpf_rstat_kfunc_init,"               \
	"bpf_key_sig_kfuncs_init,kfunc_init,bpf_prog_test_run_init,"       \
	"bpf_tcp_ca_kfunc_init,bpf_mptcp_kfunc_init,pci_arch_init,"        \
	"pci_subsys_init"

struct options {
	const char *name;
	const char *uuid;
	const char *kernel;
	const char *initrd;
	const char *append;
	const char *control;
	const char *shared;
	unsigned long mem;
	unsigned long cpus;
	bool pcid;
};

enum {
	OPT_NAME = 1,
	OPT_UUID,
	OPT_KERNEL,
	OPT_INITRD,
	OPT_APPEND,
	OPT_MEM,
	OPT_CPUS,
	OPT_CONTROL,
	OPT_PCID,
	OPT_NOPCID,
	OPT_SHARED,
};

static const struct option long_options[] = {
	{ "name", required_argument, NULL, OPT_NAME },
	{ "uuid", required_argument, NULL, OPT_UUID },
	{ "kernel", required_argument, NULL, OPT_KERNEL },
	{ "initrd", required_argument, NULL, OPT_INITRD },
	{ "append", required_argument, NULL, OPT_APPEND },
	{ "mem", required_argument, NULL, OPT_MEM },
	{ "cpus", required_argument, NULL, OPT_CPUS },
	{ "control", required_argument, NULL, OPT_CONTROL },
	{ "shared", required_argument, NULL, OPT_SHARED },
	{ "pcid", no_argument, NULL, OPT_PCID },
	{ "nopcid", no_argument, NULL, OPT_NOPCID },
	{},
};

static void usage(void)
{
	fputs("usage: testvmm --name NAME --kernel VMLINUX [OPTION]...\n"
	      "  --initrd FILE     initramfs\n"
	      "  --append WORDS    more words for the guest's command line\n"
	      "  --mem MIB         memory (128)\n"
	      "  --cpus N          vCPUs (1)\n"
	      "  --control PATH    unix socket of the control channel\n"
	      "  --shared FILE     map it at 4 GiB, shared with other VMs\n"
	      "  --uuid UUID       not used; for who reads command lines\n"
	      "  --pcid, --nopcid  show the guest PCID or not (not)\n",
	      stderr);
	exit(VM_END_USAGE);
}

static unsigned long parse_number(const char *arg, unsigned long max)
{
	char *end;
	unsigned long n;

	errno = 0;
	n = strtoul(arg, &end, 10);
	if (errno || *end || end == arg || !n || n > max) {
		fprintf(stderr, "testvmm: '%s': not a number from 1 to %lu\n",
			arg, max);
		usage();
	}
	return n;
}

static void parse_options(int argc, char **argv, struct options *o)
{
	int opt;

	*o = (struct options){ .append = "", .mem = 128, .cpus = 1 };
	while ((opt = getopt_long(argc, argv, "", long_options, NULL)) != -1) {
		switch (opt) {
		case OPT_NAME:
			o->name = optarg;
			break;
		case OPT_UUID:
			o->uuid = optarg;
			break;
		case OPT_KERNEL:
			o->kernel = optarg;
			break;
		case OPT_INITRD:
			o->initrd = optarg;
			break;
		case OPT_APPEND:
			o->append = optarg;
			break;
		case OPT_MEM:
			o->mem = parse_number(optarg, VM_MAX_MIB);
			break;
		case OPT_CPUS:
			o->cpus = parse_number(optarg, VM_MAX_CPUS);
			break;
		case OPT_CONTROL:
			o->control = optarg;
			break;
		case OPT_SHARED:
			o->shared = optarg;
			break;
		case OPT_PCID:
			o->pcid = true;
			break;
		case OPT_NOPCID:
			o->pcid = false;
			break;
		default:
			usage();
		}
	}
	if (!o->name || !o->kernel || optind != argc)
		usage();
}

static void kicked(int sig)
{
	(void)sig;
}

/* All signals come to the main loop, but for the vCPUs' kick. */
static int setup_signals(void)
{
	struct sigaction ignore = { .sa_handler = SIG_IGN };
	struct sigaction kick = {};
	sigset_t set;

	/* It must interrupt KVM_RUN, and do nothing else. */
	kick.sa_handler = kicked;
	sigaction(VCPU_KICK, &kick, NULL);
	sigaction(SIGPIPE, &ignore, NULL);

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, VCPU_KICK);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	sigdelset(&set, VCPU_KICK);
	return signalfd(-1, &set, SFD_CLOEXEC);
}

static void main_loop(struct vm *vm, int signal_fd)
{
	struct pollfd fds[2 + CONTROL_MAX_POLL];
	unsigned int n;

	fds[0] = (struct pollfd){ .fd = vm->end_fd, .events = POLLIN };
	fds[1] = (struct pollfd){ .fd = signal_fd, .events = POLLIN };
	while (atomic_load(&vm->end) == VM_END_RUNNING) {
		n = control_poll_prepare(fds + 2);
		if (poll(fds, 2 + n, -1) < 0)
			continue;
		if (fds[1].revents)
			vm_stop(vm, VM_END_OK);
		control_poll_done(vm, fds + 2, n);
	}
}

int main(int argc, char **argv)
{
	static struct vm vm;
	char cmdline[LAYOUT_CMDLINE_SIZE];
	struct options o;
	uint32_t entry;
	unsigned int i;
	int signal_fd;

	parse_options(argc, argv, &o);
	vm.name = o.name;
	vm.mem_size = o.mem << 20;
	vm.nr_cpus = o.cpus;
	vm.pcid = o.pcid;
	vm.shared = o.shared;
	if ((size_t)snprintf(cmdline, sizeof(cmdline), "%s %s", CMDLINE,
			     o.append) >= sizeof(cmdline)) {
		fputs("testvmm: --append is too long\n", stderr);
		return VM_END_USAGE;
	}

	signal_fd = setup_signals();
	if (signal_fd < 0 || vm_create(&vm) || shared_map(&vm))
		return VM_END_SETUP;
	uart_init(&vm.com1, &vm, PIO_COM1_IRQ, console_send, &vm);
	uart_init(&vm.com2, &vm, PIO_COM2_IRQ, control_send, NULL);
	if (pvh_load(&vm, o.kernel, o.initrd, cmdline, &entry))
		return VM_END_SETUP;
	for (i = 0; i < vm.nr_cpus; i++)
		if (vcpu_create(&vm, i))
			return VM_END_SETUP;
	if (vcpu_set_pvh_entry(&vm.vcpus[0], entry, LAYOUT_START_INFO))
		return VM_END_SETUP;
	if (o.control && control_open(&vm, o.control))
		return VM_END_SETUP;

	for (i = 0; i < vm.nr_cpus; i++)
		if (vcpu_start(&vm.vcpus[i]))
			return VM_END_SETUP;
	main_loop(&vm, signal_fd);
	for (i = 0; i < vm.nr_cpus; i++)
		vcpu_join(&vm.vcpus[i]);

	console_flush(&vm);
	control_close();
	vm_log(&vm, "ended with status %d", atomic_load(&vm.end));
	return atomic_load(&vm.end);
}
