// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <elisa/netlink.h>

#include "cmd.h"
#include "find.h"
#include "nl.h"
#include "nl_export.h"
#include "nl_vm.h"

struct find {
	const char *name;
	__u32 id;
	unsigned int count;
};

static void find_restart(void *arg)
{
	struct find *f = arg;

	f->count = 0;
}

static void compare(struct find *f, const char *name, __u32 id)
{
	if (strcmp(name, f->name))
		return;
	f->id = id;
	f->count++;
}

static int on_vm(struct nlmsghdr *nlh, void *arg)
{
	struct enl_vm vm;
	int ret;

	ret = enl_vm_decode(nlh, &vm);
	if (!ret)
		compare(arg, vm.name, vm.id);
	return ret;
}

static int on_export(struct nlmsghdr *nlh, void *arg)
{
	struct enl_export export;
	int ret;

	ret = enl_export_decode(nlh, &export);
	if (!ret)
		compare(arg, export.name, export.id);
	return ret;
}

static int find(struct enl *enl, __u8 cmd, enl_fn fn, const char *kind,
		const char *what, __u32 *id)
{
	struct find f = { .name = what };
	int ret;

	*id = cmd_id(what);
	if (*id)
		return 0;
	ret = enl_dump(enl, cmd, fn, find_restart, &f);
	if (ret)
		return ret;
	if (!f.count) {
		snprintf(enl->error, sizeof(enl->error), "there is no %s '%s'",
			 kind, what);
		return -ENOENT;
	}
	if (f.count > 1) {
		snprintf(enl->error, sizeof(enl->error),
			 "there are %u %ss with the name '%s'; use the ID",
			 f.count, kind, what);
		return -EEXIST;
	}
	*id = f.id;
	return 0;
}

int find_vm(struct enl *enl, const char *what, __u32 *id)
{
	return find(enl, ELISA_CMD_VM_GET, on_vm, "VM", what, id);
}

int find_export(struct enl *enl, const char *what, __u32 *id)
{
	return find(enl, ELISA_CMD_EXPORT_GET, on_export, "export", what, id);
}
