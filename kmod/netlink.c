// SPDX-License-Identifier: GPL-2.0-only
/*
 * Generic netlink family "elisa"; protocol in <elisa/netlink.h>.
 */
#include <linux/file.h>
#include <linux/module.h>
#include <linux/slab.h>

#include <elisa/hypercall.h>
#include <elisa/netlink.h>

#include "attachment.h"
#include "compat/extack.h"
#include "compat/genetlink.h"
#include "dirty.h"
#include "export.h"
#include "export_host.h"
#include "hooks.h"
#include "inject.h"
#include "netlink.h"
#include "vm.h"
#include "vm_policy.h"

#define PINNED_PAGES_MAX 1048576
#define SUSPENDED_MS_MAX 3600000
#define SECTION_US_MAX	 1000

static const struct nla_policy grant_policy[ELISA_GRANT_A_MAX + 1] = {
	[ELISA_GRANT_A_KIND] = NLA_POLICY_RANGE(NLA_U8, ELISA_GRANT_EXPORT,
						ELISA_GRANT_ATTACH),
	[ELISA_GRANT_A_PATTERN] = { .type = NLA_NUL_STRING,
				    .len = ELISA_NAME_MAX },
	[ELISA_GRANT_A_RIGHTS] =
		NLA_POLICY_MASK(NLA_U32, ELISA_RIGHT_READ | ELISA_RIGHT_WRITE |
						 ELISA_RIGHT_KERNEL |
						 ELISA_RIGHT_FULL_TRUST),
};

static const struct nla_policy limit_policy[ELISA_LIMIT_A_MAX + 1] = {
	[ELISA_LIMIT_A_ATTACHMENTS] = NLA_POLICY_MAX(NLA_U32, ELISA_WINDOWS),
	[ELISA_LIMIT_A_INSTANCES] = NLA_POLICY_MAX(NLA_U32, 4096),
	[ELISA_LIMIT_A_EXPORTS] = NLA_POLICY_MAX(NLA_U32, 64),
	/* The range of a policy entry is 16 bits wide: see parse_limits(). */
	[ELISA_LIMIT_A_PINNED_PAGES] = { .type = NLA_U32 },
	[ELISA_LIMIT_A_SUSPENDED_MS] = { .type = NLA_U32 },
	[ELISA_LIMIT_A_SECTION_US] = { .type = NLA_U32 },
	[ELISA_LIMIT_A_EVENTS] = NLA_POLICY_MAX(NLA_U32, 1000),
};

static const struct nla_policy enrol_policy[ELISA_A_MAX + 1] = {
	[ELISA_A_VM_FD] = { .type = NLA_U32 },
	[ELISA_A_VM_NAME] = { .type = NLA_NUL_STRING,
			      .len = ELISA_VM_NAME_SIZE - 1 },
	[ELISA_A_VM_UUID] = NLA_POLICY_EXACT_LEN(16),
	[ELISA_A_VM_PID] = { .type = NLA_U32 },
	[ELISA_A_GRANT] = NLA_POLICY_NESTED(grant_policy),
	[ELISA_A_LIMITS] = NLA_POLICY_NESTED(limit_policy),
	[ELISA_A_PCID] = NLA_POLICY_MAX(NLA_U8, __ELISA_PCID_MAX - 1),
	[ELISA_A_ORIGIN] = NLA_POLICY_MAX(NLA_U8, __ELISA_ORIGIN_MAX - 1),
};

static const struct nla_policy set_policy[ELISA_A_MAX + 1] = {
	[ELISA_A_VM_ID] = NLA_POLICY_MIN(NLA_U32, 1),
	[ELISA_A_VM_FD] = { .type = NLA_U32 },
	[ELISA_A_GRANT] = NLA_POLICY_NESTED(grant_policy),
	[ELISA_A_LIMITS] = NLA_POLICY_NESTED(limit_policy),
	[ELISA_A_PCID] = NLA_POLICY_MAX(NLA_U8, __ELISA_PCID_MAX - 1),
	[ELISA_A_ORIGIN] = NLA_POLICY_MAX(NLA_U8, __ELISA_ORIGIN_MAX - 1),
};

static const struct nla_policy segment_policy[ELISA_SEGMENT_A_MAX + 1] = {
	[ELISA_SEGMENT_A_FIRST_PAGE] = { .type = NLA_U32 },
	[ELISA_SEGMENT_A_PAGES] = { .type = NLA_U32 },
	[ELISA_SEGMENT_A_PROT] =
		NLA_POLICY_MASK(NLA_U32,
				ELISA_PROT_R | ELISA_PROT_W | ELISA_PROT_X),
};

static const struct nla_policy entry_policy[ELISA_ENTRY_A_MAX + 1] = {
	[ELISA_ENTRY_A_NAME] = { .type = NLA_NUL_STRING,
				 .len = ELISA_NAME_MAX },
	[ELISA_ENTRY_A_OFFSET] = { .type = NLA_U32 },
};

static const struct nla_policy export_add_policy[ELISA_A_MAX + 1] = {
	[ELISA_A_EXPORT_NAME] = { .type = NLA_NUL_STRING,
				  .len = ELISA_NAME_MAX },
	[ELISA_A_IMAGE_FD] = { .type = NLA_U32 },
	[ELISA_A_SEGMENT] = NLA_POLICY_NESTED(segment_policy),
	[ELISA_A_ENTRY] = NLA_POLICY_NESTED(entry_policy),
	[ELISA_A_DATA_PAGES] = { .type = NLA_U32 },
	[ELISA_A_TRUST] = NLA_POLICY_MAX(NLA_U8, __ELISA_TRUST_MAX - 1),
	[ELISA_A_DATA_FD] = { .type = NLA_U32 },
};

static const struct nla_policy vm_name_policy[ELISA_A_VM_FD + 1] = {
	[ELISA_A_VM_ID] = NLA_POLICY_MIN(NLA_U32, 1),
	[ELISA_A_VM_FD] = { .type = NLA_U32 },
};

static const struct nla_policy vm_id_policy[ELISA_A_VM_ID + 1] = {
	[ELISA_A_VM_ID] = NLA_POLICY_MIN(NLA_U32, 1),
};

static const struct nla_policy export_id_policy[ELISA_A_EXPORT_ID + 1] = {
	[ELISA_A_EXPORT_ID] = NLA_POLICY_MIN(NLA_U32, 1),
};

static const struct nla_policy attachment_del_policy[ELISA_A_FORGET + 1] = {
	[ELISA_A_ATTACHMENT_ID] = NLA_POLICY_MIN(NLA_U32, 1),
	[ELISA_A_FORGET] = { .type = NLA_FLAG },
};

static bool may_administer(struct sk_buff *skb)
{
	return netlink_capable(skb, CAP_SYS_ADMIN);
}

static int check_admin(struct sk_buff *skb, struct genl_info *info)
{
	if (may_administer(skb))
		return 0;
	GENL_SET_ERR_MSG(info,
			 "needs CAP_SYS_ADMIN in the initial user namespace");
	return -EPERM;
}

static int need(struct genl_info *info, int attr)
{
	if (info->attrs[attr])
		return 0;
	switch (attr) {
	case ELISA_A_VM_FD:
		GENL_SET_ERR_MSG(info, "VM_FD is missing");
		break;
	case ELISA_A_VM_NAME:
		GENL_SET_ERR_MSG(info, "VM_NAME is missing");
		break;
	case ELISA_A_VM_ID:
		GENL_SET_ERR_MSG(info, "VM_ID is missing");
		break;
	case ELISA_A_EXPORT_ID:
		GENL_SET_ERR_MSG(info, "EXPORT_ID is missing");
		break;
	case ELISA_A_EXPORT_NAME:
		GENL_SET_ERR_MSG(info, "EXPORT_NAME is missing");
		break;
	case ELISA_A_IMAGE_FD:
		GENL_SET_ERR_MSG(info, "IMAGE_FD is missing");
		break;
	case ELISA_A_ATTACHMENT_ID:
		GENL_SET_ERR_MSG(info, "ATTACHMENT_ID is missing");
		break;
	}
	return -EINVAL;
}

/** struct reply - an answer that is being made */
struct reply {
	struct genl_info *info;
	struct sk_buff *skb;
	void *hdr;
};

/*
 * Before the command does what cannot be undone: it must not be done, and fail
 * for want of memory for the answer.  Return: 0 or -ENOMEM.
 */
static int reply_begin_size(struct reply *r, struct genl_info *info, u8 cmd,
			    size_t size)
{
	r->info = info;
	r->skb = elisa_try_alloc(genlmsg_new(size, GFP_KERNEL));
	r->hdr = NULL;
	if (r->skb)
		r->hdr = genlmsg_put_reply(r->skb, info, &elisa_genl_family, 0,
					   cmd);
	if (r->hdr)
		return 0;
	nlmsg_free(r->skb);
	GENL_SET_ERR_MSG(info, "out of memory");
	return -ENOMEM;
}

static int reply_begin(struct reply *r, struct genl_info *info, u8 cmd)
{
	return reply_begin_size(r, info, cmd, NLMSG_GOODSIZE);
}

/* @err: of filling it in, or what the command ended with. */
static int reply_end(struct reply *r, int err)
{
	if (err) {
		nlmsg_free(r->skb);
		return err;
	}
	genlmsg_end(r->skb, r->hdr);
	return genlmsg_reply(r->skb, r->info);
}

static int count_export(struct elisa_export *export, void *arg)
{
	++*(u32 *)arg;
	return 0;
}

static int fill_info(struct sk_buff *skb)
{
	u32 exports = 0;

	elisa_export_for_each(count_export, 0, &exports);
	/* clang-format off */
	return nla_put_u32(skb, ELISA_A_ABI, ELISA_ABI_VERSION) ?:
	       nla_put_u32(skb, ELISA_A_HOOKS, elisa_hooks_installed()) ?:
	       nla_put_u32(skb, ELISA_A_N_VMS, elisa_vm_count()) ?:
	       nla_put_u32(skb, ELISA_A_N_EXPORTS, exports);
	/* clang-format on */
}

static int cmd_info(struct sk_buff *skb, struct genl_info *info)
{
	struct reply r;
	int err;

	err = check_admin(skb, info);
	if (!err)
		err = reply_begin(&r, info, ELISA_CMD_INFO);
	return err ? err : reply_end(&r, fill_info(r.skb));
}

static int parse_grant(struct nlattr *nla, struct elisa_grant *grant,
		       struct genl_info *info)
{
	struct nlattr *tb[ELISA_GRANT_A_MAX + 1];
	int err;

	err = nla_parse_nested(tb, ELISA_GRANT_A_MAX, nla, grant_policy,
			       info->extack);
	if (err)
		return err;
	if (!tb[ELISA_GRANT_A_KIND] || !tb[ELISA_GRANT_A_PATTERN]) {
		NL_SET_ERR_MSG_ATTR(info->extack, nla,
				    "a grant needs a kind and a pattern");
		return -EINVAL;
	}
	grant->kind = nla_get_u8(tb[ELISA_GRANT_A_KIND]);
	nla_strscpy(grant->pattern, tb[ELISA_GRANT_A_PATTERN],
		    sizeof(grant->pattern));
	if (!elisa_name_valid(grant->pattern, "*?")) {
		NL_SET_ERR_MSG_ATTR(info->extack, tb[ELISA_GRANT_A_PATTERN],
				    "a pattern is 1..31 bytes of [A-Za-z0-9._-*?]");
		return -EINVAL;
	}
	grant->rights = ELISA_RIGHT_READ | ELISA_RIGHT_WRITE;
	if (tb[ELISA_GRANT_A_RIGHTS])
		grant->rights = nla_get_u32(tb[ELISA_GRANT_A_RIGHTS]);
	if (!(grant->rights & ELISA_RIGHT_READ)) {
		NL_SET_ERR_MSG_ATTR(info->extack, nla,
				    "rights without read make no sense");
		return -EINVAL;
	}
	return 0;
}

static int parse_grants(struct genl_info *info, struct elisa_vm_policy *p)
{
	struct nlattr *nla;
	int rem, err;

	p->grants = elisa_try_alloc(kcalloc(ELISA_GRANTS_MAX,
					    sizeof(struct elisa_grant),
					    GFP_KERNEL));
	if (!p->grants) {
		GENL_SET_ERR_MSG(info, "out of memory");
		return -ENOMEM;
	}
	nlmsg_for_each_attr(nla, info->nlhdr, GENL_HDRLEN, rem) {
		if (nla_type(nla) != ELISA_A_GRANT)
			continue;
		if (p->n_grants == ELISA_GRANTS_MAX) {
			NL_SET_ERR_MSG_ATTR(info->extack, nla,
					    "a VM can have 64 grants at most");
			return -E2BIG;
		}
		err = parse_grant(nla, &p->grants[p->n_grants], info);
		if (err)
			return err;
		p->n_grants++;
	}
	return 0;
}

static int parse_limits(struct genl_info *info, struct elisa_limits *limits)
{
	struct nlattr *tb[ELISA_LIMIT_A_MAX + 1];
	u32 *const field[ELISA_LIMIT_A_MAX + 1] = {
		[ELISA_LIMIT_A_ATTACHMENTS] = &limits->attachments,
		[ELISA_LIMIT_A_INSTANCES] = &limits->instances,
		[ELISA_LIMIT_A_EXPORTS] = &limits->exports,
		[ELISA_LIMIT_A_PINNED_PAGES] = &limits->pinned_pages,
		[ELISA_LIMIT_A_SUSPENDED_MS] = &limits->suspended_ms,
		[ELISA_LIMIT_A_SECTION_US] = &limits->section_us,
		[ELISA_LIMIT_A_EVENTS] = &limits->events,
	};
	int i, err;

	if (!info->attrs[ELISA_A_LIMITS])
		return 0;
	err = nla_parse_nested(tb, ELISA_LIMIT_A_MAX,
			       info->attrs[ELISA_A_LIMITS], limit_policy,
			       info->extack);
	for (i = 1; !err && i <= ELISA_LIMIT_A_MAX; i++)
		if (tb[i])
			*field[i] = nla_get_u32(tb[i]);
	if (!err && limits->pinned_pages > PINNED_PAGES_MAX) {
		GENL_SET_ERR_MSG(info, "PINNED_PAGES is above 1048576");
		err = -ERANGE;
	}
	if (!err && limits->suspended_ms > SUSPENDED_MS_MAX) {
		GENL_SET_ERR_MSG(info, "SUSPENDED_MS is above 3600000");
		err = -ERANGE;
	}
	if (!err && limits->section_us > SECTION_US_MAX) {
		GENL_SET_ERR_MSG(info, "SECTION_US is above 1000");
		err = -ERANGE;
	}
	return err;
}

static const struct elisa_vm_policy default_policy = {
	.limits = { .attachments = 16,
		    .instances = 64,
		    .exports = 4,
		    .pinned_pages = 16384,
		    .suspended_ms = 1000,
		    .events = 10 },
	.pcid = ELISA_PCID_INTERCEPT,
	.origin = ELISA_ORIGIN_HAND,
};

/* On error too the caller frees p->grants. */
static int parse_policy(struct genl_info *info, struct elisa_vm_policy *p)
{
	struct nlattr **a = info->attrs;
	int err;

	*p = default_policy;
	if (a[ELISA_A_PCID])
		p->pcid = nla_get_u8(a[ELISA_A_PCID]);
	if (a[ELISA_A_ORIGIN])
		p->origin = nla_get_u8(a[ELISA_A_ORIGIN]);
	err = parse_limits(info, &p->limits);
	return err ? err : parse_grants(info, p);
}

static int parse_enrolment(struct genl_info *info, struct elisa_enrolment *e)
{
	struct nlattr **a = info->attrs;
	int err;

	err = need(info, ELISA_A_VM_FD);
	if (!err)
		err = need(info, ELISA_A_VM_NAME);
	if (err)
		return err;
	e->fd = nla_get_u32(a[ELISA_A_VM_FD]);
	nla_strscpy(e->identity.name, a[ELISA_A_VM_NAME],
		    sizeof(e->identity.name));
	if (!e->identity.name[0]) {
		GENL_SET_ERR_MSG(info, "VM_NAME is empty");
		return -EINVAL;
	}
	if (a[ELISA_A_VM_UUID]) {
		memcpy(e->identity.uuid, nla_data(a[ELISA_A_VM_UUID]), 16);
		e->identity.has_uuid = true;
	}
	if (a[ELISA_A_VM_PID])
		e->identity.pid = nla_get_u32(a[ELISA_A_VM_PID]);
	return parse_policy(info, &e->policy);
}

static int cmd_vm_enrol(struct sk_buff *skb, struct genl_info *info)
{
	struct elisa_enrolment e = {};
	const char *why = NULL;
	struct reply r;
	u32 id;
	int err;

	err = check_admin(skb, info);
	if (!err)
		err = reply_begin(&r, info, ELISA_CMD_VM_ENROL);
	if (err)
		return err;
	err = parse_enrolment(info, &e);
	if (!err) {
		err = elisa_vm_enrol(&e, &id, &why);
		if (err && info->extack)
			info->extack->_msg = why;
	}
	kfree(e.policy.grants);
	return reply_end(&r, err ?: nla_put_u32(r.skb, ELISA_A_VM_ID, id));
}

/* The enrolled VM that a request names by VM_ID or VM_FD, referenced. */
static struct elisa_vm *named_vm(struct genl_info *info, int *err)
{
	struct nlattr *id = info->attrs[ELISA_A_VM_ID];
	struct nlattr *fd = info->attrs[ELISA_A_VM_FD];
	const char *why = NULL;
	struct elisa_vm *vm;

	if (!id == !fd) {
		GENL_SET_ERR_MSG(info, "either VM_ID or VM_FD is wanted");
		*err = -EINVAL;
		return NULL;
	}
	if (id) {
		vm = elisa_vm_get_id(nla_get_u32(id));
		why = "no VM has this number";
		*err = vm ? 0 : -ENOENT;
	} else {
		vm = elisa_vm_get_fd(nla_get_u32(fd), err, &why);
	}
	if (!vm && info->extack)
		info->extack->_msg = why;
	return vm;
}

static int set_vm(struct reply *r, struct elisa_vm *vm)
{
	struct elisa_revoked revoked = {};
	struct elisa_vm_policy policy;
	int err;

	err = parse_policy(r->info, &policy);
	if (!err) {
		err = elisa_vm_set(vm, &policy, &revoked);
		if (err)
			GENL_SET_ERR_MSG(r->info, "this VM is leaving");
	}
	kfree(policy.grants);
	/* clang-format off */
	return err ?: nla_put_u32(r->skb, ELISA_A_VM_ID, vm->id) ?:
	       nla_put_u32(r->skb, ELISA_A_N_ATTACHMENTS,
			   revoked.attachments) ?:
	       nla_put_u32(r->skb, ELISA_A_N_EXPORTS, revoked.exports);
	/* clang-format on */
}

static int cmd_vm_set(struct sk_buff *skb, struct genl_info *info)
{
	struct elisa_vm *vm;
	struct reply r;
	int err;

	err = check_admin(skb, info);
	if (err)
		return err;
	vm = named_vm(info, &err);
	if (!vm)
		return err;
	err = reply_begin(&r, info, ELISA_CMD_VM_SET);
	if (!err)
		err = reply_end(&r, set_vm(&r, vm));
	elisa_vm_put(vm);
	return err;
}

/* As much as ELISA_GRANTS_MAX grants need, and the rest. */
#define POLICY_REPLY_SIZE                                       \
	(512 + ELISA_GRANTS_MAX *                               \
		       (nla_total_size(0) + nla_total_size(1) + \
			nla_total_size(4) + nla_total_size(ELISA_NAME_SIZE)))

static int put_grant(struct sk_buff *skb, const struct elisa_grant *grant)
{
	struct nlattr *nest = nla_nest_start(skb, ELISA_A_GRANT);
	int err;

	if (!nest)
		return -EMSGSIZE;
	err = nla_put_u8(skb, ELISA_GRANT_A_KIND, grant->kind) ?:
		      nla_put_string(skb, ELISA_GRANT_A_PATTERN,
				     grant->pattern);
	if (!err && grant->kind == ELISA_GRANT_ATTACH)
		err = nla_put_u32(skb, ELISA_GRANT_A_RIGHTS, grant->rights);
	nla_nest_end(skb, nest);
	return err;
}

static int put_limits(struct sk_buff *skb, const struct elisa_limits *limits)
{
	struct nlattr *nest = nla_nest_start(skb, ELISA_A_LIMITS);
	int err;

	if (!nest)
		return -EMSGSIZE;
	/* clang-format off */
	err = nla_put_u32(skb, ELISA_LIMIT_A_ATTACHMENTS,
			  limits->attachments) ?:
	      nla_put_u32(skb, ELISA_LIMIT_A_INSTANCES, limits->instances) ?:
	      nla_put_u32(skb, ELISA_LIMIT_A_EXPORTS, limits->exports) ?:
	      nla_put_u32(skb, ELISA_LIMIT_A_PINNED_PAGES,
			  limits->pinned_pages) ?:
	      nla_put_u32(skb, ELISA_LIMIT_A_SUSPENDED_MS,
			  limits->suspended_ms) ?:
	      nla_put_u32(skb, ELISA_LIMIT_A_SECTION_US, limits->section_us) ?:
	      nla_put_u32(skb, ELISA_LIMIT_A_EVENTS, limits->events);
	/* clang-format on */
	nla_nest_end(skb, nest);
	return err;
}

static int fill_policy(struct sk_buff *skb, struct elisa_vm *vm)
{
	const struct elisa_vm_policy *p = &vm->policy;
	int err;
	u32 i;

	/* All of one policy. */
	mutex_lock(&vm->lock);
	/* clang-format off */
	err = nla_put_u32(skb, ELISA_A_VM_ID, vm->id) ?:
	      nla_put_u8(skb, ELISA_A_PCID, p->pcid) ?:
	      nla_put_u8(skb, ELISA_A_ORIGIN, p->origin) ?:
	      put_limits(skb, &p->limits);
	/* clang-format on */
	for (i = 0; !err && i < p->n_grants; i++)
		err = put_grant(skb, &p->grants[i]);
	mutex_unlock(&vm->lock);
	return err;
}

static int cmd_vm_policy_get(struct sk_buff *skb, struct genl_info *info)
{
	struct elisa_vm *vm;
	struct reply r;
	int err;

	err = check_admin(skb, info);
	if (err)
		return err;
	vm = named_vm(info, &err);
	if (!vm)
		return err;
	err = reply_begin_size(&r, info, ELISA_CMD_VM_POLICY_GET,
			       POLICY_REPLY_SIZE);
	if (!err)
		err = reply_end(&r, fill_policy(r.skb, vm));
	elisa_vm_put(vm);
	return err;
}

static int cmd_vm_del(struct sk_buff *skb, struct genl_info *info)
{
	int err = check_admin(skb, info);

	if (!err)
		err = need(info, ELISA_A_VM_ID);
	if (err)
		return err;
	err = elisa_vm_remove(nla_get_u32(info->attrs[ELISA_A_VM_ID]));
	if (err)
		GENL_SET_ERR_MSG(info, "no VM has this number");
	return err;
}

static int cmd_export_del(struct sk_buff *skb, struct genl_info *info)
{
	int err = check_admin(skb, info);
	u32 id;

	if (!err)
		err = need(info, ELISA_A_EXPORT_ID);
	if (err)
		return err;
	id = nla_get_u32(info->attrs[ELISA_A_EXPORT_ID]);
	err = elisa_export_revoke_id(id);
	if (err)
		GENL_SET_ERR_MSG(info, "no export has this number");
	return err;
}

static int cmd_attachment_del(struct sk_buff *skb, struct genl_info *info)
{
	int err = check_admin(skb, info);
	u32 id;

	if (!err)
		err = need(info, ELISA_A_ATTACHMENT_ID);
	if (err)
		return err;
	id = nla_get_u32(info->attrs[ELISA_A_ATTACHMENT_ID]);
	err = elisa_attachment_end(id,
				   nla_get_flag(info->attrs[ELISA_A_FORGET]));
	if (err)
		GENL_SET_ERR_MSG(info, "no attachment has this number");
	return err;
}

/* @why belongs to the attribute @nla. */
static int refuse(struct genl_info *info, const struct nlattr *nla, int err,
		  const char *why)
{
	if (err && info->extack) {
		info->extack->_msg = why;
		info->extack->bad_attr = nla;
	}
	return err;
}

static int add_segment(struct elisa_export *export, struct file *image,
		       struct nlattr *nla, struct genl_info *info)
{
	struct nlattr *tb[ELISA_SEGMENT_A_MAX + 1];
	const char *why = NULL;
	u32 first;
	int err;

	err = nla_parse_nested(tb, ELISA_SEGMENT_A_MAX, nla, segment_policy,
			       info->extack);
	if (err)
		return err;
	if (!tb[ELISA_SEGMENT_A_FIRST_PAGE] || !tb[ELISA_SEGMENT_A_PAGES] ||
	    !tb[ELISA_SEGMENT_A_PROT])
		return refuse(info, nla, -EINVAL,
			      "a segment needs FIRST_PAGE, PAGES and PROT");
	first = nla_get_u32(tb[ELISA_SEGMENT_A_FIRST_PAGE]);
	err = elisa_export_host_segment(export, image, first,
					nla_get_u32(tb[ELISA_SEGMENT_A_PAGES]),
					nla_get_u32(tb[ELISA_SEGMENT_A_PROT]),
					&why);
	return refuse(info, nla, err, why);
}

static int add_entry(struct elisa_export *export, struct nlattr *nla,
		     struct genl_info *info)
{
	struct nlattr *tb[ELISA_ENTRY_A_MAX + 1];
	char name[ELISA_NAME_SIZE];
	const char *why = NULL;
	int err;

	err = nla_parse_nested(tb, ELISA_ENTRY_A_MAX, nla, entry_policy,
			       info->extack);
	if (err)
		return err;
	if (!tb[ELISA_ENTRY_A_NAME] || !tb[ELISA_ENTRY_A_OFFSET])
		return refuse(info, nla, -EINVAL,
			      "an entry needs NAME and OFFSET");
	nla_strscpy(name, tb[ELISA_ENTRY_A_NAME], sizeof(name));
	if (!elisa_name_valid(name, ""))
		return refuse(info, tb[ELISA_ENTRY_A_NAME], -EINVAL,
			      "an entry's name is 1..31 bytes of [A-Za-z0-9._-]");
	err = elisa_export_host_entry(export, name,
				      nla_get_u32(tb[ELISA_ENTRY_A_OFFSET]),
				      &why);
	return refuse(info, nla, err, why);
}

static int add_data(struct elisa_export *export, struct genl_info *info)
{
	struct nlattr *pages = info->attrs[ELISA_A_DATA_PAGES];
	struct nlattr *fd = info->attrs[ELISA_A_DATA_FD];
	u32 n = pages ? nla_get_u32(pages) : 0;
	const char *why = NULL;
	struct file *file;
	int err;

	if (!fd) {
		err = elisa_export_host_data(export, n, &why);
		return refuse(info, pages, err, why);
	}
	file = fget(nla_get_u32(fd));
	if (!file)
		return refuse(info, fd, -EBADF,
			      "DATA_FD is not an open file of this process");
	err = elisa_export_host_memfd(export, file, n, &why);
	fput(file);
	return refuse(info, fd, err, why);
}

/* The segments first: entries point into them. */
static int add_contents(struct elisa_export *export, struct file *image,
			struct genl_info *info)
{
	struct nlattr *nla;
	int rem, err = 0;

	nlmsg_for_each_attr(nla, info->nlhdr, GENL_HDRLEN, rem) {
		if (nla_type(nla) == ELISA_A_SEGMENT)
			err = add_segment(export, image, nla, info);
		if (err)
			return err;
	}
	nlmsg_for_each_attr(nla, info->nlhdr, GENL_HDRLEN, rem) {
		if (nla_type(nla) == ELISA_A_ENTRY)
			err = add_entry(export, nla, info);
		if (err)
			return err;
	}
	return add_data(export, info);
}

static int finish_export(struct elisa_export *export, u32 *id,
			 struct genl_info *info)
{
	struct elisa_finding finding;
	const char *why = NULL;
	int err;

	err = elisa_export_host_finish(export, id, &finding, &why);
	if (err == -ENOEXEC)
		elisa_extack_printf(info->extack, "%s at image offset 0x%zx",
				    finding.what, finding.offset);
	else
		refuse(info, NULL, err, why);
	return err;
}

static int add_export(struct genl_info *info, struct file *image, u32 *id)
{
	struct nlattr *trust = info->attrs[ELISA_A_TRUST];
	struct nlattr *nla = info->attrs[ELISA_A_EXPORT_NAME];
	struct elisa_export *export;
	char name[ELISA_NAME_SIZE];
	int err;

	nla_strscpy(name, nla, sizeof(name));
	if (!elisa_name_valid(name, ""))
		return refuse(info, nla, -EINVAL,
			      "an export's name is 1..31 bytes of [A-Za-z0-9._-]");
	export = elisa_export_host_begin(name, trust ? nla_get_u8(trust) :
						       ELISA_TRUST_SEALED);
	if (!export)
		return refuse(info, NULL, -ENOMEM, "out of memory");
	err = add_contents(export, image, info);
	if (!err)
		err = finish_export(export, id, info);
	if (err)
		elisa_export_host_cancel(export);
	return err;
}

static int cmd_export_add(struct sk_buff *skb, struct genl_info *info)
{
	struct nlattr *fd = info->attrs[ELISA_A_IMAGE_FD];
	struct file *image;
	struct reply r;
	u32 id;
	int err;

	err = check_admin(skb, info);
	if (!err)
		err = need(info, ELISA_A_EXPORT_NAME);
	if (!err)
		err = need(info, ELISA_A_IMAGE_FD);
	if (err)
		return err;
	image = fget(nla_get_u32(fd));
	if (!image)
		return refuse(info, fd, -EBADF,
			      "IMAGE_FD is not an open file of this process");
	err = reply_begin(&r, info, ELISA_CMD_EXPORT_ADD);
	if (err)
		goto out;
	err = add_export(info, image, &id);
	err = reply_end(&r, err ?: nla_put_u32(r.skb, ELISA_A_EXPORT_ID, id));
out:
	fput(image);
	return err;
}

/** struct dump - state of one dump call */
struct dump {
	struct sk_buff *skb;
	struct netlink_callback *cb;
};

static void *dump_begin(struct dump *d, u8 cmd)
{
	return genlmsg_put(d->skb, NETLINK_CB(d->cb->skb).portid,
			   d->cb->nlh->nlmsg_seq, &elisa_genl_family,
			   NLM_F_MULTI, cmd);
}

/* Dumps go on behind cb->args[0], the last number that was sent. */
static int dump_end(struct dump *d, void *hdr, int err, u32 id)
{
	if (err) {
		genlmsg_cancel(d->skb, hdr);
		return -EMSGSIZE;
	}
	genlmsg_end(d->skb, hdr);
	d->cb->args[0] = id;
	return 0;
}

static int put_stats(struct sk_buff *skb, struct elisa_vm *vm)
{
	const struct elisa_stats *s = &vm->stats;
	const struct {
		int attr;
		u64 value;
	} stat[] = {
		{ ELISA_STAT_A_ATTACHES, atomic64_read(&s->attaches) },
		{ ELISA_STAT_A_DENIED, atomic64_read(&s->denied) },
		{ ELISA_STAT_A_ARMED_VCPUS, atomic_read(&s->armed) },
		{ ELISA_STAT_A_ATTACHMENTS, atomic_read(&s->attachments) },
		{ ELISA_STAT_A_EXPORTS, atomic_read(&s->exports) },
		{ ELISA_STAT_A_INSTANCES, atomic_read(&s->instances) },
		{ ELISA_STAT_A_PINNED_PAGES, atomic_read(&s->pinned_pages) },
		{ ELISA_STAT_A_AEX, atomic64_read(&s->aex) },
		{ ELISA_STAT_A_RESUMES, atomic64_read(&s->resumes) },
		{ ELISA_STAT_A_GATE_EXITS, atomic64_read(&s->gate_exits) },
		{ ELISA_STAT_A_FAULTS, atomic64_read(&s->faults) },
		{ ELISA_STAT_A_BUSY, atomic64_read(&s->busy) },
		{ ELISA_STAT_A_WAITS, atomic64_read(&s->waits) },
		{ ELISA_STAT_A_YIELDS, atomic64_read(&s->yields) },
		{ ELISA_STAT_A_ABORTED, atomic64_read(&s->aborted) },
		{ ELISA_STAT_A_SECTIONS, atomic64_read(&s->sections) },
		{ ELISA_STAT_A_INTERPOSED, atomic64_read(&s->interposed) },
		{ ELISA_STAT_A_RETAKEN, atomic64_read(&s->retaken) },
		{ ELISA_STAT_A_SUSPENDED, atomic_read(&s->suspended) },
	};
	struct nlattr *nest = nla_nest_start(skb, ELISA_A_STATS);
	unsigned int i;

	if (!nest)
		return -EMSGSIZE;
	for (i = 0; i < ARRAY_SIZE(stat); i++)
		if (nla_put_u64_64bit(skb, stat[i].attr, stat[i].value,
				      ELISA_STAT_A_PAD))
			return -EMSGSIZE;
	nla_nest_end(skb, nest);
	return 0;
}

static int dump_vm(struct elisa_vm *vm, void *arg)
{
	struct dump *d = arg;
	void *hdr = dump_begin(d, ELISA_CMD_VM_GET);
	int err;

	if (!hdr)
		return -EMSGSIZE;
	/* clang-format off */
	err = nla_put_u32(d->skb, ELISA_A_VM_ID, vm->id) ?:
	      nla_put_string(d->skb, ELISA_A_VM_NAME, vm->identity.name) ?:
	      nla_put_u32(d->skb, ELISA_A_VM_PID, vm->identity.pid) ?:
	      nla_put_u8(d->skb, ELISA_A_VM_STATE, READ_ONCE(vm->state)) ?:
	      nla_put_u32(d->skb, ELISA_A_UNMIGRATABLE,
			  elisa_dirty_unmigratable(vm)) ?:
	      nla_put_u8(d->skb, ELISA_A_ORIGIN,
			 READ_ONCE(vm->policy.origin)) ?:
	      put_stats(d->skb, vm);
	/* clang-format on */
	if (!err && vm->identity.has_uuid)
		err = nla_put(d->skb, ELISA_A_VM_UUID, 16, vm->identity.uuid);
	return dump_end(d, hdr, err, vm->id);
}

static int put_data_source(struct sk_buff *skb,
			   const struct elisa_export *export)
{
	if (!export->data_inode)
		return nla_put_u8(skb, ELISA_A_DATA_SOURCE,
				  export->vm ? ELISA_DATA_VM :
					       ELISA_DATA_MODULE);
	if (nla_put_u8(skb, ELISA_A_DATA_SOURCE, ELISA_DATA_MEMFD))
		return -EMSGSIZE;
	return nla_put_u64_64bit(skb, ELISA_A_DATA_INODE, export->data_inode,
				 ELISA_A_PAD);
}

static int dump_export(struct elisa_export *export, void *arg)
{
	struct dump *d = arg;
	void *hdr = dump_begin(d, ELISA_CMD_EXPORT_GET);
	struct list_head *pos;
	u32 n = 0;
	int err;

	if (!hdr)
		return -EMSGSIZE;
	list_for_each(pos, &export->attachments)
		n++;
	/* clang-format off */
	err = nla_put_u32(d->skb, ELISA_A_EXPORT_ID, export->id) ?:
	      nla_put_string(d->skb, ELISA_A_EXPORT_NAME, export->name) ?:
	      nla_put_u32(d->skb, ELISA_A_VM_ID,
			  export->vm ? export->vm->id : 0) ?:
	      nla_put_u8(d->skb, ELISA_A_TRUST, export->trust) ?:
	      nla_put_u32(d->skb, ELISA_A_N_ENTRIES, export->n_entries) ?:
	      nla_put_u32(d->skb, ELISA_A_IMAGE_PAGES, export->n_image) ?:
	      nla_put_u32(d->skb, ELISA_A_DATA_PAGES, export->data.n_pages) ?:
	      nla_put_u32(d->skb, ELISA_A_N_ATTACHMENTS, n) ?:
	      put_data_source(d->skb, export);
	/* clang-format on */
	return dump_end(d, hdr, err, export->id);
}

static u32 instances_of(struct elisa_attachment *att)
{
	struct list_head *pos;
	unsigned long flags;
	u32 n = 0;

	raw_spin_lock_irqsave(&att->lock, flags);
	list_for_each(pos, &att->instances)
		n++;
	raw_spin_unlock_irqrestore(&att->lock, flags);
	return n;
}

static u8 calls_of(const struct elisa_attachment *att)
{
	static const u8 calls[] = {
		[ELISA_VARIANT_SEALED] = ELISA_CALLS_SEALED,
		[ELISA_VARIANT_FULL] = ELISA_CALLS_FULL,
		[ELISA_VARIANT_INTERPOSED] = ELISA_CALLS_INTERPOSED,
	};

	return calls[elisa_attachment_variant(att)];
}

static int put_attachment(struct dump *d, struct elisa_attachment *att)
{
	void *hdr = dump_begin(d, ELISA_CMD_ATTACHMENT_GET);
	struct sk_buff *skb = d->skb;
	int err;

	if (!hdr)
		return -EMSGSIZE;
	/* clang-format off */
	err = nla_put_u32(skb, ELISA_A_ATTACHMENT_ID, att->id) ?:
	      nla_put_u32(skb, ELISA_A_VM_ID, att->vm->id) ?:
	      nla_put_u32(skb, ELISA_A_EXPORT_ID, att->export_id) ?:
	      nla_put_string(skb, ELISA_A_EXPORT_NAME, att->export_name) ?:
	      nla_put_u32(skb, ELISA_A_RIGHTS, att->dead ? 0 : att->rights) ?:
	      nla_put_u64_64bit(skb, ELISA_A_WINDOW, ELISA_WINDOW(att->slot),
				ELISA_A_PAD) ?:
	      nla_put_u32(skb, ELISA_A_XBUF_PAGES, att->xbuf.n_pages) ?:
	      nla_put_u32(skb, ELISA_A_N_INSTANCES, instances_of(att)) ?:
	      nla_put_u8(skb, ELISA_A_CALLS, calls_of(att));
	/* clang-format on */
	if (err) {
		genlmsg_cancel(skb, hdr);
		return -EMSGSIZE;
	}
	genlmsg_end(skb, hdr);
	return 0;
}

/*
 * cb->args[0] is the last VM done, args[1] the next window of the VM args[2],
 * which may be gone by the time we come back.
 */
static int dump_attachments(struct elisa_vm *vm, void *arg)
{
	struct dump *d = arg;
	long *slot = &d->cb->args[1];
	int err = 0;

	if (d->cb->args[2] != vm->id) {
		d->cb->args[2] = vm->id;
		*slot = 0;
	}
	mutex_lock(&vm->lock);
	for (; *slot < ELISA_WINDOWS; ++*slot) {
		if (!vm->attachment[*slot])
			continue;
		err = put_attachment(d, vm->attachment[*slot]);
		if (err)
			break;
	}
	mutex_unlock(&vm->lock);
	if (!err)
		d->cb->args[0] = vm->id;
	return err;
}

static int dump_start(struct netlink_callback *cb)
{
	if (netlink_capable(cb->skb, CAP_SYS_ADMIN))
		return 0;
	NL_SET_ERR_MSG(cb->extack,
		       "needs CAP_SYS_ADMIN in the initial user namespace");
	return -EPERM;
}

static int dump_vms(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct dump d = { .skb = skb, .cb = cb };

	elisa_vm_for_each(dump_vm, cb->args[0], &d);
	return skb->len;
}

static int dump_exports(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct dump d = { .skb = skb, .cb = cb };

	elisa_export_for_each(dump_export, cb->args[0], &d);
	return skb->len;
}

static int dump_all_attachments(struct sk_buff *skb,
				struct netlink_callback *cb)
{
	struct dump d = { .skb = skb, .cb = cb };

	elisa_vm_for_each(dump_attachments, cb->args[0], &d);
	return skb->len;
}

static const struct genl_ops ops[] = {
	{
		.cmd = ELISA_CMD_INFO,
		.doit = cmd_info,
	},
	{
		.cmd = ELISA_CMD_VM_ENROL,
		.doit = cmd_vm_enrol,
		.policy = enrol_policy,
		.maxattr = ARRAY_SIZE(enrol_policy) - 1,
	},
	{
		.cmd = ELISA_CMD_VM_DEL,
		.doit = cmd_vm_del,
		.policy = vm_id_policy,
		.maxattr = ARRAY_SIZE(vm_id_policy) - 1,
	},
	{
		.cmd = ELISA_CMD_VM_GET,
		.start = dump_start,
		.dumpit = dump_vms,
	},
	{
		.cmd = ELISA_CMD_EXPORT_GET,
		.start = dump_start,
		.dumpit = dump_exports,
	},
	{
		.cmd = ELISA_CMD_EXPORT_DEL,
		.doit = cmd_export_del,
		.policy = export_id_policy,
		.maxattr = ARRAY_SIZE(export_id_policy) - 1,
	},
	{
		.cmd = ELISA_CMD_ATTACHMENT_GET,
		.start = dump_start,
		.dumpit = dump_all_attachments,
	},
	{
		.cmd = ELISA_CMD_EXPORT_ADD,
		.doit = cmd_export_add,
		.policy = export_add_policy,
		.maxattr = ARRAY_SIZE(export_add_policy) - 1,
	},
	{
		.cmd = ELISA_CMD_ATTACHMENT_DEL,
		.doit = cmd_attachment_del,
		.policy = attachment_del_policy,
		.maxattr = ARRAY_SIZE(attachment_del_policy) - 1,
	},
	{
		.cmd = ELISA_CMD_VM_SET,
		.doit = cmd_vm_set,
		.policy = set_policy,
		.maxattr = ARRAY_SIZE(set_policy) - 1,
	},
	{
		.cmd = ELISA_CMD_VM_POLICY_GET,
		.doit = cmd_vm_policy_get,
		.policy = vm_name_policy,
		.maxattr = ARRAY_SIZE(vm_name_policy) - 1,
	},
};

static const struct genl_multicast_group groups[] = {
	{
		.name = ELISA_GENL_MCGRP_EVENTS,
		ELISA_GENL_ADMIN_GROUP,
	},
};

/*
 * Not in other network namespaces, and parallel: a revocation waits for
 * vCPUs, and other families must not wait with it.
 */
struct genl_family elisa_genl_family __ro_after_init = {
	.name = ELISA_GENL_NAME,
	.version = ELISA_GENL_VERSION,
	.netnsok = false,
	.parallel_ops = true,
	.module = THIS_MODULE,
	.ops = ops,
	.n_ops = ARRAY_SIZE(ops),
	.mcgrps = groups,
	.n_mcgrps = ARRAY_SIZE(groups),
	ELISA_GENL_STRICT_FROM(ELISA_CMD_UNSPEC + 1)
};
