// SPDX-License-Identifier: GPL-2.0-only
/*
 * The module is unloaded: its group of events just falls silent, but the
 * controller of generic netlink tells those who listen to it.
 */
#include <linux/genetlink.h>
#include <string.h>
#include <netlink/genl/genl.h>
#include <netlink/msg.h>

#include <elisa/netlink.h>

#include "nl.h"
#include "nl_attr.h"

bool enl_tells_gone(struct nlmsghdr *nlh)
{
	struct nlattr *tb[CTRL_ATTR_MAX + 1];
	const struct genlmsghdr *ghdr;
	char name[GENL_NAMSIZ];

	if (nlh->nlmsg_type != GENL_ID_CTRL || !genlmsg_valid_hdr(nlh, 0))
		return false;
	ghdr = nlmsg_data(nlh);
	if (ghdr->cmd != CTRL_CMD_DELFAMILY ||
	    genlmsg_parse(nlh, 0, tb, CTRL_ATTR_MAX, NULL) < 0)
		return false;
	enl_get_text(name, sizeof(name), tb[CTRL_ATTR_FAMILY_NAME]);
	return !strcmp(name, ELISA_GENL_NAME);
}
