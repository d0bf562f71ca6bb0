// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "enrol.h"
#include "nl.h"
#include "vmscan.h"

static int on_enrolled(struct nlmsghdr *nlh, void *arg)
{
	return enl_enrol_decode(nlh, arg);
}

int enrol(struct enl *enl, const struct vmscan *scan, int number,
	  const struct enl_enrol *template, __u32 *id)
{
	const struct vm_ident *ident = &scan->ident;
	struct enl_enrol e = *template;
	char name[VM_NAME_SIZE];
	int ret;

	e.fd = vmscan_get(scan, number);
	if (e.fd < 0) {
		snprintf(enl->error, sizeof(enl->error),
			 "cannot get descriptor %d of process %d: %s", number,
			 ident->pid, strerror(-e.fd));
		return e.fd;
	}
	e.pid = ident->pid;
	if (!e.name) {
		/* The module wants one, if only for the lists. */
		snprintf(name, sizeof(name), "pid-%d", ident->pid);
		e.name = ident->name[0] ? ident->name : name;
	}
	if (!e.uuid && ident->has_uuid)
		e.uuid = ident->uuid;

	*id = 0;
	ret = enl_request(enl, enl_enrol_msg(enl->family, &e), on_enrolled, id);
	if (!ret && !*id) {
		snprintf(enl->error, sizeof(enl->error),
			 "the elisa module did not tell the VM's ID");
		ret = -EBADMSG;
	}
	close(e.fd);
	return ret;
}
