// SPDX-License-Identifier: GPL-2.0-only
/* KVM's dirty log: bitmaps, or rings. */
#include <err.h>
#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "attacker.h"

#define SLOT_PAGES 63 /* a svc's ret below 0 is an error */

/* What was found in rings and not asked for yet. */
static uint64_t collected[REGIONS_MAX];

void dirty_ring_enable(void)
{
	struct kvm_enable_cap ring = {
		.cap = KVM_CAP_DIRTY_LOG_RING,
		.args = { vm.ring_entries * sizeof(struct kvm_dirty_gfn) },
	};

	if (ioctl(vm.fd, KVM_ENABLE_CAP, &ring))
		err(2, "KVM_CAP_DIRTY_LOG_RING");
}

void dirty_ring_map(struct vcpu *vcpu)
{
	vcpu->ring = mmap(NULL, vm.ring_entries * sizeof(struct kvm_dirty_gfn),
			  PROT_READ | PROT_WRITE, MAP_SHARED, vcpu->fd,
			  KVM_DIRTY_LOG_PAGE_OFFSET * getpagesize());
	if (vcpu->ring == MAP_FAILED)
		err(2, "mmap of a dirty ring");
}

static void collect(struct vcpu *vcpu)
{
	struct kvm_dirty_gfn *gfn;

	for (;;) {
		gfn = &vcpu->ring[vcpu->ring_next % vm.ring_entries];
		if (!(__atomic_load_n(&gfn->flags, __ATOMIC_ACQUIRE) &
		      KVM_DIRTY_GFN_F_DIRTY))
			return;
		if (gfn->slot < REGIONS_MAX && gfn->offset < SLOT_PAGES)
			collected[gfn->slot] |= 1ULL << gfn->offset;
		__atomic_store_n(&gfn->flags, KVM_DIRTY_GFN_F_RESET,
				 __ATOMIC_RELEASE);
		vcpu->ring_next++;
	}
}

void dirty_ring_collect(void)
{
	unsigned int i;

	for (i = 0; i < vm.n_cpus; i++)
		collect(&vm.vcpu[i]);
	ioctl(vm.fd, KVM_RESET_DIRTY_RINGS, 0);
}

static long from_bitmap(unsigned int slot, bool clear)
{
	uint64_t map[64] = {};
	struct kvm_dirty_log get = { .slot = slot, .dirty_bitmap = map };
	struct kvm_clear_dirty_log done = {
		.slot = slot,
		.dirty_bitmap = map,
		.num_pages = vm.region[slot].size / getpagesize(),
	};

	if (ioctl(vm.fd, KVM_GET_DIRTY_LOG, &get) ||
	    (clear && ioctl(vm.fd, KVM_CLEAR_DIRTY_LOG, &done)))
		return -errno;
	return map[0];
}

long svc_dirty_log(const struct svc *svc)
{
	uint64_t slot = svc->a[0];
	long ret;

	if (slot >= REGIONS_MAX ||
	    vm.region[slot].size > SLOT_PAGES * (uint64_t)getpagesize())
		return -EINVAL;
	if (!vm.ring_entries)
		return from_bitmap(slot, svc->a[3]);
	dirty_ring_collect();
	ret = collected[slot];
	collected[slot] = 0;
	return ret;
}
