// SPDX-License-Identifier: GPL-2.0-only
/*
 * Exchange buffers in KVM's dirty log.
 *
 * Exported code writes to pinned pages by an EPT of ours: no write fault of
 * KVM's, no PML.  Calls are invisible to the host, so the rule is a cautious
 * one: whenever a vCPU leaves the guest, all pages of the exchange buffers that
 * its gates led to since it entered count as written.
 *
 * Why that is enough.  A page is written only by a vCPU that is in the guest,
 * in an instance that is bound to it; that vCPU's own exit hook comes after the
 * write and before anything else unbinds it.  So each write is in the log when
 * the next exit of its vCPU is done, as with PML; and a VMM's last look at the
 * log, with all vCPUs stopped, sees all of them.  A log that is read before
 * that exit may miss the write, and the next one has it.
 *
 * KVM's dirty ring has room for what the CPU logs at an exit, not for whole
 * buffers, so nothing is put there; and a buffer whose memory slot is another
 * one now is at an address that we do not know.  Of both the operator is told.
 *
 * Cost.  The work is done with interrupts off, and a guest chooses into how many
 * pieces its buffers are scattered: one look-up of a memory slot each.  So what
 * was seen is remembered for as long as the memory slots are the same, which
 * while nothing logs leaves one comparison a window; and a VM gets at most
 * ELISA_DIRTY_PIECES of them.  A buffer beyond that is not logged, of which the
 * operator is told, too.
 *
 * kvm_vcpu_mark_page_dirty() is not for modules from 7.x on.  The bitmap is
 * KVM's own interface between a slot and whoever writes to it: bits are set
 * with atomic operations, and taken out by an exchange of whole words.
 */
#include <linux/kvm_host.h>
#include <linux/srcu.h>

#include <elisa/netlink.h>

#include "attachment.h"
#include "dirty.h"
#include "instance.h"
#include "vm.h"

#define NEVER	       (~0ULL) /* no generation of memory slots */
#define SLOTS_OF_PIECE 2

/* Others set bits, and KVM takes them, at the same time. */
static void set_bits(unsigned long *map, unsigned long first, unsigned long n)
{
	unsigned long bit, some;

	while (n) {
		bit = first % BITS_PER_LONG;
		some = min(n, BITS_PER_LONG - bit);
		atomic_long_or(GENMASK(bit + some - 1, bit),
			       (atomic_long_t *)&map[BIT_WORD(first)]);
		first += some;
		n -= some;
	}
}

/*
 * kvm->srcu held.  @logs becomes true when a slot of it logs.
 * Return: false when the memory is not where it was.
 */
static bool mark_run(struct kvm_memslots *slots, const struct elisa_run *run,
		     bool *logs)
{
	struct kvm_memory_slot *slot;
	unsigned int look_ups = 0;
	unsigned long n, done;

	for (done = 0; done < run->n; done += n) {
		gfn_t gfn = run->gfn + done;

		/* A VMM may have made a slot of each page meanwhile. */
		if (look_ups++ == SLOTS_OF_PIECE)
			return false;
		slot = __gfn_to_memslot(slots, gfn);
		if (!slot || slot->flags & KVM_MEMSLOT_INVALID ||
		    __gfn_to_hva_memslot(slot, gfn) !=
			    run->hva + (done << PAGE_SHIFT))
			return false;
		n = min_t(unsigned long, run->n - done,
			  slot->base_gfn + slot->npages - gfn);
		/* Freed by KVM when no reader of kvm->srcu can see it. */
		if (slot->dirty_bitmap) {
			set_bits(slot->dirty_bitmap, gfn - slot->base_gfn, n);
			*logs = true;
		}
	}
	return true;
}

static void mark_buffer(struct elisa_attachment *att,
			struct kvm_memslots *slots)
{
	const struct elisa_pins *xbuf = &att->xbuf;
	bool in_place = true, logs = false;
	u64 generation = slots->generation;
	u32 i;

	/*
	 * Slots with this generation do not change while kvm->srcu is held, nor
	 * do others ever have it.  Other vCPUs do the same at the same time,
	 * maybe with older slots: what they store is true of those.
	 */
	if (likely(READ_ONCE(att->quiet_at) == generation) || att->scattered)
		return;
	for (i = 0; i < xbuf->n_runs; i++)
		in_place &= mark_run(slots, &xbuf->run[i], &logs);
	/* It stays so: a write may have been lost meanwhile. */
	if (unlikely(!in_place) && !xchg(&att->moved, true))
		atomic_inc(&att->vm->moved_buffers);
	if (!logs)
		WRITE_ONCE(att->quiet_at, generation);
}

/**
 * elisa_dirty_mark_buffers() - mark the exchange buffers of bound instances
 * @v: vCPU, see elisa_dirty_mark()
 *
 * An attachment with a bound instance is not freed: whoever revokes it needs
 * v->lock to unbind.
 *
 * Context: interrupts off, v->lock held.  Takes kvm->srcu, which may be taken
 * in any context.  Work is bounded by the number of windows and, while memory
 * is logged or slots have changed, by SLOTS_OF_PIECE * ELISA_DIRTY_PIECES
 * look-ups; pages that lie side by side take one operation for 64 of them.
 */
void elisa_dirty_mark_buffers(struct elisa_vcpu *v)
{
	struct kvm *kvm = v->vcpu->kvm;
	struct elisa_instance *inst;
	struct kvm_memslots *slots;
	unsigned int slot;
	int idx;

	idx = srcu_read_lock(&kvm->srcu);
	slots = kvm_memslots(kvm);
	for_each_set_bit(slot, v->xbufs, ELISA_WINDOWS) {
		inst = v->slot[slot].instance;
		if (inst && inst->att->xbuf.n_runs)
			mark_buffer(inst->att, slots);
		else
			__clear_bit(slot, v->xbufs); /* suspended, revoked */
	}
	srcu_read_unlock(&kvm->srcu, idx);
}

/**
 * elisa_dirty_follow() - an attachment begins
 * @att: with its exchange buffer pinned, vm->lock held, nothing bound yet
 */
void elisa_dirty_follow(struct elisa_attachment *att)
{
	struct elisa_vm *vm = att->vm;

	att->quiet_at = NEVER;
	att->scattered = !elisa_limit_take(&vm->buffer_pieces,
					   ELISA_DIRTY_PIECES,
					   att->xbuf.n_runs);
	if (att->scattered)
		atomic_inc(&vm->scattered_buffers);
}

/**
 * elisa_dirty_forget() - an attachment is over
 * @att: of elisa_dirty_follow(), revoked, no instance is bound, still pinned
 */
void elisa_dirty_forget(struct elisa_attachment *att)
{
	if (att->scattered)
		atomic_dec(&att->vm->scattered_buffers);
	else
		atomic_sub(att->xbuf.n_runs, &att->vm->buffer_pieces);
	if (xchg(&att->moved, false))
		atomic_dec(&att->vm->moved_buffers);
}

/**
 * elisa_dirty_unmigratable() - why a VM had better stay where it is
 * @vm: VM
 *
 * Context: any.  Return: ELISA_UNMIGRATABLE_*; 0: its VMM may migrate it.
 */
u32 elisa_dirty_unmigratable(const struct elisa_vm *vm)
{
	const struct elisa_stats *s = &vm->stats;
	u32 why = 0;

	if (atomic_read(&s->exports))
		why |= ELISA_UNMIGRATABLE_EXPORTS;
	if (atomic_read(&s->suspended))
		why |= ELISA_UNMIGRATABLE_SUSPENDED;
	if (READ_ONCE(vm->dirty_ring) && atomic_read(&s->pinned_pages))
		why |= ELISA_UNMIGRATABLE_DIRTY_RING;
	if (atomic_read(&vm->moved_buffers))
		why |= ELISA_UNMIGRATABLE_MOVED;
	if (atomic_read(&vm->scattered_buffers))
		why |= ELISA_UNMIGRATABLE_SCATTERED;
	return why;
}
