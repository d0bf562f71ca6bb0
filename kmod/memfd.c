// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory of a memfd, for exports of the host.
 *
 * Whoever else has the memfd may do to it what it can meanwhile.  It cannot
 * make it smaller: F_SEAL_SHRINK is added under the inode's lock, never
 * removed, and looked at under that lock by each truncation.  So once it is
 * seen under that lock, truncations that began without it have ended, and the
 * size that is read with it holds for good.  It can punch holes: then the memfd
 * gets new pages, while the pins keep the old ones for the export, as when a
 * guest's memory goes to a balloon.
 *
 * Pages are pinned through a mapping that lives as long as that takes, in the
 * caller's address space: that is the one way which is the same for huge pages
 * and small ones, and which moves pages that cannot be pinned for long.  Another
 * thread of the caller can put something else into its place, hence the look at
 * what was pinned.
 */
#include <linux/fcntl.h>
#include <linux/fs.h>
#include <linux/hugetlb.h>
#include <linux/magic.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/shmem_fs.h>

#include <elisa/layout.h>

#include "compat/page_mapping.h"
#include "memfd.h"
#include "pin.h"

/*
 * Of a memfd; of another file of these file systems F_SEAL_SEAL alone.  The
 * inode's lock is held.  Return: false: it can have none.
 */
static bool get_seals(struct inode *inode, unsigned int *seals)
{
	switch (inode->i_sb->s_magic) {
	case TMPFS_MAGIC:
		*seals = SHMEM_I(inode)->seals;
		return true;
#ifdef CONFIG_HUGETLBFS
	case HUGETLBFS_MAGIC:
		*seals = HUGETLBFS_I(inode)->seals;
		return true;
#endif
	}
	return false;
}

/* Its size in pages; -EINVAL. */
static s64 sealed_size(struct file *file, const char **why)
{
	struct inode *inode = file_inode(file);
	unsigned int seals = 0;
	bool has_seals;
	loff_t size;

	inode_lock_shared(inode);
	has_seals = S_ISREG(inode->i_mode) && get_seals(inode, &seals);
	size = i_size_read(inode);
	inode_unlock_shared(inode);

	*why = "DATA_FD is not a memfd";
	if (!has_seals)
		return -EINVAL;
	*why = "DATA_FD is not sealed against shrinking (F_SEAL_SHRINK)";
	if (!(seals & F_SEAL_SHRINK))
		return -EINVAL;
	*why = "DATA_FD is sealed against writing";
	if (seals & (F_SEAL_WRITE | F_SEAL_FUTURE_WRITE))
		return -EINVAL;
	*why = "DATA_FD is empty, or not a multiple of 4096 bytes long";
	if (!size || !IS_ALIGNED(size, PAGE_SIZE))
		return -EINVAL;
	return size >> PAGE_SHIFT;
}

static bool all_of(const struct elisa_pins *pins,
		   const struct address_space *mapping)
{
	u32 i;

	for (i = 0; i < pins->n_pages; i++)
		if (elisa_page_mapping(pins->pages[i]) != mapping)
			return false;
	return true;
}

/**
 * elisa_memfd_pin() - pin memory of a memfd
 * @pins: empty; release with elisa_unpin() also after an error
 * @file: the memfd, open for writing
 * @n_pages: pages of 4 KiB from its start; 0: all of it
 * @why: set on error
 *
 * The caller is charged as elisa_pin_mapped() says.
 *
 * Context: a system call of a process, sleeps.
 * Return: 0; -EINVAL not a memfd, or its seals or size are wrong; -EACCES it is
 * not open for writing; -EBUSY it changed meanwhile; -ENOMEM; -EINTR.
 */
int elisa_memfd_pin(struct elisa_pins *pins, struct file *file, u32 n_pages,
		    const char **why)
{
	s64 size = sealed_size(file, why);
	unsigned long addr, len;
	int err;

	if (size < 0)
		return size;
	*why = "DATA_FD is smaller than DATA_PAGES";
	if (n_pages > size)
		return -EINVAL;
	*why = "shared data is more than 256 MiB";
	if ((n_pages ?: size) > ELISA_DATA_PAGES_MAX)
		return -EINVAL;
	n_pages = n_pages ?: size;
	*why = "DATA_FD is not open for writing";
	if (!(file->f_mode & FMODE_WRITE))
		return -EACCES;

	/* Huge pages are mapped as such. */
	len = round_up((unsigned long)n_pages << PAGE_SHIFT,
		       i_blocksize(file_inode(file)));
	*why = "cannot map DATA_FD";
	addr = vm_mmap(file, 0, len, PROT_READ | PROT_WRITE, MAP_SHARED, 0);
	if (IS_ERR_VALUE(addr))
		return (long)addr;
	err = elisa_pin_mapped(pins, addr, n_pages);
	vm_munmap(addr, len);
	switch (err) {
	case 0:
		break;
	case -ENOMEM:
		*why = "not enough memory for the shared data, or RLIMIT_MEMLOCK";
		return err;
	case -EINTR:
		*why = "interrupted by a signal";
		return err;
	default:
		*why = "cannot pin the memory of DATA_FD";
		return err;
	}
	*why = "the memory of DATA_FD was taken away meanwhile";
	return all_of(pins, file->f_mapping) ? 0 : -EBUSY;
}
