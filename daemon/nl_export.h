/* SPDX-License-Identifier: GPL-2.0-only */
/* EXPORT_GET, EXPORT_ADD and EXPORT_DEL. */
#ifndef ELISACTL_NL_EXPORT_H
#define ELISACTL_NL_EXPORT_H

#include <linux/types.h>

#include <elisa/hypercall.h>

struct nl_msg;
struct subimage;
struct nlmsghdr;

struct enl_export {
	__u32 id;
	char name[ELISA_NAME_SIZE];
	__u32 vm_id; /* 0: the host */
	__u8 trust;
	__u32 n_entries;
	__u32 image_pages;
	__u32 data_pages;
	__u32 n_attachments;
	__u8 data_source; /* enum elisa_data */
	__u64 data_inode; /* 0: not that of a memfd */
};

/*
 * What to export; the image is in FD as it is in IMAGE's pages.  DATA_FD is a
 * memfd, NULL: the module gives the memory.
 */
struct enl_export_add {
	const char *name;
	int fd;
	const struct subimage *image;
	__u32 data_pages;
	const int *data_fd;
	__u8 trust;
};

const char *enl_data_name(__u8 source);
const char *enl_trust_name(__u8 trust);

int enl_export_decode(struct nlmsghdr *nlh, struct enl_export *export);

/* NULL: out of memory, or not within the protocol's limits. */
struct nl_msg *enl_export_add_msg(int family, const struct enl_export_add *add);
int enl_export_add_decode(struct nlmsghdr *nlh, __u32 *id);
struct nl_msg *enl_export_del_msg(int family, __u32 id);

#endif /* ELISACTL_NL_EXPORT_H */
