/* SPDX-License-Identifier: LGPL-2.1-or-later OR MIT */
/*
 * libelisa-guest, the manager's side: exporting code and shared data.
 *
 *	char why[ELISA_IMAGE_ERR_SIZE];
 *	struct elisa_image *image;
 *	struct elisa_export *exp;
 *	struct elisa_buffer data;
 *
 *	err = elisa_image_load(&image, "kv.sub", why, sizeof(why));
 *	err = elisa_buffer_alloc(&data, 64 << 20);
 *	err = elisa_export_create(&exp, "kv.store", image, data.addr, data.size);
 *	...
 *	err = elisa_export_destroy(exp);
 *
 * Every function returns 0 or a negative errno value.  Functions may be called
 * from any thread, not from signal handlers; one object must not be changed by
 * a thread while another uses it.  None is a cancellation point.
 */
#ifndef _ELISA_MANAGER_H
#define _ELISA_MANAGER_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Enough for every message of elisa_image_load(). */
#define ELISA_IMAGE_ERR_SIZE 160

/**
 * struct elisa_image - a sub image, checked, relocated and ready to export
 */
struct elisa_image;

/**
 * struct elisa_export - an export that this process has made
 */
struct elisa_export;

/**
 * elisa_image_load() - load a sub image from a file
 * @image: where to store the image; release it with elisa_image_free()
 * @path: an ELF shared object, built as <elisa/sub.h> describes
 * @err: if not NULL, filled in with one line that says why the image was
 *	refused; the empty string on success
 * @err_size: bytes at @err, ELISA_IMAGE_ERR_SIZE holds every message
 *
 * Return: 0; -ENOEXEC if the file is not an acceptable image; -EFBIG if it is
 * larger than 16 MiB; -EINVAL if it is no regular file; -ENOMEM; or what opening
 * and reading it reported.
 */
int elisa_image_load(struct elisa_image **image, const char *path, char *err,
		     size_t err_size);

/**
 * elisa_image_load_memory() - load a sub image from memory
 * @image: where to store the image; release it with elisa_image_free()
 * @elf: the bytes of the ELF file, any alignment; not needed afterwards
 * @size: their number
 * @err: as elisa_image_load()
 * @err_size: as elisa_image_load()
 *
 * Return: 0; -ENOEXEC if it is not an acceptable image; -ENOMEM.
 */
int elisa_image_load_memory(struct elisa_image **image, const void *elf,
			    size_t size, char *err, size_t err_size);

/**
 * elisa_image_free() - release an image
 * @image: the image, or NULL.  Exports made of it are not affected.
 */
void elisa_image_free(struct elisa_image *image);

/**
 * elisa_image_entries() - number of entry points of an image
 * @image: the image
 *
 * Return: 1..256.
 */
unsigned int elisa_image_entries(const struct elisa_image *image);

/**
 * elisa_image_entry_name() - name of an entry point
 * @image: the image
 * @n: 0..elisa_image_entries() - 1
 *
 * Return: the name, valid until the image is freed; NULL if @n is too large.
 */
const char *elisa_image_entry_name(const struct elisa_image *image,
				   unsigned int n);

/**
 * elisa_export_create() - make an export: code, its entry points, shared data
 * @exp: where to store the export; release it with elisa_export_destroy()
 * @name: its name, 1..31 bytes of [A-Za-z0-9._-]
 * @image: the code; copied by the host, may be freed afterwards
 * @data: shared data, aligned to 4096 bytes, in memory that the guest's kernel
 *	does not move (elisa_buffer_alloc()); or NULL.  It stays the caller's,
 *	is pinned by the host, and must outlive the export.
 * @data_size: bytes of @data, a multiple of 4096 up to 256 MiB; 0 without it
 *
 * From now on VMs that the host's policy allows can attach.
 *
 * The export lives until elisa_export_destroy(), or until the VM ends.  The
 * host does not notice a process that ends without destroying its export: its
 * huge pages stay in use by the export while the guest's kernel may give them
 * to others.  A manager should be a service of its own that handles SIGTERM.
 *
 * Return: 0; -EINVAL malformed argument; as elisa_probe(); -EACCES the host's
 * policy refuses; -EEXIST the name is in use; -ENOSPC a limit of the policy is
 * reached; -EFAULT @data is not resident, writable memory; -ENOEXEC the host
 * refuses the code (forbidden instructions); -EBUSY or -ENOENT the host revoked
 * the export while it was being made; -ENOMEM.  After an error nothing is left
 * behind, and *@exp is as it was.
 */
int elisa_export_create(struct elisa_export **exp, const char *name,
			const struct elisa_image *image, void *data,
			size_t data_size);

/**
 * elisa_export_destroy() - end an export
 * @exp: the export, or NULL.  It is released in any case, also on error.
 *
 * When it returns, no VM is inside the export's code and none can enter; calls
 * fail with -ENOLINK.  In a child of the process that made the export only the
 * handle is released.
 *
 * Return: 0; -ENOENT the host had revoked it before; -ENOSYS the VM is not
 * enrolled any more.
 */
int elisa_export_destroy(struct elisa_export *exp);

#ifdef __cplusplus
}
#endif

#endif /* _ELISA_MANAGER_H */
