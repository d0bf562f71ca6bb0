// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <string.h>
#include <netlink/msg.h>

#include "../guest-lib/subimage.h"
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
	export->trust = enl_get_u8(tb[ELISA_A_TRUST]);
	export->n_entries = enl_get_u32(tb[ELISA_A_N_ENTRIES]);
	export->image_pages = enl_get_u32(tb[ELISA_A_IMAGE_PAGES]);
	export->data_pages = enl_get_u32(tb[ELISA_A_DATA_PAGES]);
	export->n_attachments = enl_get_u32(tb[ELISA_A_N_ATTACHMENTS]);
	export->data_inode = enl_get_u64(tb[ELISA_A_DATA_INODE]);
	/* An older module does not say; it knows no memfd. */
	export->data_source = export->vm_id ? ELISA_DATA_VM : ELISA_DATA_MODULE;
	if (tb[ELISA_A_DATA_SOURCE])
		export->data_source = enl_get_u8(tb[ELISA_A_DATA_SOURCE]);
	return 0;
}

const char *enl_data_name(__u8 source)
{
	switch (source) {
	case ELISA_DATA_MODULE:
		return "module";
	case ELISA_DATA_VM:
		return "vm";
	case ELISA_DATA_MEMFD:
		return "memfd";
	}
	return "unknown";
}

const char *enl_trust_name(__u8 trust)
{
	switch (trust) {
	case ELISA_TRUST_SEALED:
		return "sealed";
	case ELISA_TRUST_FULL:
		return "full";
	}
	return "unknown";
}

static int put_segment(struct nl_msg *msg, const struct subimage_segment *seg)
{
	struct nlattr *nest =
		nla_nest_start(msg, ELISA_A_SEGMENT | NLA_F_NESTED);

	if (!nest ||
	    nla_put_u32(msg, ELISA_SEGMENT_A_FIRST_PAGE, seg->first_page) ||
	    nla_put_u32(msg, ELISA_SEGMENT_A_PAGES, seg->npages) ||
	    nla_put_u32(msg, ELISA_SEGMENT_A_PROT, seg->prot))
		return -ENOMEM;
	nla_nest_end(msg, nest);
	return 0;
}

static int put_entry(struct nl_msg *msg, const struct subimage_entry *entry)
{
	struct nlattr *nest = nla_nest_start(msg, ELISA_A_ENTRY | NLA_F_NESTED);

	if (!nest || nla_put_string(msg, ELISA_ENTRY_A_NAME, entry->name) ||
	    nla_put_u32(msg, ELISA_ENTRY_A_OFFSET, entry->offset))
		return -ENOMEM;
	nla_nest_end(msg, nest);
	return 0;
}

struct nl_msg *enl_export_add_msg(int family, const struct enl_export_add *add)
{
	const struct subimage *image = add->image;
	struct nl_msg *msg;
	__u32 i;

	if (add->fd < 0 || strlen(add->name) > ELISA_NAME_MAX)
		return NULL;
	msg = enl_msg(family, ELISA_CMD_EXPORT_ADD, 0);
	if (!msg)
		return NULL;
	if (nla_put_string(msg, ELISA_A_EXPORT_NAME, add->name) ||
	    nla_put_u32(msg, ELISA_A_IMAGE_FD, add->fd) ||
	    nla_put_u32(msg, ELISA_A_DATA_PAGES, add->data_pages) ||
	    nla_put_u8(msg, ELISA_A_TRUST, add->trust))
		goto err_free;
	if (add->data_fd && nla_put_u32(msg, ELISA_A_DATA_FD, *add->data_fd))
		goto err_free;
	for (i = 0; i < image->n_segments; i++) {
		if (put_segment(msg, &image->segments[i]))
			goto err_free;
	}
	for (i = 0; i < image->n_entries; i++) {
		if (put_entry(msg, &image->entries[i]))
			goto err_free;
	}
	return msg;

err_free:
	nlmsg_free(msg);
	return NULL;
}

int enl_export_add_decode(struct nlmsghdr *nlh, __u32 *id)
{
	struct nlattr *tb[ELISA_A_MAX + 1];

	if (enl_parse(nlh, ELISA_CMD_EXPORT_ADD, tb) || !tb[ELISA_A_EXPORT_ID])
		return -EBADMSG;
	*id = enl_get_u32(tb[ELISA_A_EXPORT_ID]);
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
