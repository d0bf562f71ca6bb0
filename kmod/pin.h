/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Shared memory that sub contexts map: a guest's or a process's, pinned and
 * accounted to its owner, or the module's own.
 */
#ifndef ELISA_PIN_H
#define ELISA_PIN_H

#include <linux/kvm_types.h>
#include <linux/types.h>

struct cred;
struct elisa_vm;
struct kvm_vcpu;
struct page;

/** struct elisa_run - guest frames that lie side by side, and where */
struct elisa_run {
	gfn_t gfn;
	unsigned long hva, n;
};

/**
 * struct elisa_pins - pinned or own pages
 * @pages: pages, @n_pages of them valid
 * @capacity: allocated length of @pages
 * @run: where the guest had them when they were pinned; NULL: nobody asks
 * @n_runs: how many are valid
 * @cred: whose user is charged for @n_charged pages; NULL: they are not those
 *	of elisa_pin_mapped()
 * @n_charged: pages, @n_pages at least
 */
struct elisa_pins {
	struct page **pages;
	u32 n_pages, capacity;
	struct elisa_run *run;
	u32 n_runs;
	const struct cred *cred;
	u32 n_charged;
};

int elisa_pin_note_runs(struct elisa_pins *pins, u32 n_pages);
int elisa_pin_guest(struct elisa_pins *pins, struct elisa_vm *vm,
		    struct kvm_vcpu *vcpu, u64 gva, u32 n_pages);
int elisa_pin_mapped(struct elisa_pins *pins, unsigned long addr, u32 n_pages);
int elisa_pin_own(struct elisa_pins *pins, u32 n_pages);
void elisa_unpin(struct elisa_pins *pins, struct elisa_vm *vm);

#endif /* ELISA_PIN_H */
