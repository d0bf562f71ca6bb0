// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <string.h>
#include <netlink/msg.h>

#include "nl.h"
#include "nl_attr.h"
#include "nl_export.h"

int enl_export_decode(struct nlmsghdr *nlh, struct enl_export *export)
{
	struct nlattr *tb[ELISA_A_MAX + 1];

	memset(export, 0, sizeof(*export));
	if (enl_parse(nlh, ELISA_CMD_EXPORT_GET, tb) ||
	    !tb[ELISA_A_EXPORT_ID] || !tb[ELISA_A_EXPORT_NAME])
		return -EBADMSG;
	export->id = enl_get_u32(tb[ELISA_A_EXPORT_ID]);
	enl_get_text(export->name, sizeof(export->name),
		     tb[ELISA_A_EXPORT_NAME]);
	export->vm_id = enl_get_u32(tb[ELISA_A_VM_ID]);
	export->n_entries = enl_get_u32(tb[ELISA_A_N_ENTRIES]);
	export->image_pages = enl_get_u32(tb[ELISA_A_IMAGE_PAGES]);
	export->data_pages = enl_get_u32(tb[ELISA_A_DATA_PAGES]);
	export->n_attachments = enl_get_u32(tb[ELISA_A_N_ATTACHMENTS]);
	return 0;
}

struct nl_msg *enl_export_del_msg(int family, __u32 id)
{
	struct nl_msg *msg = enl_msg(family, ELISA_CMD_EXPORT_DEL, 0);

	if (msg && nla_put_u32(msg, ELISA_A_EXPORT_ID, id)) {
		nlmsg_free(msg);
		return NULL;
	}
	return msg;
}
