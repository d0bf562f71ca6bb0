/* SPDX-License-Identifier: GPL-2.0-only */
/* All that the module tells, at one time. */
#ifndef ELISACTL_SNAPSHOT_H
#define ELISACTL_SNAPSHOT_H

#include "nl_export.h"
#include "nl_info.h"
#include "nl_vm.h"

struct enl;

struct snapshot {
	struct enl_info info;
	struct enl_vm *vms;
	size_t n_vms;
	struct enl_export *exports;
	size_t n_exports;
};

/* 0 or -errno, with the reason in enl->error; then there is nothing to free. */
int snapshot_take(struct enl *enl, struct snapshot *snapshot);
void snapshot_free(struct snapshot *snapshot);

#endif /* ELISACTL_SNAPSHOT_H */
