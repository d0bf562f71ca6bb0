/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ELISA_NETLINK_H
#define ELISA_NETLINK_H

#include <net/genetlink.h>

extern struct genl_family elisa_genl_family;

#endif /* ELISA_NETLINK_H */
