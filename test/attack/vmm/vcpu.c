// SPDX-License-Identifier: GPL-2.0-only
/* A vCPU: creation, start in 64-bit mode, its thread. */
#include <err.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <time.h>

#include "attacker.h"
#include "long_mode.h"

#define PML4	  0x1000
#define GDT	  0x3000
#define MAX_CPUID 128

static __thread struct kvm_run *my_run;

/* Arrives in the vCPU's thread: the next KVM_RUN returns at once as well. */
static void on_kick(int sig)
{
	(void)sig;
	if (my_run)
		my_run->immediate_exit = 1;
}

void vcpu_kick(struct vcpu *vcpu)
{
	if (vcpu->started && !vcpu->gone)
		pthread_kill(vcpu->thread, SIGUSR1);
}

/* Under vm.lock or not; the first status wins. */
void end(int status)
{
	if (!__atomic_exchange_n(&vm.ended, true, __ATOMIC_SEQ_CST))
		vm.status = status;
	pthread_cond_broadcast(&vm.changed);
}

static void set_cpuid(const struct vcpu *vcpu)
{
	struct {
		struct kvm_cpuid2 head;
		struct kvm_cpuid_entry2 entry[MAX_CPUID];
	} all = { .head.nent = MAX_CPUID };
	unsigned int i;

	if (ioctl(vm.kvm, KVM_GET_SUPPORTED_CPUID, &all))
		err(2, "KVM_GET_SUPPORTED_CPUID");
	for (i = 0; i < all.head.nent; i++) {
		struct kvm_cpuid_entry2 *e = &all.entry[i];

		if (e->function == 1) {
			e->ebx = (e->ebx & 0x0000ffff) | vm.n_cpus << 16 |
				 vcpu->index << 24;
			e->ecx |= 1u << 24; /* TSC deadline */
			if (vm.no_pcid)
				e->ecx &= ~(1u << 17);
		}
		if (e->function == 0xb)
			e->edx = vcpu->index;
	}
	if (ioctl(vcpu->fd, KVM_SET_CPUID2, &all))
		err(2, "KVM_SET_CPUID2");
}

void vcpu_create(unsigned int index)
{
	struct kvm_regs regs = {
		.rip = vm.entry,
		.rflags = 2,
		.rdi = index,
		.rsi = ATTACK_INFO,
	};
	struct long_mode tables = { .pml4 = PML4, .gdt = GDT };
	struct kvm_mp_state runnable = { .mp_state = KVM_MP_STATE_RUNNABLE };
	struct vcpu *vcpu = &vm.vcpu[index];
	int size;

	vcpu->index = index;
	vcpu->fd = ioctl(vm.fd, KVM_CREATE_VCPU, index);
	if (vcpu->fd < 0)
		err(2, "KVM_CREATE_VCPU");
	size = ioctl(vm.kvm, KVM_GET_VCPU_MMAP_SIZE, 0);
	vcpu->run = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED,
			 vcpu->fd, 0);
	if (vcpu->run == MAP_FAILED)
		err(2, "mmap of a vCPU");
	if (vm.ring_entries)
		dirty_ring_map(vcpu);
	set_cpuid(vcpu);
	if (long_mode_set(vcpu->fd, &tables))
		err(2, "KVM_SET_SREGS");
	if (ioctl(vcpu->fd, KVM_SET_REGS, &regs))
		err(2, "KVM_SET_REGS");
	if (vm.irqchip && ioctl(vcpu->fd, KVM_SET_MP_STATE, &runnable))
		err(2, "KVM_SET_MP_STATE");
}

static void report(const struct vcpu *vcpu, const char *what, unsigned int n)
{
	struct kvm_regs r = {};

	ioctl(vcpu->fd, KVM_GET_REGS, &r);
	printf("attacker: vCPU %u: %s %u, rip %llx rsp %llx rflags %llx rax %llx\n",
	       vcpu->index, what, n, r.rip, r.rsp, r.rflags, r.rax);
	fflush(stdout);
}

/* Return: go on? */
static bool handle_exit(struct vcpu *vcpu)
{
	const struct kvm_run *run = vcpu->run;
	const struct timespec nap = { .tv_nsec = 1000000 };
	uint32_t value;

	switch (run->exit_reason) {
	case KVM_EXIT_IO:
		if (run->io.direction != KVM_EXIT_IO_OUT)
			return true;
		if (run->io.port == ATTACK_PORT_NOP)
			run_posts(vcpu, SVC_WHEN_PORT);
		if (run->io.port != ATTACK_PORT || run->io.size != 4)
			return true;
		memcpy(&value, (const char *)run + run->io.data_offset, 4);
		service(vcpu, value);
		return true;
	case KVM_EXIT_HLT: /* without irqchip */
		run_posts(vcpu, SVC_WHEN_HLT);
		nanosleep(&nap, NULL);
		return true;
	case KVM_EXIT_INTR:
	case KVM_EXIT_IRQ_WINDOW_OPEN:
	case KVM_EXIT_DEBUG:
		run_posts(vcpu, SVC_WHEN_INTR);
		return true;
	case KVM_EXIT_MMIO:
		/* Reads as zero, so that a guest can be wrong. */
		memset(vcpu->run->mmio.data, 0, sizeof(run->mmio.data));
		return true;
	case KVM_EXIT_IOAPIC_EOI:
		return true;
	case KVM_EXIT_DIRTY_RING_FULL:
		pthread_mutex_lock(&vm.lock);
		dirty_ring_collect();
		pthread_mutex_unlock(&vm.lock);
		return true;
	case KVM_EXIT_SHUTDOWN:
		if (run_posts(vcpu, SVC_WHEN_FAIL))
			return true;
		report(vcpu, "triple fault", 0);
		break;
	case KVM_EXIT_FAIL_ENTRY:
		if (run_posts(vcpu, SVC_WHEN_FAIL))
			return true;
		report(vcpu, "entry failed, reason",
		       run->fail_entry.hardware_entry_failure_reason);
		break;
	case KVM_EXIT_INTERNAL_ERROR:
		if (run_posts(vcpu, SVC_WHEN_FAIL))
			return true;
		report(vcpu, "internal error", run->internal.suberror);
		break;
	default:
		report(vcpu, "exit reason", run->exit_reason);
		break;
	}
	return false;
}

static void *vcpu_thread(void *arg)
{
	struct vcpu *vcpu = arg;
	int ret;

	my_run = vcpu->run;
	/* For a kick that came before: leave once. */
	vcpu->run->immediate_exit = 1;
	while (!vm.ended) {
		ret = ioctl(vcpu->fd, KVM_RUN, 0);
		if (ret && errno == EINTR) {
			vcpu->run->immediate_exit = 0;
			poker_look(vcpu);
			run_posts(vcpu, SVC_WHEN_INTR);
			pthread_mutex_lock(&vm.lock);
			serve_requests(vcpu);
			pthread_mutex_unlock(&vm.lock);
			continue;
		}
		if (ret && errno == EAGAIN)
			continue;
		if (ret) {
			printf("attacker: vCPU %u: KVM_RUN: %s\n", vcpu->index,
			       strerror(errno));
			end(3);
			break;
		}
		if (!handle_exit(vcpu))
			end(3);
	}
	pthread_mutex_lock(&vm.lock);
	vcpu->gone = true;
	serve_requests(vcpu);
	pthread_cond_broadcast(&vm.changed);
	pthread_mutex_unlock(&vm.lock);
	return NULL;
}

void vcpu_start(struct vcpu *vcpu)
{
	struct sigaction act = { .sa_handler = on_kick };

	sigaction(SIGUSR1, &act, NULL);
	errno = pthread_create(&vcpu->thread, NULL, vcpu_thread, vcpu);
	if (errno)
		err(2, "thread");
	vcpu->started = true;
}
