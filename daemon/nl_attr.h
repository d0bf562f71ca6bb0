/* SPDX-License-Identifier: GPL-2.0-only */
/* Small helpers of the decoders; the sender is not trusted to be our age. */
#ifndef ELISACTL_NL_ATTR_H
#define ELISACTL_NL_ATTR_H

#include <linux/types.h>
#include <stddef.h>
#include <netlink/attr.h>

#include <elisa/netlink.h>

struct nlmsghdr;

/*
 * Take a message of the family apart into TB[ELISA_A_MAX + 1]; -EBADMSG when
 * it is not CMD or an attribute has a wrong form.
 */
int enl_parse(struct nlmsghdr *nlh, int cmd, struct nlattr **tb);

/* Zero and the empty string when the attribute is absent. */
__u8 enl_get_u8(const struct nlattr *attr);
__u32 enl_get_u32(const struct nlattr *attr);
__u64 enl_get_u64(const struct nlattr *attr);
void enl_get_text(char *text, size_t size, const struct nlattr *attr);

#endif /* ELISACTL_NL_ATTR_H */
