// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "compiler.h"
#include "nl_attachment.h"
#include "nl_attr.h"
#include "nl_event.h"
#include "quote.h"

int enl_event_decode(struct nlmsghdr *nlh, struct enl_event *event)
{
	struct nlattr *tb[ELISA_A_MAX + 1];

	memset(event, 0, sizeof(*event));
	if (enl_parse(nlh, ELISA_CMD_EVENT, tb) || !tb[ELISA_A_EVENT_KIND])
		return -EBADMSG;
	event->kind = enl_get_u8(tb[ELISA_A_EVENT_KIND]);
	if (event->kind >= ENL_EVENT_LOST)
		return -EBADMSG;
	event->vm_id = enl_get_u32(tb[ELISA_A_VM_ID]);
	enl_get_text(event->vm_name, sizeof(event->vm_name),
		     tb[ELISA_A_VM_NAME]);
	event->export_id = enl_get_u32(tb[ELISA_A_EXPORT_ID]);
	enl_get_text(event->export_name, sizeof(event->export_name),
		     tb[ELISA_A_EXPORT_NAME]);
	event->attachment_id = enl_get_u32(tb[ELISA_A_ATTACHMENT_ID]);
	event->has_rights = tb[ELISA_A_RIGHTS];
	event->rights = enl_get_u32(tb[ELISA_A_RIGHTS]);
	event->error = enl_get_u32(tb[ELISA_A_ERRNO]);
	event->denial = enl_get_u8(tb[ELISA_A_DENIAL]);
	return 0;
}

const char *enl_event_name(__u8 kind)
{
	switch (kind) {
	case ELISA_EVENT_VM_ENROLLED:
		return "vm-enrolled";
	case ELISA_EVENT_VM_GONE:
		return "vm-gone";
	case ELISA_EVENT_EXPORT_ADDED:
		return "export-added";
	case ELISA_EVENT_EXPORT_REMOVED:
		return "export-removed";
	case ELISA_EVENT_ATTACHED:
		return "attached";
	case ELISA_EVENT_DETACHED:
		return "detached";
	case ELISA_EVENT_DENIED:
		return "denied";
	case ELISA_EVENT_FAULT:
		return "fault";
	case ELISA_EVENT_ABORTED:
		return "aborted";
	case ELISA_EVENT_VM_SET:
		return "vm-set";
	case ELISA_EVENT_REVOKED:
		return "revoked";
	case ENL_EVENT_LOST:
		return "lost";
	case ENL_EVENT_PRESENT:
		return "present";
	}
	return "unknown";
}

static const struct {
	const char *name;
	const char *text;
} denials[] = {
	[ELISA_DENIAL_ATTACH] = {
		"no-attach-rule", "no rule lets it attach to this name",
	},
	[ELISA_DENIAL_EXPORT] = {
		"no-export-rule", "no rule lets it export under this name",
	},
	[ELISA_DENIAL_KERNEL] = {
		"no-kernel-right",
		"its kernel asked, and the rule has no 'kernel: yes'",
	},
	[ELISA_DENIAL_FULL_TRUST] = {
		"no-full-trust",
		"the export is fully trusted, and the rule has no 'trust: full'",
	},
};

const char *enl_denial_name(__u8 denial)
{
	if (!denial)
		return NULL;
	return denial < ARRAY_SIZE(denials) ? denials[denial].name : "unknown";
}

static void __printf(3, 4)
append(char *buf, size_t size, const char *fmt, ...)
{
	size_t n = strlen(buf);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(buf + n, size - n, fmt, ap);
	va_end(ap);
}

void enl_event_format(const struct enl_event *event, char *buf, size_t size)
{
	snprintf(buf, size, "%s", enl_event_name(event->kind));
	if (event->vm_id)
		append(buf, size, " vm %u", event->vm_id);
	if (event->vm_name[0])
		append(buf, size, event->vm_id ? " (%s)" : " vm (%s)",
		       event->vm_name);
	if (event->export_id)
		append(buf, size, " export %u", event->export_id);
	if (event->export_name[0])
		append(buf, size, event->export_id ? " (%s)" : " export (%s)",
		       event->export_name);
	if (event->attachment_id)
		append(buf, size, " attachment %u", event->attachment_id);
	if (event->has_rights)
		append(buf, size, " rights %s", enl_rights_name(event->rights));
	if (event->error)
		append(buf, size, ": %s", strerror(event->error));
	if (event->denial && event->denial < ARRAY_SIZE(denials))
		append(buf, size, " (%s)", denials[event->denial].text);
}

void enl_event_log(const struct enl_event *event, char *buf, size_t size)
{
	char name[VM_NAME_SIZE + 3];

	snprintf(buf, size, "%s", enl_event_name(event->kind));
	if (event->vm_id)
		append(buf, size, " vm=%u", event->vm_id);
	if (event->vm_name[0]) {
		quote(name, sizeof(name), event->vm_name);
		append(buf, size, " name=%s", name);
	}
	if (event->export_id)
		append(buf, size, " export-id=%u", event->export_id);
	if (event->export_name[0]) {
		quote(name, sizeof(name), event->export_name);
		append(buf, size, " export=%s", name);
	}
	if (event->attachment_id)
		append(buf, size, " attachment=%u", event->attachment_id);
	if (event->has_rights)
		append(buf, size, " rights=%s", enl_rights_name(event->rights));
	if (event->error)
		append(buf, size, " error=\"%s\"", strerror(event->error));
	if (event->denial)
		append(buf, size, " reason=%s", enl_denial_name(event->denial));
}
