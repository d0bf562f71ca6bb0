/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * From what a user types to an ID.  A number is always an ID: names are
 * chosen by guests, and one called "3" must not divert what is meant for
 * object 3.
 */
#ifndef ELISACTL_FIND_H
#define ELISACTL_FIND_H

#include <linux/types.h>

struct enl;

/* 0 or -errno, with the reason in enl->error. */
int find_vm(struct enl *enl, const char *what, __u32 *id);
int find_export(struct enl *enl, const char *what, __u32 *id);

#endif /* ELISACTL_FIND_H */
