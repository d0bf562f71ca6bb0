// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <string.h>
#include <linux/genetlink.h>
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
			nest = nla_nest_start(msg,
					      ELISA_A_LIMITS | NLA_F_NESTED);
		if (!nest || nla_put_u32(msg, i, limits->value[i]))
			return -ENOMEM;
	}
	if (nest)
		nla_nest_end(msg, nest);
	return 0;
}

static int put_policy(struct nl_msg *msg, const struct policy_grant *grants,
		      size_t n_grants, const struct policy_limits *limits,
		      __u8 pcid, __u8 origin)
{
	size_t i;

	for (i = 0; i < n_grants; i++) {
		if (put_grant(msg, &grants[i]))
			return -ENOMEM;
	}
	if (limits && put_limits(msg, limits))
		return -ENOMEM;
	if (nla_put_u8(msg, ELISA_A_PCID, pcid) ||
	    nla_put_u8(msg, ELISA_A_ORIGIN, origin))
		return -ENOMEM;
	return 0;
}

struct nl_msg *enl_enrol_msg(int family, const struct enl_enrol *enrol)
{
	struct nl_msg *msg;

	if (enrol->fd < 0 || !vm_name_valid(enrol->name, strlen(enrol->name)) ||
	    enrol->n_grants > ELISA_GRANTS_MAX)
		return NULL;
	msg = enl_msg(family, ELISA_CMD_VM_ENROL, 0);
	if (!msg)
		return NULL;
	if (nla_put_u32(msg, ELISA_A_VM_FD, enrol->fd) ||
	    nla_put_string(msg, ELISA_A_VM_NAME, enrol->name))
		goto err_free;
	if (enrol->uuid &&
	    nla_put(msg, ELISA_A_VM_UUID, UUID_SIZE, enrol->uuid))
		goto err_free;
	if (enrol->pid && nla_put_u32(msg, ELISA_A_VM_PID, enrol->pid))
		goto err_free;
	if (put_policy(msg, enrol->grants, enrol->n_grants, enrol->limits,
		       enrol->pcid, enrol->origin))
		goto err_free;
	return msg;

err_free:
	nlmsg_free(msg);
	return NULL;
}

static int put_which(struct nl_msg *msg, const struct enl_which *vm)
{
	return vm->id ? nla_put_u32(msg, ELISA_A_VM_ID, vm->id) :
			nla_put_u32(msg, ELISA_A_VM_FD, vm->fd);
}

struct nl_msg *enl_set_msg(int family, const struct enl_set *set)
{
	struct nl_msg *msg;

	if ((!set->vm.id && set->vm.fd < 0) || set->n_grants > ELISA_GRANTS_MAX)
		return NULL;
	msg = enl_msg(family, ELISA_CMD_VM_SET, 0);
	if (!msg)
		return NULL;
	if (put_which(msg, &set->vm) ||
	    put_policy(msg, set->grants, set->n_grants, set->limits, set->pcid,
		       set->origin)) {
		nlmsg_free(msg);
		return NULL;
	}
	return msg;
}

struct nl_msg *enl_policy_get_msg(int family, const struct enl_which *vm)
{
	struct nl_msg *msg = enl_msg(family, ELISA_CMD_VM_POLICY_GET, 0);

	if (msg && put_which(msg, vm)) {
		nlmsg_free(msg);
		return NULL;
	}
	return msg;
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

int enl_set_decode(struct nlmsghdr *nlh, struct enl_set_result *result)
{
	struct nlattr *tb[ELISA_A_MAX + 1];

	if (enl_parse(nlh, ELISA_CMD_VM_SET, tb) || !tb[ELISA_A_VM_ID])
		return -EBADMSG;
	result->id = enl_get_u32(tb[ELISA_A_VM_ID]);
	result->attachments = enl_get_u32(tb[ELISA_A_N_ATTACHMENTS]);
	result->exports = enl_get_u32(tb[ELISA_A_N_EXPORTS]);
	return 0;
}

static int decode_grant(struct nlattr *nest, struct policy_entry *entry)
{
	struct nlattr *tb[ELISA_GRANT_A_MAX + 1];
	struct policy_grant *grant = entry->grants;
	char pattern[ELISA_NAME_SIZE];
	__u32 rights = 0;
	__u8 kind;

	if (nla_parse_nested(tb, ELISA_GRANT_A_MAX, nest, NULL) < 0 ||
	    !tb[ELISA_GRANT_A_KIND] ||
	    nla_len(tb[ELISA_GRANT_A_KIND]) != sizeof(kind) ||
	    !tb[ELISA_GRANT_A_PATTERN])
		return -EBADMSG;
	kind = enl_get_u8(tb[ELISA_GRANT_A_KIND]);
	enl_get_text(pattern, sizeof(pattern), tb[ELISA_GRANT_A_PATTERN]);
	if (kind == ELISA_GRANT_ATTACH) {
		if (!tb[ELISA_GRANT_A_RIGHTS] ||
		    nla_len(tb[ELISA_GRANT_A_RIGHTS]) != sizeof(rights))
			return -EBADMSG;
		rights = enl_get_u32(tb[ELISA_GRANT_A_RIGHTS]);
	}
	switch (policy_entry_grant(entry, kind, pattern, rights)) {
	case 0:
		return 0;
	case -EEXIST:
		break;
	default:
		return -EBADMSG;
	}
	/* Twice the same is possible by netlink: the rights add up. */
	while (grant->kind != kind || strcmp(grant->pattern, pattern))
		grant++;
	grant->rights |= rights;
	return 0;
}

static int decode_limits(struct nlattr *nest, struct policy_limits *limits)
{
	struct nlattr *tb[ELISA_LIMIT_A_MAX + 1];
	unsigned int i;

	if (nla_parse_nested(tb, ELISA_LIMIT_A_MAX, nest, NULL) < 0)
		return -EBADMSG;
	for (i = 1; i <= ELISA_LIMIT_A_MAX; i++) {
		if (!tb[i])
			continue;
		if (nla_len(tb[i]) != sizeof(__u32))
			return -EBADMSG;
		limits->set[i] = true;
		limits->value[i] = enl_get_u32(tb[i]);
	}
	return 0;
}

int enl_policy_decode(struct nlmsghdr *nlh, struct enl_vm_policy *policy)
{
	struct nlattr *tb[ELISA_A_MAX + 1];
	struct nlattr *attr;
	int rem, ret;

	memset(policy, 0, sizeof(*policy));
	if (enl_parse(nlh, ELISA_CMD_VM_POLICY_GET, tb) || !tb[ELISA_A_VM_ID])
		return -EBADMSG;
	policy->id = enl_get_u32(tb[ELISA_A_VM_ID]);
	policy->origin = enl_get_u8(tb[ELISA_A_ORIGIN]);
	policy->entry.pcid = enl_get_u8(tb[ELISA_A_PCID]);
	if (tb[ELISA_A_LIMITS]) {
		ret = decode_limits(tb[ELISA_A_LIMITS], &policy->entry.limits);
		if (ret)
			return ret;
	}
	nlmsg_for_each_attr(attr, nlh, GENL_HDRLEN, rem) {
		if (nla_type(attr) != ELISA_A_GRANT)
			continue;
		ret = decode_grant(attr, &policy->entry);
		if (ret)
			return ret;
	}
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
	vm->origin = enl_get_u8(tb[ELISA_A_ORIGIN]);
	if (tb[ELISA_A_VM_UUID]) {
		memcpy(vm->uuid, nla_data(tb[ELISA_A_VM_UUID]), UUID_SIZE);
		vm->has_uuid = true;
	}
	return tb[ELISA_A_STATS] ? decode_stats(tb[ELISA_A_STATS], vm) : 0;
}

const char *enl_origin_name(__u8 origin)
{
	switch (origin) {
	case ELISA_ORIGIN_HAND:
		return "hand";
	case ELISA_ORIGIN_POLICY:
		return "policy";
	}
	return "unknown";
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
