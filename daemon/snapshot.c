// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "nl.h"
#include "snapshot.h"

static int on_info(struct nlmsghdr *nlh, void *arg)
{
	struct snapshot *snapshot = arg;

	return enl_info_decode(nlh, &snapshot->info);
}

static int on_vm(struct nlmsghdr *nlh, void *arg)
{
	struct snapshot *snapshot = arg;
	struct enl_vm *vms;

	vms = reallocarray(snapshot->vms, snapshot->n_vms + 1, sizeof(*vms));
	if (!vms)
		return -ENOMEM;
	snapshot->vms = vms;
	return enl_vm_decode(nlh, &vms[snapshot->n_vms++]);
}

static void vms_restart(void *arg)
{
	struct snapshot *snapshot = arg;

	snapshot->n_vms = 0;
}

static int on_export(struct nlmsghdr *nlh, void *arg)
{
	struct snapshot *snapshot = arg;
	struct enl_export *exports;

	exports = reallocarray(snapshot->exports, snapshot->n_exports + 1,
			       sizeof(*exports));
	if (!exports)
		return -ENOMEM;
	snapshot->exports = exports;
	return enl_export_decode(nlh, &exports[snapshot->n_exports++]);
}

static void exports_restart(void *arg)
{
	struct snapshot *snapshot = arg;

	snapshot->n_exports = 0;
}

int snapshot_take(struct enl *enl, struct snapshot *snapshot)
{
	int ret;

	memset(snapshot, 0, sizeof(*snapshot));
	ret = enl_request(enl, enl_info_msg(enl->family), on_info, snapshot);
	if (!ret)
		ret = enl_dump(enl, ELISA_CMD_VM_GET, on_vm, vms_restart,
			       snapshot);
	if (!ret)
		ret = enl_dump(enl, ELISA_CMD_EXPORT_GET, on_export,
			       exports_restart, snapshot);
	if (ret)
		snapshot_free(snapshot);
	return ret;
}

void snapshot_free(struct snapshot *snapshot)
{
	free(snapshot->vms);
	free(snapshot->exports);
	memset(snapshot, 0, sizeof(*snapshot));
}
