// SPDX-License-Identifier: GPL-2.0-only
/*
 * attacker: a VMM on plain /dev/kvm that runs one freestanding program and does
 * what it asks for.
 *
 *	attacker [OPTION]... GUEST-ELF [ARG]...
 *
 *	--cpus N	vCPUs (1)
 *	--mem MIB	RAM from address 0 (32)
 *	--shared FILE	map this file, too; up to 4 (see ATTACK_SHARED)
 *	--no-irqchip	no interrupt controllers in the kernel
 *	--split-irqchip	only the local APICs
 *	--dirty-ring N	log dirty pages in rings of N entries
 *	--no-pcid	hide PCID
 *	--smm		system-management mode has RAM, too
 *	--wait		print "ready" and run only after a line on stdin
 *	--timeout SEC	give up (120)
 *
 * Status: what the guest says; 3 when a vCPU came to an end that it should
 * not; 4 when time ran out; 2 for anything before the start.
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "attacker.h"

struct vm vm = {
	.n_cpus = 1,
	.irqchip = true,
	.lock = PTHREAD_MUTEX_INITIALIZER,
	.changed = PTHREAD_COND_INITIALIZER,
};

enum {
	SLOT_RAM,
	SLOT_HIGH,
	/* Slots of --shared files are the highest ones: see svc_memslot(). */
	SLOT_SHARED = REGIONS_MAX - 4,
};

static struct {
	unsigned int mem, timeout, n_shared;
	const char *shared[4];
	bool wait;
} opt = { .mem = 32, .timeout = 120 };

static const struct option options[] = {
	{ "cpus", required_argument, NULL, 'c' },
	{ "mem", required_argument, NULL, 'm' },
	{ "shared", required_argument, NULL, 's' },
	{ "no-irqchip", no_argument, NULL, 'i' },
	{ "split-irqchip", no_argument, NULL, 'I' },
	{ "dirty-ring", required_argument, NULL, 'd' },
	{ "no-pcid", no_argument, NULL, 'p' },
	{ "smm", no_argument, NULL, 'S' },
	{ "wait", no_argument, NULL, 'w' },
	{ "timeout", required_argument, NULL, 't' },
	{},
};

static void parse(int argc, char **argv)
{
	int c;

	while ((c = getopt_long(argc, argv, "+", options, NULL)) != -1) {
		switch (c) {
		case 'c':
			vm.n_cpus = atoi(optarg);
			break;
		case 'm':
			opt.mem = atoi(optarg);
			break;
		case 's':
			if (opt.n_shared == 4)
				errx(2, "four --shared at most");
			opt.shared[opt.n_shared++] = optarg;
			break;
		case 'i':
			vm.irqchip = false;
			break;
		case 'I':
			vm.split_irqchip = true;
			break;
		case 'd':
			vm.ring_entries = atoi(optarg);
			break;
		case 'p':
			vm.no_pcid = true;
			break;
		case 'S':
			vm.smm = true;
			break;
		case 'w':
			opt.wait = true;
			break;
		case 't':
			opt.timeout = atoi(optarg);
			break;
		default:
			exit(2);
		}
	}
	if (optind == argc || !vm.n_cpus || vm.n_cpus > ATTACK_MAX_CPUS ||
	    opt.mem < 8 || opt.mem > 2048)
		errx(2, "usage: attacker [OPTION]... GUEST-ELF [ARG]...");
}

static int create_irqchip(void)
{
	struct kvm_enable_cap split = {
		.cap = KVM_CAP_SPLIT_IRQCHIP,
		.args = { 24 },
	};

	if (vm.split_irqchip)
		return ioctl(vm.fd, KVM_ENABLE_CAP, &split);
	return vm.irqchip ? ioctl(vm.fd, KVM_CREATE_IRQCHIP, 0) : 0;
}

static void create_vm(void)
{
	uint64_t identity = 0xfffbc000;

	vm.kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	if (vm.kvm < 0)
		err(2, "/dev/kvm");
	vm.fd = ioctl(vm.kvm, KVM_CREATE_VM, 0);
	if (vm.fd < 0)
		err(2, "KVM_CREATE_VM");
	if (ioctl(vm.fd, KVM_SET_TSS_ADDR, 0xfffbd000ul) ||
	    ioctl(vm.fd, KVM_SET_IDENTITY_MAP_ADDR, &identity) ||
	    create_irqchip())
		err(2, "VM");
	if (vm.ring_entries)
		dirty_ring_enable();
}

static void fill_info(char **args)
{
	size_t used = 0;
	unsigned int i;

	vm.info = guest_mem(ATTACK_INFO, sizeof(*vm.info));
	vm.info->n_cpus = vm.n_cpus;
	vm.info->irqchip = vm.irqchip;
	vm.info->ram_size = (uint64_t)opt.mem << 20;
	for (i = 0; i < opt.n_shared; i++)
		vm.info->shared_size[i] = vm.region[SLOT_SHARED + i].size;
	for (; *args; args++) {
		if (used + strlen(*args) + 2 > sizeof(vm.info->args))
			errx(2, "arguments are too long");
		used += sprintf(vm.info->args + used, "%s%s", used ? " " : "",
				*args);
	}
}

/* What every vCPU was doing when time ran out. */
static void say_where(void)
{
	struct timespec nap = { .tv_nsec = 100000000 };
	struct kvm_regs regs;
	unsigned int i;

	for (i = 0; i < vm.n_cpus; i++)
		vcpu_kick(&vm.vcpu[i]);
	nanosleep(&nap, NULL);
	for (i = 0; i < vm.n_cpus; i++) {
		if (!vm.vcpu[i].gone ||
		    ioctl(vm.vcpu[i].fd, KVM_GET_REGS, &regs))
			continue;
		printf("attacker: time is up, vCPU %u: rip %llx rsp %llx rflags %llx rax %llx\n",
		       i, regs.rip, regs.rsp, regs.rflags, regs.rax);
	}
}

static void wait_for_end(void)
{
	struct timespec until;
	int ret = 0;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += opt.timeout;
	pthread_mutex_lock(&vm.lock);
	while (!vm.ended && !ret)
		ret = pthread_cond_timedwait(&vm.changed, &vm.lock, &until);
	pthread_mutex_unlock(&vm.lock);
	if (ret && !vm.ended) {
		end(4);
		say_where();
	}
}

int main(int argc, char **argv)
{
	char line[16];
	unsigned int i;

	parse(argc, argv);
	create_vm();
	add_memory(SLOT_RAM, 0, (uint64_t)opt.mem << 20, NULL);
	add_memory(SLOT_HIGH, ATTACK_HIGH, ATTACK_HIGH_SIZE, NULL);
	for (i = 0; i < opt.n_shared; i++)
		add_memory(SLOT_SHARED + i, ATTACK_SHARED(i), 0, opt.shared[i]);
	load_elf(argv[optind]);
	build_boot_tables();
	fill_info(argv + optind + 1);
	for (i = 0; i < vm.n_cpus; i++)
		vcpu_create(i);
	if (opt.wait) {
		puts("ready");
		fflush(stdout);
		if (!fgets(line, sizeof(line), stdin))
			return 2;
	}
	/* vCPU 0 last: it gives work to the others. */
	for (i = vm.n_cpus; i-- > 0;)
		vcpu_start(&vm.vcpu[i]);
	wait_for_end();
	fflush(stdout);
	/* Not exit(): vCPUs still run, and go with the process. */
	_exit(vm.status);
}
