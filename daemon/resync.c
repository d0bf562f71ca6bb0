// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <elisa/netlink.h>

#include "compiler.h"
#include "nl.h"
#include "nl_attachment.h"
#include "nl_export.h"
#include "nl_vm.h"
#include "resync.h"

/* One list that is being read; it begins anew behind what others gave. */
struct list {
	struct resync *resync;
	size_t first;
};

static struct enl_event *add(struct list *list)
{
	struct resync *resync = list->resync;
	size_t n = resync->n;
	struct enl_event *events;

	/* Grow at each power of two. */
	if (!(n & (n - 1))) {
		events = reallocarray(resync->events, n ? n * 2 : 1,
				      sizeof(*events));
		if (!events)
			return NULL;
		resync->events = events;
	}
	resync->n++;
	memset(&resync->events[n], 0, sizeof(*events));
	resync->events[n].kind = ENL_EVENT_PRESENT;
	return &resync->events[n];
}

static void restart(void *arg)
{
	struct list *list = arg;

	list->resync->n = list->first;
}

/* Events name the VM, lists only number it; VMs were the first list. */
static void set_vm(const struct list *list, struct enl_event *event, __u32 id)
{
	const struct enl_event *events = list->resync->events;
	size_t i;

	event->vm_id = id;
	for (i = 0; i < list->first && !events[i].export_id; i++) {
		if (events[i].vm_id == id)
			strcpy(event->vm_name, events[i].vm_name);
	}
}

static int on_vm(struct nlmsghdr *nlh, void *arg)
{
	struct enl_event *event;
	struct enl_vm vm;
	int ret;

	ret = enl_vm_decode(nlh, &vm);
	/* One that leaves has nothing any more. */
	if (ret || vm.state != ELISA_VM_ACTIVE)
		return ret;
	event = add(arg);
	if (!event)
		return -ENOMEM;
	event->vm_id = vm.id;
	strcpy(event->vm_name, vm.name);
	return 0;
}

static int on_export(struct nlmsghdr *nlh, void *arg)
{
	struct list *list = arg;
	struct enl_event *event;
	struct enl_export export;
	int ret;

	ret = enl_export_decode(nlh, &export);
	if (ret)
		return ret;
	event = add(list);
	if (!event)
		return -ENOMEM;
	set_vm(list, event, export.vm_id);
	event->export_id = export.id;
	strcpy(event->export_name, export.name);
	return 0;
}

static int on_attachment(struct nlmsghdr *nlh, void *arg)
{
	struct list *list = arg;
	struct enl_attachment att;
	struct enl_event *event;
	int ret;

	ret = enl_attachment_decode(nlh, &att);
	if (ret)
		return ret;
	event = add(list);
	if (!event)
		return -ENOMEM;
	set_vm(list, event, att.vm_id);
	event->export_id = att.export_id;
	strcpy(event->export_name, att.export_name);
	event->attachment_id = att.id;
	event->has_rights = true;
	event->rights = att.rights;
	return 0;
}

int resync_take(struct enl *enl, struct resync *resync)
{
	static const struct {
		__u8 cmd;
		enl_fn fn;
	} lists[] = {
		{ ELISA_CMD_VM_GET, on_vm },
		{ ELISA_CMD_EXPORT_GET, on_export },
		{ ELISA_CMD_ATTACHMENT_GET, on_attachment },
	};
	struct list list = { .resync = resync };
	int ret = 0;
	size_t i;

	memset(resync, 0, sizeof(*resync));
	for (i = 0; !ret && i < ARRAY_SIZE(lists); i++) {
		list.first = resync->n;
		ret = enl_dump(enl, lists[i].cmd, lists[i].fn, restart, &list);
	}
	if (ret == -ENOMEM)
		snprintf(enl->error, sizeof(enl->error), "out of memory");
	if (ret)
		resync_free(resync);
	return ret;
}

void resync_free(struct resync *resync)
{
	free(resync->events);
	memset(resync, 0, sizeof(*resync));
}
