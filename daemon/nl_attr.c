// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <string.h>
#include <netlink/genl/genl.h>
#include <netlink/msg.h>

#include "nl_attr.h"
#include "policy.h"

/* libnl takes a longer attribute for a number, too; we do not. */
/* clang-format off */
#define U8	{ .type = NLA_U8, .minlen = 1, .maxlen = 1 }
#define U32	{ .type = NLA_U32, .minlen = 4, .maxlen = 4 }
#define U64	{ .type = NLA_U64, .minlen = 8, .maxlen = 8 }
/* clang-format on */

static const struct nla_policy policy[ELISA_A_MAX + 1] = {
	[ELISA_A_ABI] = U32,
	[ELISA_A_HOOKS] = U32,
	[ELISA_A_N_VMS] = U32,
	[ELISA_A_N_EXPORTS] = U32,
	[ELISA_A_VM_ID] = U32,
	[ELISA_A_VM_FD] = U32,
	[ELISA_A_VM_NAME] = { .type = NLA_STRING, .maxlen = VM_NAME_SIZE },
	[ELISA_A_VM_UUID] = { .type = NLA_UNSPEC,
			      .minlen = UUID_SIZE,
			      .maxlen = UUID_SIZE },
	[ELISA_A_VM_PID] = U32,
	[ELISA_A_VM_STATE] = U8,
	[ELISA_A_GRANT] = { .type = NLA_NESTED },
	[ELISA_A_LIMITS] = { .type = NLA_NESTED },
	[ELISA_A_PCID] = U8,
	[ELISA_A_STATS] = { .type = NLA_NESTED },
	[ELISA_A_EXPORT_ID] = U32,
	[ELISA_A_EXPORT_NAME] = { .type = NLA_STRING,
				  .maxlen = ELISA_NAME_SIZE },
	[ELISA_A_N_ENTRIES] = U32,
	[ELISA_A_IMAGE_PAGES] = U32,
	[ELISA_A_DATA_PAGES] = U32,
	[ELISA_A_N_ATTACHMENTS] = U32,
	[ELISA_A_ATTACHMENT_ID] = U32,
	[ELISA_A_RIGHTS] = U32,
	[ELISA_A_WINDOW] = U64,
	[ELISA_A_XBUF_PAGES] = U32,
	[ELISA_A_N_INSTANCES] = U32,
	[ELISA_A_EVENT_KIND] = U8,
	[ELISA_A_ERRNO] = U32,
	[ELISA_A_IMAGE_FD] = U32,
	[ELISA_A_SEGMENT] = { .type = NLA_NESTED },
	[ELISA_A_ENTRY] = { .type = NLA_NESTED },
	[ELISA_A_TRUST] = U8,
	[ELISA_A_UNMIGRATABLE] = U32,
	[ELISA_A_ORIGIN] = U8,
	[ELISA_A_DENIAL] = U8,
	[ELISA_A_DATA_SOURCE] = U8,
	[ELISA_A_DATA_INODE] = U64,
	[ELISA_A_CALLS] = U8,
};

int enl_parse(struct nlmsghdr *nlh, int cmd, struct nlattr **tb)
{
	const struct genlmsghdr *ghdr;

	if (!genlmsg_valid_hdr(nlh, 0))
		return -EBADMSG;
	ghdr = nlmsg_data(nlh);
	if (ghdr->cmd != cmd)
		return -EBADMSG;
	/* Attributes that this version does not know are skipped. */
	if (genlmsg_parse(nlh, 0, tb, ELISA_A_MAX, policy) < 0)
		return -EBADMSG;
	return 0;
}

__u8 enl_get_u8(const struct nlattr *attr)
{
	return attr ? nla_get_u8(attr) : 0;
}

__u32 enl_get_u32(const struct nlattr *attr)
{
	return attr ? nla_get_u32(attr) : 0;
}

__u64 enl_get_u64(const struct nlattr *attr)
{
	return attr ? nla_get_u64(attr) : 0;
}

void enl_get_text(char *text, size_t size, const struct nlattr *attr)
{
	size_t n = 0;

	if (attr) {
		n = strnlen(nla_data(attr), nla_len(attr));
		if (n >= size)
			n = size - 1;
		memcpy(text, nla_data(attr), n);
	}
	text[n] = '\0';
}
