// SPDX-License-Identifier: GPL-2.0-only
/*
 * Extended ACK: the kernel's sentence about why it refused.  libnl knows the
 * flag but keeps the text to itself.
 */
#include <errno.h>
#include <string.h>
#include <linux/netlink.h>
#include <netlink/attr.h>
#include <netlink/msg.h>

#include "nl.h"

int enl_ack_parse(const struct nlmsghdr *nlh, char *text, size_t size)
{
	const char *data = nlmsg_data(nlh);
	const struct nlattr *attr;
	struct nlmsgerr e;
	size_t len, skip;
	int error, rem;

	text[0] = '\0';
	if (nlh->nlmsg_len < NLMSG_HDRLEN + sizeof(error))
		return -EBADMSG;
	len = nlh->nlmsg_len - NLMSG_HDRLEN;
	memcpy(&error, data, sizeof(error));
	if (error > 0)
		error = -EBADMSG;

	if (nlh->nlmsg_type == NLMSG_DONE) {
		skip = sizeof(error);
	} else {
		if (len < sizeof(e))
			return -EBADMSG;
		memcpy(&e, data, sizeof(e));
		skip = sizeof(e);
		/* The request follows, unless it was left out. */
		if (!(nlh->nlmsg_flags & NLM_F_CAPPED)) {
			if (e.msg.nlmsg_len < NLMSG_HDRLEN)
				return -EBADMSG;
			skip += NLMSG_ALIGN(e.msg.nlmsg_len - NLMSG_HDRLEN);
		}
	}
	if (!(nlh->nlmsg_flags & NLM_F_ACK_TLVS) || skip >= len)
		return error;

	nla_for_each_attr(attr, (struct nlattr *)(data + skip), len - skip,
			  rem) {
		size_t n = nla_len(attr);

		if (nla_type(attr) != NLMSGERR_ATTR_MSG || !size)
			continue;
		n = strnlen(nla_data(attr), n);
		if (n >= size)
			n = size - 1;
		memcpy(text, nla_data(attr), n);
		text[n] = '\0';
	}
	return error;
}
