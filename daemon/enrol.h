/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ELISACTL_ENROL_H
#define ELISACTL_ENROL_H

#include <linux/types.h>

#include "nl_vm.h"

struct enl;
struct vmscan;

/*
 * Let the VM behind descriptor NUMBER of the scanned process use ELISA.  What
 * TEMPLATE says of fd and pid does not matter; a missing name or UUID is
 * taken from the process.  0 or -errno, with the reason in enl->error;
 * -EEXIST: it is enrolled already.
 */
int enrol(struct enl *enl, const struct vmscan *scan, int number,
	  const struct enl_enrol *template, __u32 *id);

#endif /* ELISACTL_ENROL_H */
