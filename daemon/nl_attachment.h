/* SPDX-License-Identifier: GPL-2.0-only */
/* ATTACHMENT_GET. */
#ifndef ELISACTL_NL_ATTACHMENT_H
#define ELISACTL_NL_ATTACHMENT_H

#include <linux/types.h>

#include <elisa/hypercall.h>

struct nlmsghdr;

struct enl_attachment {
	__u32 id;
	__u32 vm_id;
	__u32 export_id;
	char export_name[ELISA_NAME_SIZE];
	__u32 rights;		/* ELISA_RIGHT_* */
	__u64 window;
	__u32 xbuf_pages;
	__u32 n_instances;
};

int enl_attachment_decode(struct nlmsghdr *nlh, struct enl_attachment *att);

/* "ro", "rw", ... */
const char *enl_rights_name(__u32 rights);

#endif /* ELISACTL_NL_ATTACHMENT_H */
