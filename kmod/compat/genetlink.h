/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Generic netlink families.
 *
 * nla_strscpy() was nla_strlcpy() before 5.11.  A multicast group that wants
 * CAP_SYS_ADMIN came with 6.7, and to older kernels as a fix of theirs: 5.10
 * has a member of its own for it.  resv_start_op came with 6.1.
 */
#ifndef ELISA_COMPAT_GENETLINK_H
#define ELISA_COMPAT_GENETLINK_H

#include <net/genetlink.h>

#ifndef ELISA_HAVE_NLA_STRSCPY
#define nla_strscpy nla_strlcpy
#endif

#ifdef GENL_MCAST_CAP_SYS_ADMIN
#define ELISA_GENL_ADMIN_GROUP .flags = GENL_MCAST_CAP_SYS_ADMIN
#elif defined(ELISA_HAVE_GENL_CAP_SYS_ADMIN)
#define ELISA_GENL_ADMIN_GROUP .cap_sys_admin = 1
#else
#error "elisa needs netlink groups for CAP_SYS_ADMIN only: update this kernel"
#endif

#ifdef ELISA_HAVE_RESV_START_OP
#define ELISA_GENL_STRICT_FROM(op) .resv_start_op = (op),
#else
#define ELISA_GENL_STRICT_FROM(op)
#endif

#endif /* ELISA_COMPAT_GENETLINK_H */
