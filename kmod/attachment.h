/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * An attachment: one VM bound to one export, with one window.
 *
 *	live --revoke--> revoked --(DETACH, host forgets it, VM gone)--> freed
 *
 * Revoked, it keeps its window, so that calls through it end with -ENOLINK,
 * but has no instances, pins nothing and holds no reference to the export.
 */
#ifndef ELISA_ATTACHMENT_H
#define ELISA_ATTACHMENT_H

#include <linux/kref.h>
#include <linux/kvm_host.h>
#include <linux/list.h>
#include <linux/spinlock.h>

#include <elisa/hypercall.h>

#include "apt.h"
#include "gate_code.h"
#include "pin.h"

struct elisa_export;
struct elisa_vm;

/** struct elisa_segment - a segment register of the VMCS */
struct elisa_segment {
	u64 selector, base, limit, ar;
};

/**
 * struct elisa_attachment - see above
 * @vm: the attaching VM, referenced
 * @export: referenced, until revoked
 * @export_list: in the export's list, until revoked
 * @ref: the VM's window table, and whoever revokes it
 * @token: names it in hypercalls
 * @slot: its window
 * @cpl: of the code that attached; calls run at this CPL
 * @rflags: IF and IOPL of the code that attached
 * @cs: code segment, likewise
 * @ss: stack segment, likewise
 * @is_trusted: the export is trusted fully
 * @is_full: and is called as such
 * @interposed: calls are made with VMCALL, see interpose.h
 * @dead: no call may enter or resume
 * @apt: APT of its sub contexts
 * @alias: leads to its root
 * @system: page table of chunk ELISA_CHUNK_SUB
 * @landing: landing page
 * @info: struct elisa_sub_info page
 * @xbuf: the exchange buffer
 * @xbuf_pt: page table of chunk ELISA_CHUNK_XBUF
 * @moved: the memory slot of @xbuf is another one now, see dirty.c
 * @scattered: @xbuf is in too many pieces to be logged, see dirty.c
 * @quiet_at: generation of memory slots of which none of @xbuf's logs
 * @lock: guards the states of its instances and the lists
 * @instances: all of them
 * @free: those in state FREE
 */
struct elisa_attachment {
	struct elisa_vm *vm;
	struct elisa_export *export;
	struct list_head export_list;
	struct kref ref;
	u64 token;
	u32 id;
	u32 rights;
	unsigned int slot;
	unsigned int cpl;
	u64 rflags;
	struct elisa_segment cs, ss;
	bool is_trusted, is_full, interposed;
	bool dead, moved, scattered;
	u64 quiet_at;
	char export_name[ELISA_NAME_SIZE];
	u32 export_id;
	struct elisa_apt apt;
	struct elisa_ept_alias alias;
	struct elisa_table system, landing, info, xbuf_pt;
	struct elisa_pins xbuf;
	raw_spinlock_t lock;
	struct list_head instances, free;
};

/** struct elisa_attach_request - arguments and results of ATTACH */
struct elisa_attach_request {
	char name[ELISA_NAME_SIZE];
	u64 xbuf;
	u32 xbuf_pages;
	bool interposed;
	/* results */
	u64 token, window;
	u32 rights;
};

/* Which landing page it has. */
static inline enum elisa_variant
elisa_attachment_variant(const struct elisa_attachment *att)
{
	if (att->interposed)
		return ELISA_VARIANT_INTERPOSED;
	return att->is_full ? ELISA_VARIANT_FULL : ELISA_VARIANT_SEALED;
}

int elisa_attach(struct elisa_vm *vm, struct kvm_vcpu *vcpu,
		 struct elisa_attach_request *req);
int elisa_detach(struct elisa_vm *vm, u64 token);
int elisa_attachment_end(u32 id, bool forget);
void elisa_detach_slot(struct elisa_vm *vm, unsigned int slot);
void elisa_attachment_revoke(struct elisa_attachment *att);
void elisa_attachment_get(struct elisa_attachment *att);
void elisa_attachment_put(struct elisa_attachment *att);
struct elisa_attachment *elisa_attachment_find(struct elisa_vm *vm, u64 token);

#endif /* ELISA_ATTACHMENT_H */
