// SPDX-License-Identifier: GPL-2.0-only
/*
 * Exports of the host.  Whoever makes one has CAP_SYS_ADMIN, but may be wrong:
 * the same rules hold as for a manager's.
 */
#include <linux/fs.h>

#include "export.h"
#include "export_host.h"
#include "memfd.h"
#include "pin.h"

/** struct image_file - where the next page of an image is read */
struct image_file {
	struct file *file;
	loff_t pos;
};

/**
 * elisa_export_host_begin() - an empty export of the host
 * @name: valid name
 * @trust: what it may do.  A VM's export gets here by no way, so none of them
 *	can be trusted fully.
 *
 * Context: sleeps.  Return: it or NULL.
 */
struct elisa_export *elisa_export_host_begin(const char *name,
					     enum elisa_trust trust)
{
	struct elisa_export *export = elisa_export_alloc(name, NULL);

	if (export)
		export->trust = trust;
	return export;
}

/** elisa_export_host_cancel() - forget an export that was not finished */
void elisa_export_host_cancel(struct elisa_export *export)
{
	elisa_export_put(export);
}

static int read_page(void *to, void *arg)
{
	struct image_file *from = arg;
	ssize_t n = kernel_read(from->file, to, PAGE_SIZE, &from->pos);

	if (n < 0)
		return n;
	return n == PAGE_SIZE ? 0 : -ENODATA;
}

/* What kernel_read() takes without a warning, and ends soon. */
static bool is_readable(const struct file *file)
{
	return S_ISREG(file_inode(file)->i_mode) && file->f_mode & FMODE_READ &&
	       file->f_op->read_iter && !file->f_op->read;
}

/**
 * elisa_export_host_segment() - copy pages into the image
 * @export: from elisa_export_host_begin()
 * @image: file that holds the image from offset 0
 * @first: image page, and page of the file
 * @n: pages
 * @prot: ELISA_PROT_*
 * @why: set on error
 *
 * Context: sleeps.  Return: 0, -EINVAL, -EEXIST, -ENOMEM, -EINTR, of reading.
 */
int elisa_export_host_segment(struct elisa_export *export, struct file *image,
			      u32 first, u32 n, u32 prot, const char **why)
{
	struct image_file from = {
		.file = image,
		.pos = (loff_t)first * PAGE_SIZE,
	};
	int err = 0;
	u32 i;

	*why = "IMAGE_FD is not a regular file that can be read";
	if (!is_readable(image))
		return -EINVAL;
	*why = "a segment has 1 page or more";
	if (!n)
		return -EINVAL;
	*why = "a segment lies outside the 511 pages of an image";
	if (n > ELISA_IMAGE_PAGES_MAX || first > ELISA_IMAGE_PAGES_MAX - n)
		return -EINVAL;
	*why = "a segment is writable and executable";
	if (prot & ELISA_PROT_W && prot & ELISA_PROT_X)
		return -EINVAL;
	*why = "a segment's protection is R, RW, X or RX";
	if (!elisa_export_prot_valid(prot))
		return -EINVAL;
	for (i = 0; i < n && !err; i++)
		err = elisa_export_put_page(export, first + i, prot, read_page,
					    &from);
	switch (err) {
	case -EEXIST:
		*why = "two segments overlap";
		break;
	case -ENODATA:
		*why = "the image file ends inside a segment";
		return -EINVAL;
	case -ENOMEM:
		*why = "out of memory";
		break;
	case -EINTR:
		*why = "interrupted by a signal";
		break;
	default:
		*why = "cannot read the image file";
		break;
	}
	return err;
}

/**
 * elisa_export_host_entry() - name an entry point
 * @export: with its segments
 * @name: valid name
 * @offset: from the start of the image
 * @why: set on error
 *
 * Return: 0, -EINVAL, -ENOSPC, -EEXIST.
 */
int elisa_export_host_entry(struct elisa_export *export, const char *name,
			    u32 offset, const char **why)
{
	int index = elisa_export_put_entry(export, name, offset);

	switch (index) {
	case -ENOSPC:
		*why = "an export has 256 entries at most";
		break;
	case -EEXIST:
		*why = "two entries have the same name";
		break;
	default:
		*why = "an entry does not point into an executable segment";
		break;
	}
	return index < 0 ? index : 0;
}

/**
 * elisa_export_host_data() - give the export zeroed shared memory
 * @export: without any yet
 * @n: pages, up to ELISA_DATA_PAGES_MAX
 * @why: set on error
 *
 * Context: sleeps.  Return: 0, -EINVAL, -ENOMEM, -EINTR.
 */
int elisa_export_host_data(struct elisa_export *export, u32 n, const char **why)
{
	*why = "shared data is more than 256 MiB";
	if (n > ELISA_DATA_PAGES_MAX)
		return -EINVAL;
	*why = "not enough memory for the shared data";
	return n ? elisa_pin_own(&export->data, n) : 0;
}

/**
 * elisa_export_host_memfd() - give the export shared memory of a process
 * @export: without any yet
 * @file: memfd of the process
 * @n: pages, up to ELISA_DATA_PAGES_MAX; 0: all
 * @why: set on error
 *
 * Context: a system call, sleeps.  Return: as elisa_memfd_pin().
 */
int elisa_export_host_memfd(struct elisa_export *export, struct file *file,
			    u32 n, const char **why)
{
	export->data_inode = file_inode(file)->i_ino;
	return elisa_memfd_pin(&export->data, file, n, why);
}

/**
 * elisa_export_host_finish() - verify the export and make it known
 * @export: taken over on success
 * @id: set on success
 * @finding: set with -ENOEXEC
 * @why: set on any other error
 *
 * Context: sleeps.  Return: 0, -EINVAL, -ENOEXEC, -EEXIST, -ENOMEM.
 */
int elisa_export_host_finish(struct elisa_export *export, u32 *id,
			     struct elisa_finding *finding, const char **why)
{
	int err = elisa_export_complete(export, finding);

	*why = err == -EINVAL ? "an export needs a segment and an entry" :
				"out of memory";
	if (err)
		return err;
	*why = "an export has this name already";
	return elisa_export_publish(export, id);
}
