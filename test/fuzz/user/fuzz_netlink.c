// SPDX-License-Identifier: GPL-2.0-only
/*
 * What arrives from the kernel: answers, events, errors with their texts, and
 * the files of /proc that say who a VM is.  The first byte chooses.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <linux/genetlink.h>
#include <linux/netlink.h>

#include <elisa/netlink.h>

#include "fuzz.h"
#include "nl.h"
#include "nl_attachment.h"
#include "nl_event.h"
#include "nl_export.h"
#include "nl_info.h"
#include "nl_vm.h"
#include "uevent.h"
#include "vmident.h"

/* A message as libnl hands it over: its header tells its true length. */
static struct nlmsghdr *message(uint8_t cmd, const uint8_t *data, size_t size)
{
	struct nlmsghdr *nlh = malloc(NLMSG_HDRLEN + GENL_HDRLEN + size);
	struct genlmsghdr *ghdr;

	must(nlh);
	memset(nlh, 0, NLMSG_HDRLEN + GENL_HDRLEN);
	nlh->nlmsg_len = NLMSG_HDRLEN + GENL_HDRLEN + size;
	ghdr = (struct genlmsghdr *)((char *)nlh + NLMSG_HDRLEN);
	ghdr->cmd = cmd;
	ghdr->version = ELISA_GENL_VERSION;
	memcpy(ghdr + 1, data, size);
	return nlh;
}

static void check_policy(struct nlmsghdr *nlh)
{
	static struct enl_vm_policy policy;
	size_t i;

	if (enl_policy_decode(nlh, &policy))
		return;
	must(policy.id || !policy.id);
	must(policy.entry.n_grants <= ELISA_GRANTS_MAX);
	for (i = 0; i < policy.entry.n_grants; i++)
		must(strlen(policy.entry.grants[i].pattern) < ELISA_NAME_SIZE);
}

static void check_event(struct nlmsghdr *nlh)
{
	struct enl_event event;
	char text[512];

	if (enl_event_decode(nlh, &event))
		return;
	enl_event_format(&event, text, sizeof(text));
	must(strlen(text) < sizeof(text) && text[0]);
	enl_event_format(&event, text, 8);
	must(strlen(text) < 8);
	enl_event_log(&event, text, sizeof(text));
	must(strlen(text) < sizeof(text) && text[0]);
	enl_event_log(&event, text, 8);
	must(strlen(text) < 8);
}

static void decode(uint8_t cmd, const uint8_t *data, size_t size)
{
	struct nlmsghdr *nlh = message(cmd, data, size);
	struct enl_attachment attachment;
	struct enl_set_result result;
	struct enl_export export;
	struct enl_info info;
	struct enl_vm vm;
	char why[UNMIGRATABLE_TEXT_SIZE];
	__u32 id;

	switch (cmd) {
	case ELISA_CMD_INFO:
		enl_info_decode(nlh, &info);
		break;
	case ELISA_CMD_VM_ENROL:
		enl_enrol_decode(nlh, &id);
		break;
	case ELISA_CMD_VM_GET:
		if (enl_vm_decode(nlh, &vm))
			break;
		must(strlen(vm.name) < sizeof(vm.name));
		enl_vm_unmigratable_text(vm.unmigratable, why);
		must(strlen(why) < sizeof(why));
		break;
	case ELISA_CMD_EXPORT_GET:
		enl_export_decode(nlh, &export);
		break;
	case ELISA_CMD_EXPORT_ADD:
		enl_export_add_decode(nlh, &id);
		break;
	case ELISA_CMD_ATTACHMENT_GET:
		enl_attachment_decode(nlh, &attachment);
		break;
	case ELISA_CMD_VM_SET:
		enl_set_decode(nlh, &result);
		break;
	case ELISA_CMD_VM_POLICY_GET:
		check_policy(nlh);
		break;
	case ELISA_CMD_EVENT:
		check_event(nlh);
		break;
	}
	free(nlh);
}

/* An error or the end of a dump; the header comes from the input, too. */
static void ack(const uint8_t *data, size_t size)
{
	struct nlmsghdr *nlh = malloc(NLMSG_HDRLEN + size);
	char text[64];

	must(nlh);
	memset(nlh, 0, NLMSG_HDRLEN);
	nlh->nlmsg_type = size & 1 ? NLMSG_ERROR : NLMSG_DONE;
	nlh->nlmsg_flags = size & 2 ? NLM_F_ACK_TLVS | NLM_F_CAPPED :
				      NLM_F_ACK_TLVS;
	nlh->nlmsg_len = NLMSG_HDRLEN + size;
	memcpy((char *)nlh + NLMSG_HDRLEN, data, size);
	must(enl_ack_parse(nlh, text, sizeof(text)) <= 0);
	must(strlen(text) < sizeof(text));
	nlh->nlmsg_type = GENL_ID_CTRL;
	enl_tells_gone(nlh);
	free(nlh);
}

static void proc(uint8_t which, const uint8_t *data, size_t size)
{
	struct vm_ident ident = { .pid = 1 };
	char text[VM_IDENT_TEXT_SIZE];
	struct uevent_kvm event;
	char *copy = malloc(size + 1);

	must(copy);
	memcpy(copy, data, size);
	copy[size] = '\0';
	switch (which % 4) {
	case 0:
		vm_ident_from_cmdline(&ident, copy, size);
		must(!ident.name[0] ||
		     vm_name_valid(ident.name, strlen(ident.name)));
		break;
	case 1:
		vm_ident_from_cgroup(&ident, copy);
		must(!ident.unit[0] ||
		     vm_unit_valid(ident.unit, strlen(ident.unit)));
		must(!ident.libvirt[0] || ident.unit[0]);
		must(!ident.slices[0] || ident.unit[0]);
		break;
	case 2:
		vm_ident_from_status(&ident, copy);
		break;
	case 3:
		if (uevent_parse(copy, size, &event))
			must(event.pid > 0);
		break;
	}
	vm_ident_format(&ident, text, sizeof(text));
	must(strlen(text) < sizeof(text) && !strchr(text, '\n'));
	free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t which;

	if (!size)
		return 0;
	which = *data++;
	size--;
	if (which <= ELISA_CMD_MAX)
		decode(which, data, size);
	else if (which & 1)
		ack(data, size);
	else
		proc(which >> 1, data, size);
	return 0;
}
