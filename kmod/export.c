// SPDX-License-Identifier: GPL-2.0-only
/*
 * Exports: building, sealing, finding, revoking.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/module.h>
#include <linux/random.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <asm/io.h>

#include "attachment.h"
#include "cpu.h"
#include "event.h"
#include "export.h"
#include "guest_walk.h"
#include "inject.h"
#include "table.h"
#include "verify.h"
#include "vm.h"
#include "vm_policy.h"

/* Guards the list of exports and each export's list of attachments. */
DEFINE_MUTEX(elisa_export_lock);
static LIST_HEAD(exports);
static u32 next_id;

/* Page 0 of the image chunk is the entry table; image page 0 follows it. */
#define IMAGE_SLOTS (ELISA_IMAGE_PAGES_MAX + 1)

static void export_free(struct kref *ref)
{
	struct elisa_export *export = container_of(ref, typeof(*export), ref);
	struct elisa_vm *vm;
	u32 i;

	for (i = 0; i < IMAGE_SLOTS; i++)
		elisa_table_free(&export->image[i].page);
	elisa_table_free(&export->image_pt);
	for (i = 0; i < export->n_data_pt; i++)
		elisa_table_free(&export->data_pt[i]);
	kfree(export->data_pt);
	elisa_unpin(&export->data, export->vm);
	elisa_liveness_free(&export->live);
	kfree(export->entry);
	kvfree(export->image);
	vm = export->vm;
	kfree(export);
	if (vm)
		elisa_vm_put(vm);
	else
		module_put(THIS_MODULE);
}

/** elisa_export_put() - drop a reference.  Context: sleeps. */
void elisa_export_put(struct elisa_export *export)
{
	kref_put(&export->ref, export_free);
}

/* elisa_export_lock held */
static struct elisa_export *find_sealed(const char *name)
{
	struct elisa_export *export;

	list_for_each_entry(export, &exports, list)
		if (export->sealed && !export->dead &&
		    !strcmp(export->name, name))
			return export;
	return NULL;
}

/**
 * elisa_export_get() - a sealed export by name
 * @name: zero-terminated
 *
 * Context: sleeps.  Return: it, referenced, or NULL.
 */
struct elisa_export *elisa_export_get(const char *name)
{
	struct elisa_export *export;

	mutex_lock(&elisa_export_lock);
	export = find_sealed(name);
	if (export)
		kref_get(&export->ref);
	mutex_unlock(&elisa_export_lock);
	return export;
}

/* An export of @vm by token, referenced. */
static struct elisa_export *get_by_token(struct elisa_vm *vm, u64 token)
{
	struct elisa_export *export, *found = NULL;

	mutex_lock(&elisa_export_lock);
	list_for_each_entry(export, &exports, list) {
		if (export->vm == vm && export->token == token) {
			kref_get(&export->ref);
			found = export;
			break;
		}
	}
	mutex_unlock(&elisa_export_lock);
	return found;
}

/* The same, with export->lock held, if it is still being built. */
static struct elisa_export *get_building(struct elisa_vm *vm, u64 token,
					 int *err)
{
	struct elisa_export *export = get_by_token(vm, token);

	*err = -ENOENT;
	if (!export)
		return NULL;
	mutex_lock(&export->lock);
	*err = -EBUSY;
	/*
	 * Sealing needs export->lock; revoking does not, and may come at any
	 * time: who makes the export known looks at @dead once more.
	 */
	if (!export->sealed && !READ_ONCE(export->dead))
		return export;
	mutex_unlock(&export->lock);
	elisa_export_put(export);
	return NULL;
}

static void put_building(struct elisa_export *export)
{
	mutex_unlock(&export->lock);
	elisa_export_put(export);
}

/**
 * elisa_export_alloc() - an empty export that nobody knows
 * @name: valid name
 * @vm: manager; NULL: the host, and the export keeps the module loaded
 *
 * Context: sleeps.  Return: it, with one reference, or NULL.
 */
struct elisa_export *elisa_export_alloc(const char *name, struct elisa_vm *vm)
{
	struct elisa_export *export;

	export = elisa_try_alloc(kzalloc(sizeof(*export), GFP_KERNEL_ACCOUNT));
	if (!export)
		return NULL;
	export->image =
		elisa_try_alloc(kvcalloc(IMAGE_SLOTS, sizeof(*export->image),
					 GFP_KERNEL_ACCOUNT));
	export->entry = elisa_try_alloc(kcalloc(ELISA_ENTRIES_MAX,
						sizeof(*export->entry),
						GFP_KERNEL_ACCOUNT));
	if (!export->image || !export->entry ||
	    elisa_liveness_alloc(&export->live)) {
		elisa_liveness_free(&export->live);
		kfree(export->entry);
		kvfree(export->image);
		kfree(export);
		return NULL;
	}
	if (vm)
		kref_get(&vm->ref);
	else
		__module_get(THIS_MODULE);
	export->vm = vm;
	strscpy(export->name, name, sizeof(export->name));
	export->token = get_random_u64();
	INIT_LIST_HEAD(&export->list);
	INIT_LIST_HEAD(&export->attachments);
	kref_init(&export->ref);
	mutex_init(&export->lock);
	return export;
}

/**
 * elisa_export_create() - begin an export
 * @vm: manager
 * @name: valid name
 * @token: result
 *
 * Context: sleeps.
 * Return: 0; -EACCES by policy; -EEXIST; -ENOSPC limit; -ENOMEM.
 */
int elisa_export_create(struct elisa_vm *vm, const char *name, u64 *token)
{
	struct elisa_export *export;
	int err = -ENOMEM;
	u32 rights;

	mutex_lock(&vm->lock);
	rights = elisa_vm_rights(vm, ELISA_GRANT_EXPORT, name);
	mutex_unlock(&vm->lock);
	if (!rights) {
		elisa_event_denied(vm, name, ELISA_DENIAL_EXPORT);
		return -EACCES;
	}
	if (!elisa_limit_take(&vm->stats.exports,
			      READ_ONCE(vm->policy.limits.exports), 1))
		return -ENOSPC;
	export = elisa_export_alloc(name, vm);
	if (!export)
		goto err_limit;

	mutex_lock(&vm->lock);
	mutex_lock(&elisa_export_lock);
	err = -EEXIST;
	if (find_sealed(name))
		goto err_unlock;
	/* The policy may be another one by now, see vm_policy.c. */
	err = -EACCES;
	if (!elisa_vm_rights(vm, ELISA_GRANT_EXPORT, name))
		goto err_unlock;
	/* A VM that is leaving or gone has its exports revoked just once. */
	if (READ_ONCE(vm->state) != ELISA_VM_ACTIVE)
		goto err_unlock;
	export->id = ++next_id;
	list_add_tail(&export->list, &exports);
	*token = export->token;
	mutex_unlock(&elisa_export_lock);
	mutex_unlock(&vm->lock);
	return 0;

err_unlock:
	mutex_unlock(&elisa_export_lock);
	mutex_unlock(&vm->lock);
	elisa_export_put(export);
err_limit:
	atomic_dec(&vm->stats.exports);
	return err;
}

/** elisa_export_prot_valid() - may a page of an image have this protection? */
bool elisa_export_prot_valid(u64 prot)
{
	return prot == ELISA_PROT_R || prot == (ELISA_PROT_R | ELISA_PROT_W) ||
	       prot == ELISA_PROT_X || prot == (ELISA_PROT_R | ELISA_PROT_X);
}

/**
 * elisa_export_put_page() - add a page to the image
 * @export: being built
 * @page: 0..ELISA_IMAGE_PAGES_MAX-1
 * @prot: valid protection
 * @fill: writes the contents, 0 or -errno
 * @arg: for @fill
 *
 * Context: sleeps.
 * Return: 0; -EEXIST it is there already; -ENOMEM; -EINTR; or of @fill.
 */
int elisa_export_put_page(struct elisa_export *export, u32 page, u8 prot,
			  int (*fill)(void *to, void *arg), void *arg)
{
	struct elisa_image_page *image = &export->image[1 + page];
	int err;

	if (image->page.va)
		return -EEXIST;
	err = elisa_table_alloc(&image->page);
	if (err)
		return err;
	err = fill(image->page.va, arg);
	if (err) {
		elisa_table_free(&image->page);
		return err;
	}
	image->prot = prot;
	export->n_image++;
	if (fatal_signal_pending(current))
		return -EINTR;
	cond_resched();
	return 0;
}

/** struct guest_page - a page of a guest */
struct guest_page {
	struct kvm_vcpu *vcpu;
	u64 gva;
};

static int copy_guest_page(void *to, void *arg)
{
	const struct guest_page *from = arg;
	unsigned long hva;
	int err;

	err = elisa_guest_hva(from->vcpu, from->gva, ELISA_ACCESS_READ, &hva);
	if (err)
		return err;
	return copy_from_user(to, (void __user *)hva, PAGE_SIZE) ? -EFAULT : 0;
}

/**
 * elisa_export_image() - copy pages into the image
 * @vm: manager
 * @vcpu: the caller's vCPU
 * @token: export
 * @gva: page-aligned source address
 * @first: image page, 0..ELISA_IMAGE_PAGES_MAX-1
 * @n: pages
 * @prot: ELISA_PROT_*: R, R|W or X (X implies no read access if possible)
 *
 * Context: the vCPU's thread, sleeps.
 * Return: 0, -EINVAL, -EFAULT, -EEXIST a page is there already, -ENOMEM.
 */
int elisa_export_image(struct elisa_vm *vm, struct kvm_vcpu *vcpu, u64 token,
		       u64 gva, u64 first, u64 n, u64 prot)
{
	struct guest_page from = { .vcpu = vcpu, .gva = gva };
	struct elisa_export *export;
	int err;
	u64 i;

	if (!IS_ALIGNED(gva, PAGE_SIZE) || !n || n > ELISA_IMAGE_PAGES_MAX ||
	    first > ELISA_IMAGE_PAGES_MAX - n || !elisa_export_prot_valid(prot))
		return -EINVAL;
	export = get_building(vm, token, &err);
	if (!export)
		return err;
	for (i = 0, err = 0; i < n && !err; i++, from.gva += PAGE_SIZE)
		err = elisa_export_put_page(export, first + i, prot,
					    copy_guest_page, &from);
	put_building(export);
	return err;
}

/**
 * elisa_export_data() - append memory to the shared region
 * @vm: manager
 * @vcpu: the caller's vCPU
 * @token: export
 * @gva: page-aligned address, writable for the caller
 * @n: pages
 *
 * Context: the vCPU's thread, sleeps.
 * Return: 0, -EINVAL, or as elisa_pin_guest().
 */
int elisa_export_data(struct elisa_vm *vm, struct kvm_vcpu *vcpu, u64 token,
		      u64 gva, u64 n)
{
	struct elisa_export *export;
	int err;

	if (!IS_ALIGNED(gva, PAGE_SIZE) || !n || n > ELISA_DATA_PAGES_MAX)
		return -EINVAL;
	export = get_building(vm, token, &err);
	if (!export)
		return err;
	err = -EINVAL;
	if (n <= ELISA_DATA_PAGES_MAX - export->data.n_pages)
		err = elisa_pin_guest(&export->data, vm, vcpu, gva, n);
	put_building(export);
	return err;
}

/**
 * elisa_export_put_entry() - name an entry point
 * @export: being built
 * @name: valid name
 * @offset: from ELISA_SUB_IMAGE, in an executable page that is there already
 *
 * Return: the entry's index; -EINVAL, -ENOSPC, -EEXIST.
 */
int elisa_export_put_entry(struct elisa_export *export, const char *name,
			   u64 offset)
{
	struct elisa_export_entry *entry;
	u64 page = offset / PAGE_SIZE;

	if (page >= ELISA_IMAGE_PAGES_MAX ||
	    !(export->image[1 + page].prot & ELISA_PROT_X))
		return -EINVAL;
	if (export->n_entries == ELISA_ENTRIES_MAX)
		return -ENOSPC;
	if (elisa_export_lookup(export, name) >= 0)
		return -EEXIST;
	entry = &export->entry[export->n_entries];
	strscpy(entry->name, name, sizeof(entry->name));
	entry->offset = offset;
	return export->n_entries++;
}

/**
 * elisa_export_add_entry() - name an entry point
 * @vm: manager
 * @token: export
 * @name: valid name
 * @offset: from ELISA_SUB_IMAGE, in an executable page that is there already
 *
 * Context: sleeps.
 * Return: the entry's index; -EINVAL, -EEXIST, -ENOSPC.
 */
int elisa_export_add_entry(struct elisa_vm *vm, u64 token, const char *name,
			   u64 offset)
{
	struct elisa_export *export;
	int err;

	export = get_building(vm, token, &err);
	if (!export)
		return err;
	err = elisa_export_put_entry(export, name, offset);
	put_building(export);
	return err;
}

static bool is_code(const struct elisa_export *export, u32 i)
{
	return i < IMAGE_SLOTS && export->image[i].page.va &&
	       export->image[i].prot & ELISA_PROT_X;
}

/* Verify each run of contiguous executable pages as one piece of code. */
static int verify_image(struct elisa_export *export,
			struct elisa_finding *finding)
{
	const size_t most = ELISA_IMAGE_PAGES_MAX * PAGE_SIZE;
	enum elisa_verdict verdict = ELISA_CODE_OK;
	size_t offset = 0;
	u32 i, start, n;
	u8 *code;

	code = elisa_try_alloc(kvmalloc(most, GFP_KERNEL));
	if (!code)
		return -ENOMEM;
	for (i = 1; i < IMAGE_SLOTS && verdict == ELISA_CODE_OK; i++) {
		start = i;
		for (n = 0; is_code(export, i); i++, n++)
			memcpy(code + n * PAGE_SIZE, export->image[i].page.va,
			       PAGE_SIZE);
		if (n)
			verdict =
				elisa_verify_code(code, n * PAGE_SIZE, &offset);
		offset += (start - 1) * PAGE_SIZE;
		cond_resched();
	}
	kvfree(code);
	if (verdict == ELISA_CODE_OK)
		return 0;
	finding->what = elisa_verdict_text(verdict);
	finding->offset = offset;
	return -ENOEXEC;
}

static int build_tables(struct elisa_export *export)
{
	struct elisa_image_page *table = &export->image[0];
	u32 i, pts = DIV_ROUND_UP(export->data.n_pages, ELISA_EPT_ENTRIES);
	u64 rights;
	int err;

	err = elisa_table_alloc(&table->page);
	if (err)
		return err;
	table->prot = ELISA_PROT_R;
	for (i = 0; i < export->n_entries; i++)
		table->page.va[i] = ELISA_SUB_IMAGE + export->entry[i].offset;

	err = elisa_table_alloc(&export->image_pt);
	if (err)
		return err;
	for (i = 0; i < IMAGE_SLOTS; i++) {
		if (!export->image[i].page.va)
			continue;
		rights = ELISA_EPT_R;
		if (export->image[i].prot & ELISA_PROT_W)
			rights |= ELISA_EPT_W;
		if (export->image[i].prot & ELISA_PROT_X)
			rights = elisa_cpu_exec_rights();
		elisa_ept_set_page(export->image_pt.va, i,
				   export->image[i].page.pa, rights);
	}

	export->data_pt =
		elisa_try_alloc(kcalloc(pts ?: 1, sizeof(*export->data_pt),
					GFP_KERNEL_ACCOUNT));
	if (!export->data_pt)
		return -ENOMEM;
	for (i = 0; i < pts; i++) {
		err = elisa_table_alloc(&export->data_pt[i]);
		if (err)
			return err;
		export->n_data_pt++;
	}
	for (i = 0; i < export->data.n_pages; i++)
		elisa_ept_set_page(export->data_pt[i / ELISA_EPT_ENTRIES].va,
				   i % ELISA_EPT_ENTRIES,
				   page_to_phys(export->data.pages[i]),
				   ELISA_EPT_R | ELISA_EPT_W);
	return 0;
}

static void destroy_tables(struct elisa_export *export)
{
	u32 i;

	elisa_table_free(&export->image[0].page);
	elisa_table_free(&export->image_pt);
	for (i = 0; i < export->n_data_pt; i++)
		elisa_table_free(&export->data_pt[i]);
	export->n_data_pt = 0;
	kfree(export->data_pt);
	export->data_pt = NULL;
}

/**
 * elisa_export_complete() - verify an export and build its tables
 * @export: being built
 * @finding: set with -ENOEXEC
 *
 * Context: sleeps.
 * Return: 0; -EINVAL no image or no entry; -ENOEXEC; -ENOMEM.
 */
int elisa_export_complete(struct elisa_export *export,
			  struct elisa_finding *finding)
{
	int err;

	if (!export->n_image || !export->n_entries)
		return -EINVAL;
	err = verify_image(export, finding);
	if (err)
		return err;
	err = build_tables(export);
	if (err)
		destroy_tables(export);
	return err;
}

/**
 * elisa_export_seal() - verify an export and make it known
 * @vm: manager
 * @token: export
 *
 * Context: sleeps.
 * Return: 0; -EINVAL no image or no entry; -ENOEXEC a forbidden instruction
 * (the kernel log names it and its place); -EEXIST; -ENOMEM.
 */
int elisa_export_seal(struct elisa_vm *vm, u64 token)
{
	struct elisa_finding finding;
	struct elisa_export *export;
	int err;

	export = get_building(vm, token, &err);
	if (!export)
		return err;
	err = elisa_export_complete(export, &finding);
	if (err == -ENOEXEC)
		pr_info_ratelimited("export %s refused: %s at image offset 0x%zx\n",
				    export->name, finding.what, finding.offset);
	if (err)
		goto out;

	mutex_lock(&elisa_export_lock);
	if (export->dead)
		err = -ENOENT;
	else if (find_sealed(export->name))
		err = -EEXIST;
	else
		export->sealed = true;
	mutex_unlock(&elisa_export_lock);
	if (err)
		destroy_tables(export);
	else
		elisa_event_export(ELISA_EVENT_EXPORT_ADDED, export);
out:
	put_building(export);
	return err;
}

/**
 * elisa_export_publish() - make a complete export of the host known
 * @export: its reference goes to the table
 * @id: set to its number
 *
 * Context: sleeps.  Return: 0, -EEXIST; on error the reference stays.
 */
int elisa_export_publish(struct elisa_export *export, u32 *id)
{
	int err = 0;

	mutex_lock(&elisa_export_lock);
	if (find_sealed(export->name)) {
		err = -EEXIST;
	} else {
		*id = export->id = ++next_id;
		export->sealed = true;
		list_add_tail(&export->list, &exports);
		/* Held until the event is sent: it can be deleted at once. */
		kref_get(&export->ref);
	}
	mutex_unlock(&elisa_export_lock);
	if (err)
		return err;
	elisa_event_export(ELISA_EVENT_EXPORT_ADDED, export);
	elisa_export_put(export);
	return 0;
}

/*
 * Take an export out of every sub context, then out of the table.  When it
 * returns no vCPU is in a sub context of the export and none can enter, also
 * when another thread has begun the same before.  Return: false then.
 */
static bool revoke(struct elisa_export *export)
{
	struct elisa_attachment *att;
	bool first;

	mutex_lock(&elisa_export_lock);
	first = !export->dead;
	WRITE_ONCE(export->dead, true);
	mutex_unlock(&elisa_export_lock);

	for (;;) {
		mutex_lock(&elisa_export_lock);
		att = list_first_entry_or_null(&export->attachments,
					       struct elisa_attachment,
					       export_list);
		if (att)
			elisa_attachment_get(att);
		mutex_unlock(&elisa_export_lock);
		if (!att)
			break;
		mutex_lock(&att->vm->lock);
		elisa_attachment_revoke(att);
		mutex_unlock(&att->vm->lock);
		elisa_attachment_put(att);
	}
	if (!first)
		return false;
	mutex_lock(&elisa_export_lock);
	list_del(&export->list);
	mutex_unlock(&elisa_export_lock);
	if (export->sealed)
		elisa_event_export(ELISA_EVENT_EXPORT_REMOVED, export);
	if (export->vm)
		atomic_dec(&export->vm->stats.exports);
	elisa_export_put(export);
	return true;
}

/**
 * elisa_export_destroy() - DESTROY hypercall
 * @vm: the VM
 * @token: from the hypercall that made it
 *
 * Context: sleeps; vm->lock of no VM held.  Return: 0 or -ENOENT.
 */
int elisa_export_destroy(struct elisa_vm *vm, u64 token)
{
	struct elisa_export *export = get_by_token(vm, token);

	if (!export)
		return -ENOENT;
	revoke(export);
	elisa_export_put(export);
	return 0;
}

/**
 * elisa_export_revoke_id() - revoke by number, for the host
 * @id: number, as `elisactl` lists it
 *
 * Context: sleeps.  Return: 0 or -ENOENT.
 */
int elisa_export_revoke_id(u32 id)
{
	struct elisa_export *export, *found = NULL;

	mutex_lock(&elisa_export_lock);
	list_for_each_entry(export, &exports, list) {
		if (export->id == id) {
			kref_get(&export->ref);
			found = export;
			break;
		}
	}
	mutex_unlock(&elisa_export_lock);
	if (!found)
		return -ENOENT;
	revoke(found);
	elisa_export_put(found);
	return 0;
}

/**
 * elisa_export_revoke_vm() - revoke the exports that a VM has
 * @vm: the VM.  Those that it begins meanwhile stay; one that is leaving or gone
 *	begins none.
 *
 * Context: sleeps.
 */
void elisa_export_revoke_vm(struct elisa_vm *vm)
{
	struct elisa_export *export, *found;
	u32 last;

	mutex_lock(&elisa_export_lock);
	last = next_id;
	mutex_unlock(&elisa_export_lock);
	do {
		found = NULL;
		mutex_lock(&elisa_export_lock);
		list_for_each_entry(export, &exports, list) {
			if (export->vm == vm && !export->dead &&
			    export->id <= last) {
				kref_get(&export->ref);
				found = export;
				break;
			}
		}
		mutex_unlock(&elisa_export_lock);
		if (found) {
			revoke(found);
			elisa_export_put(found);
		}
	} while (found);
}

/* The next export of @vm that its grants do not cover, referenced. */
static struct elisa_export *next_denied(struct elisa_vm *vm, u32 from)
{
	struct elisa_export *export, *found = NULL;

	mutex_lock(&vm->lock);
	mutex_lock(&elisa_export_lock);
	list_for_each_entry(export, &exports, list) {
		if (export->vm == vm && export->id > from &&
		    !elisa_vm_rights(vm, ELISA_GRANT_EXPORT, export->name)) {
			kref_get(&export->ref);
			found = export;
			break;
		}
	}
	mutex_unlock(&elisa_export_lock);
	mutex_unlock(&vm->lock);
	return found;
}

/**
 * elisa_export_revoke_denied() - revoke what a VM may not export any more
 * @vm: the VM
 *
 * Also waits for those that another thread is revoking.  Each is looked at
 * once: later ones were made under the grants as they are.
 *
 * Context: sleeps; vm->lock of no VM held.  Return: how many it has revoked.
 */
u32 elisa_export_revoke_denied(struct elisa_vm *vm)
{
	struct elisa_export *export;
	u32 from = 0, n = 0;

	while ((export = next_denied(vm, from))) {
		from = export->id;
		if (revoke(export))
			n++;
		elisa_export_put(export);
	}
	return n;
}

/**
 * elisa_export_link() - make an attachment known to its export
 * @export: the export
 * @att: the attachment
 *
 * Return: 0, or -ENOENT when the export is dead; after 0 a revocation of the
 * export finds the attachment.
 */
int elisa_export_link(struct elisa_export *export, struct elisa_attachment *att)
{
	int err = 0;

	mutex_lock(&elisa_export_lock);
	if (export->dead)
		err = -ENOENT;
	else
		list_add_tail(&att->export_list, &export->attachments);
	mutex_unlock(&elisa_export_lock);
	return err;
}

/** elisa_export_unlink() - the reverse */
void elisa_export_unlink(struct elisa_attachment *att)
{
	mutex_lock(&elisa_export_lock);
	list_del_init(&att->export_list);
	mutex_unlock(&elisa_export_lock);
}

/**
 * elisa_export_lookup() - index of an entry
 * @export: sealed, or with its lock held
 * @name: zero-terminated
 *
 * Return: 0.., or -ENOENT.
 */
int elisa_export_lookup(const struct elisa_export *export, const char *name)
{
	u32 i;

	for (i = 0; i < export->n_entries; i++)
		if (!strcmp(export->entry[i].name, name))
			return i;
	return -ENOENT;
}

/**
 * elisa_export_for_each() - visit sealed exports with id > @from, in order
 * @fn: called with elisa_export_lock held; nonzero stops
 * @from: where to begin; 0: with the first
 * @arg: passed to @fn
 *
 * Return: what @fn returned last.
 */
int elisa_export_for_each(int (*fn)(struct elisa_export *export, void *arg),
			  u32 from, void *arg)
{
	struct elisa_export *export;
	int err = 0;

	mutex_lock(&elisa_export_lock);
	list_for_each_entry(export, &exports, list) {
		if (!export->sealed || export->dead || export->id <= from)
			continue;
		err = fn(export, arg);
		if (err)
			break;
	}
	mutex_unlock(&elisa_export_lock);
	return err;
}
