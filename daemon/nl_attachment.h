/* SPDX-License-Identifier: GPL-2.0-only */
/* ATTACHMENT_GET and ATTACHMENT_DEL. */
#ifndef ELISACTL_NL_ATTACHMENT_H
#define ELISACTL_NL_ATTACHMENT_H

#include <stdbool.h>
#include <linux/types.h>

#include <elisa/hypercall.h>

struct nl_msg;
struct nlmsghdr;

struct enl_attachment {
	__u32 id;
	__u32 vm_id;
	__u32 export_id;
	char export_name[ELISA_NAME_SIZE];
	__u32 rights; /* ELISA_RIGHT_* */
	__u64 window;
	__u32 xbuf_pages;
	__u32 n_instances;
	__u8 calls; /* enum elisa_calls */
};

int enl_attachment_decode(struct nlmsghdr *nlh, struct enl_attachment *att);

/* NULL: out of memory. */
struct nl_msg *enl_attachment_del_msg(int family, __u32 id, bool forget);

/* "ro", "rw", ... */
const char *enl_rights_name(__u32 rights);

/* "sealed", "full", "interposed" */
const char *enl_calls_name(__u8 calls);

#endif /* ELISACTL_NL_ATTACHMENT_H */
