// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <string.h>
#include <netlink/msg.h>

#include "nl.h"
#include "nl_attr.h"
#include "nl_vm.h"

static int put_grant(struct nl_msg *msg, const struct policy_grant *grant)
{
	struct nlattr *nest = nla_nest_start(msg, ELISA_A_GRANT | NLA_F_NESTED);

	if (!nest || nla_put_u8(msg, ELISA_GRANT_A_KIND, grant->kind) ||
	    nla_put_string(msg, ELISA_GRANT_A_PATTERN, grant->pattern))
		return -ENOMEM;
	if (grant->kind == ELISA_GRANT_ATTACH &&
	    nla_put_u32(msg, ELISA_GRANT_A_RIGHTS, grant->rights))
		return -ENOMEM;
	nla_nest_end(msg, nest);
	return 0;
}

static int put_limits(struct nl_msg *msg, const struct policy_limits *limits)
{
	struct nlattr *nest = NULL;
	unsigned int i;

	for (i = 1; i <= ELISA_LIMIT_A_MAX; i++) {
		if (!limits->set[i])
			continue;
		if (!nest)
			nest = nla_nest_start(msg, ELISA_A_LIMITS | NLA_F_NESTED);
		if (!nest || nla_put_u32(msg, i, limits->value[i]))
			return -ENOMEM;
	}
	if (nest)
		nla_nest_end(msg, nest);
	return 0;
}

struct nl_msg *enl_enrol_msg(int family, const struct enl_enrol *enrol)
{
	struct nl_msg *msg;
	size_t i;

	if (enrol->fd < 0 || !vm_name_valid(enrol->name, strlen(enrol->name)) ||
	    enrol->n_grants > ELISA_GRANTS_MAX)
		return NULL;
	msg = enl_msg(family, ELISA_CMD_VM_ENROL, 0);
	if (!msg)
		return NULL;
	if (nla_put_u32(msg, ELISA_A_VM_FD, enrol->fd) ||
	    nla_put_string(msg, ELISA_A_VM_NAME, enrol->name))
		goto err_free;
	if (enrol->uuid && nla_put(msg, ELISA_A_VM_UUID, UUID_SIZE, enrol->uuid))
		goto err_free;
	if (enrol->pid && nla_put_u32(msg, ELISA_A_VM_PID, enrol->pid))
		goto err_free;
	for (i = 0; i < enrol->n_grants; i++) {
		if (put_grant(msg, &enrol->grants[i]))
			goto err_free;
	}
	if (enrol->limits && put_limits(msg, enrol->limits))
		goto err_free;
	if (nla_put_u8(msg, ELISA_A_PCID, enrol->pcid))
		goto err_free;
	return msg;

err_free:
	nlmsg_free(msg);
	return NULL;
}

struct nl_msg *enl_vm_del_msg(int family, __u32 id)
{
	struct nl_msg *msg = enl_msg(family, ELISA_CMD_VM_DEL, 0);

	if (msg && nla_put_u32(msg, ELISA_A_VM_ID, id)) {
		nlmsg_free(msg);
		return NULL;
	}
	return msg;
}

int enl_enrol_decode(struct nlmsghdr *nlh, __u32 *id)
{
	struct nlattr *tb[ELISA_A_MAX + 1];

	if (enl_parse(nlh, ELISA_CMD_VM_ENROL, tb) || !tb[ELISA_A_VM_ID])
		return -EBADMSG;
	*id = enl_get_u32(tb[ELISA_A_VM_ID]);
	return 0;
}

static int decode_stats(struct nlattr *nest, struct enl_vm *vm)
{
	struct nlattr *tb[ELISA_STAT_A_MAX + 1];
	unsigned int i;

	if (nla_parse_nested(tb, ELISA_STAT_A_MAX, nest, NULL) < 0)
		return -EBADMSG;
	for (i = ELISA_STAT_A_PAD + 1; i <= ELISA_STAT_A_MAX; i++) {
		if (!tb[i])
			continue;
		if (nla_len(tb[i]) != sizeof(__u64))
			return -EBADMSG;
		vm->stat[i] = enl_get_u64(tb[i]);
	}
	vm->has_stats = true;
	return 0;
}

int enl_vm_decode(struct nlmsghdr *nlh, struct enl_vm *vm)
{
	struct nlattr *tb[ELISA_A_MAX + 1];

	memset(vm, 0, sizeof(*vm));
	if (enl_parse(nlh, ELISA_CMD_VM_GET, tb) || !tb[ELISA_A_VM_ID])
		return -EBADMSG;
	vm->id = enl_get_u32(tb[ELISA_A_VM_ID]);
	enl_get_text(vm->name, sizeof(vm->name), tb[ELISA_A_VM_NAME]);
	vm->pid = enl_get_u32(tb[ELISA_A_VM_PID]);
	vm->state = enl_get_u8(tb[ELISA_A_VM_STATE]);
	if (tb[ELISA_A_UNMIGRATABLE])
		vm->unmigratable = enl_get_u32(tb[ELISA_A_UNMIGRATABLE]);
	if (tb[ELISA_A_VM_UUID]) {
		memcpy(vm->uuid, nla_data(tb[ELISA_A_VM_UUID]), UUID_SIZE);
		vm->has_uuid = true;
	}
	return tb[ELISA_A_STATS] ? decode_stats(tb[ELISA_A_STATS], vm) : 0;
}

const char *enl_vm_state_name(__u8 state)
{
	switch (state) {
	case ELISA_VM_ACTIVE:
		return "active";
	case ELISA_VM_LEAVING:
		return "leaving";
	case ELISA_VM_GONE:
		return "gone";
	}
	return "unknown";
}

void enl_vm_unmigratable_text(__u32 why, char text[UNMIGRATABLE_TEXT_SIZE])
{
	static const struct {
		__u32 bit;
		const char *text;
	} reason[] = {
		{ ELISA_UNMIGRATABLE_EXPORTS, "exports" },
		{ ELISA_UNMIGRATABLE_SUSPENDED, "suspended-calls" },
		{ ELISA_UNMIGRATABLE_DIRTY_RING, "dirty-ring" },
		{ ELISA_UNMIGRATABLE_MOVED, "buffer-moved" },
		{ ELISA_UNMIGRATABLE_SCATTERED, "scattered" },
		{ ~0U, "other" },
	};
	size_t i;

	*text = '\0';
	for (i = 0; i < sizeof(reason) / sizeof(*reason); i++) {
		if (!(why & reason[i].bit))
			continue;
		why &= ~reason[i].bit;
		if (*text)
			strcat(text, ",");
		strcat(text, reason[i].text);
	}
}
