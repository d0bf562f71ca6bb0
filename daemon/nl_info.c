// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <string.h>

#include "nl.h"
#include "nl_attr.h"
#include "nl_info.h"

struct nl_msg *enl_info_msg(int family)
{
	return enl_msg(family, ELISA_CMD_INFO, 0);
}

int enl_info_decode(struct nlmsghdr *nlh, struct enl_info *info)
{
	struct nlattr *tb[ELISA_A_MAX + 1];

	memset(info, 0, sizeof(*info));
	if (enl_parse(nlh, ELISA_CMD_INFO, tb) || !tb[ELISA_A_ABI])
		return -EBADMSG;
	info->abi = enl_get_u32(tb[ELISA_A_ABI]);
	info->hooks = enl_get_u32(tb[ELISA_A_HOOKS]);
	info->n_vms = enl_get_u32(tb[ELISA_A_N_VMS]);
	info->n_exports = enl_get_u32(tb[ELISA_A_N_EXPORTS]);
	return 0;
}
