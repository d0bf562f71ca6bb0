/* SPDX-License-Identifier: GPL-2.0-only */
/* INFO: the module as a whole. */
#ifndef ELISACTL_NL_INFO_H
#define ELISACTL_NL_INFO_H

#include <linux/types.h>

struct nl_msg;
struct nlmsghdr;

struct enl_info {
	__u32 abi;
	__u32 hooks; /* 1 while installed */
	__u32 n_vms;
	__u32 n_exports;
};

struct nl_msg *enl_info_msg(int family);
int enl_info_decode(struct nlmsghdr *nlh, struct enl_info *info);

#endif /* ELISACTL_NL_INFO_H */
