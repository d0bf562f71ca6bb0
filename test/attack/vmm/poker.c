// SPDX-License-Identifier: GPL-2.0-only
/*
 * The poker: a VMM that interrupts a vCPU and looks at what it is shown.
 * Between two KVM_RUNs a VMM must see the default context only.
 */
#include <errno.h>
#include <linux/kvm.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <elisa/layout.h>

#include "attacker.h"

#define SPECIAL_VA_SIZE (1ULL << 30)

/* Whatever holds an address, or anything else of whoever ran last. */
static const uint32_t msr_index[] = {
	0x174,	    0x175,	0x176,	    /* SYSENTER */
	0x1d9,				    /* DEBUGCTL */
	0xc0000080, 0xc0000081, 0xc0000082, /* EFER, STAR, LSTAR */
	0xc0000083, 0xc0000084,		    /* CSTAR, SFMASK */
	0xc0000100, 0xc0000101, 0xc0000102, /* bases of FS, GS */
	0xc0000103,			    /* TSC_AUX */
};

#define N_MSRS (sizeof(msr_index) / sizeof(*msr_index))

struct state {
	struct kvm_regs regs;
	struct kvm_sregs sregs;
	struct kvm_debugregs debugregs;
	struct kvm_vcpu_events events;
	struct kvm_xcrs xcrs;
	struct kvm_lapic_state lapic;
	struct {
		struct kvm_msrs head;
		struct kvm_msr_entry entry[N_MSRS];
	} msrs;
	struct kvm_xsave xsave;
};

/*
 * The pause begins when the last signal's work is done: a vCPU that is poked
 * all the time would never come to run.
 */
static void *poker_thread(void *arg)
{
	struct vcpu *vcpu = arg;
	uint64_t period;

	pthread_mutex_lock(&vm.lock);
	while (vcpu->poked && !vm.ended) {
		vcpu->poke_pending = true;
		vcpu_kick(vcpu);
		while (vcpu->poke_pending && vcpu->poked && !vm.ended)
			pthread_cond_wait(&vm.changed, &vm.lock);
		period = vcpu->poker.period_us;
		pthread_mutex_unlock(&vm.lock);
		usleep(period);
		pthread_mutex_lock(&vm.lock);
	}
	vcpu->poker_runs = false;
	pthread_cond_broadcast(&vm.changed);
	pthread_mutex_unlock(&vm.lock);
	return NULL;
}

/* vm.lock held */
long poker_start(struct vcpu *vcpu, const struct poker *poker)
{
	pthread_t thread;

	/* An earlier one may still sleep. */
	while (vcpu->poker_runs && !vcpu->poked && !vm.ended)
		pthread_cond_wait(&vm.changed, &vm.lock);
	if (vcpu->poked)
		return -EBUSY;
	vcpu->poker = *poker;
	if (!vcpu->poker.period_us)
		vcpu->poker.period_us = 100;
	vcpu->poker.kicks = 0;
	vcpu->poker.secrets_seen = 0;
	vcpu->poker.in_window = 0;
	vcpu->poker.at_return = 0;
	vcpu->poker.stub_wrong = 0;
	vcpu->poker.at_aep = 0;
	vcpu->poker.first_rip = 0;
	vcpu->poker.first_secret = 0;
	vcpu->poker.elsewhere = 0;
	vcpu->poked = true;
	vcpu->poker_runs = true;
	if (pthread_create(&thread, NULL, poker_thread, vcpu)) {
		vcpu->poked = false;
		vcpu->poker_runs = false;
		return -EAGAIN;
	}
	pthread_detach(thread);
	return 0;
}

/* vm.lock held */
long poker_stop(struct vcpu *vcpu, struct poker *poker)
{
	if (!vcpu->poked)
		return -ESRCH;
	vcpu->poked = false;
	pthread_cond_broadcast(&vm.changed);
	*poker = vcpu->poker;
	return 0;
}

/* Where is @secret, plus 1; 0: nowhere */
static uint64_t find(const struct state *state, uint64_t secret)
{
	const char *at = NULL;

	if (secret)
		at = memmem(state, sizeof(*state), &secret, sizeof(secret));
	return at ? at - (const char *)state + 1 : 0;
}

/* In a chunk of ELISA's, and not in a page that the guest executes itself? */
static bool is_inside(uint64_t va)
{
	uint64_t offset = va - ELISA_WINDOW_BASE;

	if (offset >= SPECIAL_VA_SIZE)
		return false;
	if (offset >= ELISA_WINDOWS * ELISA_WINDOW_SIZE)
		return true;
	return (offset & (ELISA_WINDOW_SIZE - 1)) >> 12 == ELISA_W_GATE >> 12;
}

static bool is_aep(uint64_t va)
{
	uint64_t offset = va - ELISA_WINDOW_BASE;

	return offset < ELISA_WINDOWS * ELISA_WINDOW_SIZE &&
	       (offset & (ELISA_WINDOW_SIZE - 1)) >> 12 == ELISA_W_AEP >> 12;
}

static bool is_at(uint64_t va, uint64_t offset)
{
	va -= ELISA_WINDOW_BASE;
	return va < ELISA_WINDOWS * ELISA_WINDOW_SIZE &&
	       (va & (ELISA_WINDOW_SIZE - 1)) == offset;
}

/* Where the guest has no code, or in page tables that it has not loaded? */
static bool is_elsewhere(const struct state *s, const struct poker *p)
{
	uint64_t offset = s->regs.rip - ELISA_WINDOW_BASE;
	bool in_window = offset < ELISA_WINDOWS * ELISA_WINDOW_SIZE &&
			 !is_inside(s->regs.rip);

	return (!in_window && s->regs.rip >= vm.info->ram_size) ||
	       (p->cr3 && s->sregs.cr3 != p->cr3);
}

/* Nothing that sub did is left when a vCPU stands at the start of a stub. */
static bool is_wrong_at_stub(const struct state *s)
{
	bool aep = is_at(s->regs.rip, ELISA_W_AEP);

	if (!aep && !is_at(s->regs.rip, ELISA_W_RETURN))
		return false;
	return s->events.interrupt.shadow || s->events.exception.injected ||
	       s->events.exception.pending || (aep && s->regs.rflags != 0x202);
}

static void get_state(const struct vcpu *self, struct state *s)
{
	unsigned int i;

	memset(s, 0, sizeof(*s));
	ioctl(self->fd, KVM_GET_REGS, &s->regs);
	ioctl(self->fd, KVM_GET_SREGS, &s->sregs);
	ioctl(self->fd, KVM_GET_DEBUGREGS, &s->debugregs);
	ioctl(self->fd, KVM_GET_VCPU_EVENTS, &s->events);
	ioctl(self->fd, KVM_GET_XCRS, &s->xcrs);
	ioctl(self->fd, KVM_GET_LAPIC, &s->lapic);
	s->msrs.head.nmsrs = N_MSRS;
	for (i = 0; i < N_MSRS; i++)
		s->msrs.entry[i].index = msr_index[i];
	ioctl(self->fd, KVM_GET_MSRS, &s->msrs);
	ioctl(self->fd, KVM_GET_XSAVE, &s->xsave);
}

/* In the vCPU's thread, after a signal ended KVM_RUN. */
void poker_look(struct vcpu *self)
{
	struct poker *p = &self->poker;
	struct state s;
	unsigned int i;
	uint64_t secret = 0;
	bool inside, wrong, elsewhere;

	pthread_mutex_lock(&vm.lock);
	if (!self->poke_pending)
		goto out;
	self->poke_pending = false;
	pthread_cond_broadcast(&vm.changed);
	get_state(self, &s);
	for (i = 0; i < POKER_SECRETS && !secret; i++)
		secret = find(&s, p->secret[i]);
	inside = is_inside(s.regs.rip) || is_inside(s.regs.rsp);
	wrong = is_wrong_at_stub(&s);
	elsewhere = is_elsewhere(&s, p);
	if ((secret || inside || wrong || elsewhere) && !p->first_rip)
		p->first_rip = s.regs.rip;
	if (!p->first_secret)
		p->first_secret = secret;
	p->kicks++;
	p->secrets_seen += !!secret;
	p->in_window += inside;
	p->at_aep += is_aep(s.regs.rip);
	p->at_return += is_at(s.regs.rip, ELISA_W_RETURN);
	p->stub_wrong += wrong;
	p->elsewhere += elsewhere;
out:
	pthread_mutex_unlock(&vm.lock);
}
