// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <string.h>
#include <netlink/msg.h>

#include "nl.h"
#include "nl_attachment.h"
#include "nl_attr.h"

int enl_attachment_decode(struct nlmsghdr *nlh, struct enl_attachment *att)
{
	struct nlattr *tb[ELISA_A_MAX + 1];

	memset(att, 0, sizeof(*att));
	if (enl_parse(nlh, ELISA_CMD_ATTACHMENT_GET, tb) ||
	    !tb[ELISA_A_ATTACHMENT_ID])
		return -EBADMSG;
	att->id = enl_get_u32(tb[ELISA_A_ATTACHMENT_ID]);
	att->vm_id = enl_get_u32(tb[ELISA_A_VM_ID]);
	att->export_id = enl_get_u32(tb[ELISA_A_EXPORT_ID]);
	enl_get_text(att->export_name, sizeof(att->export_name),
		     tb[ELISA_A_EXPORT_NAME]);
	att->rights = enl_get_u32(tb[ELISA_A_RIGHTS]);
	att->window = enl_get_u64(tb[ELISA_A_WINDOW]);
	att->xbuf_pages = enl_get_u32(tb[ELISA_A_XBUF_PAGES]);
	att->n_instances = enl_get_u32(tb[ELISA_A_N_INSTANCES]);
	att->calls = enl_get_u8(tb[ELISA_A_CALLS]);
	return 0;
}

const char *enl_rights_name(__u32 rights)
{
	switch (rights) {
	case 0:
		return "none";
	case ELISA_RIGHT_READ:
		return "ro";
	case ELISA_RIGHT_WRITE:
		return "wo";
	case ELISA_RIGHT_READ | ELISA_RIGHT_WRITE:
		return "rw";
	case ELISA_RIGHT_READ | ELISA_RIGHT_KERNEL:
		return "rok";
	case ELISA_RIGHT_READ | ELISA_RIGHT_WRITE | ELISA_RIGHT_KERNEL:
		return "rwk";
	}
	return "unknown";
}

const char *enl_calls_name(__u8 calls)
{
	switch (calls) {
	case ELISA_CALLS_SEALED:
		return "sealed";
	case ELISA_CALLS_FULL:
		return "full";
	case ELISA_CALLS_INTERPOSED:
		return "interposed";
	}
	return "unknown";
}

struct nl_msg *enl_attachment_del_msg(int family, __u32 id, bool forget)
{
	struct nl_msg *msg = enl_msg(family, ELISA_CMD_ATTACHMENT_DEL, 0);

	if (msg && (nla_put_u32(msg, ELISA_A_ATTACHMENT_ID, id) ||
		    (forget && nla_put_flag(msg, ELISA_A_FORGET)))) {
		nlmsg_free(msg);
		return NULL;
	}
	return msg;
}
