/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * An export: a sealed code image with an entry table, and shared memory.
 *
 *	building --SEAL--> sealed --revoke--> dead --last reference--> freed
 *	    '------- DESTROY, manager gone ----^
 *
 * Building, only its manager sees it.  Sealed, it is found by name and never
 * changes.  Dead, nothing can attach and no sub context maps it.
 *
 * An export of the host (export_host.c) has no manager VM.  It becomes known
 * when it is sealed, keeps the module loaded, and ends by the host's command.
 */
#ifndef ELISA_EXPORT_H
#define ELISA_EXPORT_H

#include <linux/kref.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/types.h>

#include <elisa/hypercall.h>
#include <elisa/layout.h>
#include <elisa/netlink.h>

#include "ept.h"
#include "liveness.h"
#include "pin.h"

struct elisa_attachment;
struct elisa_vm;
struct kvm_vcpu;

/** struct elisa_image_page - one page of the image, and its protection */
struct elisa_image_page {
	struct elisa_table page;
	u8 prot;
};

struct elisa_export_entry {
	char name[ELISA_NAME_SIZE];
	u64 offset;
};

/**
 * struct elisa_export - see above
 * @list: in the list of all exports, under elisa_export_lock
 * @attachments: live attachments, under elisa_export_lock
 * @vm: the manager VM, referenced; NULL: the host
 * @trust: FULL only for the host's, and set nowhere but in
 *	elisa_export_host_begin()
 * @lock: guards the fields below while building
 * @image: by page number; page 0 is the entry table
 * @image_pt: page table of chunk ELISA_CHUNK_IMAGE
 * @data: the shared region
 * @data_inode: of the memfd whose memory it is; 0: none's
 * @data_pt: its page tables
 * @live: identities of its instances; pages in all of its sub contexts
 */
struct elisa_export {
	struct list_head list;
	struct list_head attachments;
	struct kref ref;
	u32 id;
	u64 token;
	char name[ELISA_NAME_SIZE];
	struct elisa_vm *vm;
	enum elisa_trust trust;
	bool sealed, dead;
	struct mutex lock; /* see above */
	struct elisa_image_page *image;
	u32 n_image;
	struct elisa_table image_pt;
	struct elisa_export_entry *entry;
	u32 n_entries;
	struct elisa_pins data;
	u64 data_inode;
	struct elisa_table *data_pt;
	u32 n_data_pt;
	struct elisa_liveness live;
};

/** struct elisa_finding - a forbidden instruction in an image */
struct elisa_finding {
	const char *what;
	size_t offset;
};

extern struct mutex elisa_export_lock;

int elisa_export_create(struct elisa_vm *vm, const char *name, u64 *token);
int elisa_export_image(struct elisa_vm *vm, struct kvm_vcpu *vcpu, u64 token,
		       u64 gva, u64 first, u64 n, u64 prot);
int elisa_export_data(struct elisa_vm *vm, struct kvm_vcpu *vcpu, u64 token,
		      u64 gva, u64 n);
int elisa_export_add_entry(struct elisa_vm *vm, u64 token, const char *name,
			   u64 offset);
int elisa_export_seal(struct elisa_vm *vm, u64 token);
int elisa_export_destroy(struct elisa_vm *vm, u64 token);
int elisa_export_revoke_id(u32 id);
void elisa_export_revoke_vm(struct elisa_vm *vm);
u32 elisa_export_revoke_denied(struct elisa_vm *vm);

/* For who builds one: with export->lock held, or while nobody else knows it. */
struct elisa_export *elisa_export_alloc(const char *name, struct elisa_vm *vm);
bool elisa_export_prot_valid(u64 prot);
int elisa_export_put_page(struct elisa_export *export, u32 page, u8 prot,
			  int (*fill)(void *to, void *arg), void *arg);
int elisa_export_put_entry(struct elisa_export *export, const char *name,
			   u64 offset);
int elisa_export_complete(struct elisa_export *export,
			  struct elisa_finding *finding);
int elisa_export_publish(struct elisa_export *export, u32 *id);

struct elisa_export *elisa_export_get(const char *name);
void elisa_export_put(struct elisa_export *export);
int elisa_export_link(struct elisa_export *export,
		      struct elisa_attachment *att);
void elisa_export_unlink(struct elisa_attachment *att);
int elisa_export_lookup(const struct elisa_export *export, const char *name);
int elisa_export_for_each(int (*fn)(struct elisa_export *export, void *arg),
			  u32 from, void *arg);

#endif /* ELISA_EXPORT_H */
