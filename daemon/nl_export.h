/* SPDX-License-Identifier: GPL-2.0-only */
/* EXPORT_GET and EXPORT_DEL. */
#ifndef ELISACTL_NL_EXPORT_H
#define ELISACTL_NL_EXPORT_H

#include <linux/types.h>

#include <elisa/hypercall.h>

struct nl_msg;
struct nlmsghdr;

struct enl_export {
	__u32 id;
	char name[ELISA_NAME_SIZE];
	__u32 vm_id;			/* 0: the host */
	__u32 n_entries;
	__u32 image_pages;
	__u32 data_pages;
	__u32 n_attachments;
};

int enl_export_decode(struct nlmsghdr *nlh, struct enl_export *export);
struct nl_msg *enl_export_del_msg(int family, __u32 id);

#endif /* ELISACTL_NL_EXPORT_H */
