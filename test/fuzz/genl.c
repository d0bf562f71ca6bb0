// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <elisa/netlink.h>

#include "genl.h"

#ifndef SOL_NETLINK
#define SOL_NETLINK 270
#endif

#define HEADERS (NLMSG_HDRLEN + GENL_HDRLEN)

/** genl_open() - a socket that asks for extended ACKs.  Return: it, or -errno */
int genl_open(void)
{
	struct sockaddr_nl addr = { .nl_family = AF_NETLINK };
	int sock = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_GENERIC);
	int one = 1;

	if (sock < 0)
		return -errno;
	if (bind(sock, (struct sockaddr *)&addr, sizeof(addr)) ||
	    setsockopt(sock, SOL_NETLINK, NETLINK_EXT_ACK, &one, sizeof(one)) ||
	    setsockopt(sock, SOL_NETLINK, NETLINK_CAP_ACK, &one, sizeof(one))) {
		int err = -errno;

		close(sock);
		return err;
	}
	return sock;
}

void genl_begin(struct genl_msg *msg, uint16_t type, uint16_t flags,
		uint8_t cmd)
{
	struct nlmsghdr *nlh = (struct nlmsghdr *)msg->buf;
	struct genlmsghdr *genlh = (struct genlmsghdr *)(nlh + 1);

	memset(msg->buf, 0, HEADERS);
	nlh->nlmsg_type = type;
	nlh->nlmsg_flags = NLM_F_REQUEST | flags;
	nlh->nlmsg_seq = 1;
	genlh->cmd = cmd;
	genlh->version = ELISA_GENL_VERSION;
	msg->len = HEADERS;
}

/** genl_put() - append an attribute.  Return: false when there is no room. */
bool genl_put(struct genl_msg *msg, uint16_t type, const void *data, size_t len)
{
	struct nlattr attr = {
		.nla_type = type,
		.nla_len = NLA_HDRLEN + len,
	};

	if (msg->len + NLA_HDRLEN + NLA_ALIGN(len) > sizeof(msg->buf))
		return false;
	memcpy(msg->buf + msg->len, &attr, sizeof(attr));
	memset(msg->buf + msg->len + NLA_HDRLEN, 0, NLA_ALIGN(len));
	memcpy(msg->buf + msg->len + NLA_HDRLEN, data, len);
	msg->len += NLA_HDRLEN + NLA_ALIGN(len);
	return true;
}

bool genl_put_u32(struct genl_msg *msg, uint16_t type, uint32_t value)
{
	return genl_put(msg, type, &value, sizeof(value));
}

/** genl_nest() - begin a nest.  Return: what genl_nest_end() wants. */
size_t genl_nest(struct genl_msg *msg, uint16_t type)
{
	size_t start = msg->len;

	genl_put(msg, type | NLA_F_NESTED, NULL, 0);
	return start;
}

void genl_nest_end(struct genl_msg *msg, size_t start)
{
	uint16_t len = msg->len - start;

	memcpy(msg->buf + start, &len, sizeof(len));
}

void genl_end(struct genl_msg *msg)
{
	uint32_t len = msg->len;

	memcpy(msg->buf, &len, sizeof(len));
}

/* Attribute @type of the attributes at @p, or NULL. */
static const struct nlattr *find(const uint8_t *p, size_t len, uint16_t type)
{
	while (len >= NLA_HDRLEN) {
		const struct nlattr *attr = (const struct nlattr *)p;
		size_t step = NLA_ALIGN(attr->nla_len);

		if (attr->nla_len < NLA_HDRLEN || attr->nla_len > len)
			break;
		if ((attr->nla_type & NLA_TYPE_MASK) == type)
			return attr;
		if (step > len)
			break;
		p += step;
		len -= step;
	}
	return NULL;
}

static uint32_t get_u32(const struct nlattr *attr)
{
	uint32_t value = 0;

	if (attr)
		memcpy(&value, (const uint8_t *)attr + NLA_HDRLEN,
		       sizeof(value));
	return value;
}

/* NLMSG_ERROR, or NLMSG_DONE of a dump that failed. */
static void read_error(const struct nlmsghdr *nlh, struct genl_answer *answer)
{
	const uint8_t *p = (const uint8_t *)nlh + NLMSG_HDRLEN;
	size_t len = nlh->nlmsg_len - NLMSG_HDRLEN, skip;
	const struct nlattr *attr;
	int error = 0;

	if (len >= sizeof(error))
		memcpy(&error, p, sizeof(error));
	answer->answered = true;
	answer->errnum = -error;
	/* With NETLINK_CAP_ACK only the header of the request comes back. */
	skip = nlh->nlmsg_type == NLMSG_DONE ? sizeof(error) :
					       sizeof(struct nlmsgerr);
	if (!(nlh->nlmsg_flags & NLM_F_ACK_TLVS) || skip > len)
		return;
	attr = find(p + skip, len - skip, NLMSGERR_ATTR_MSG);
	if (attr)
		snprintf(answer->text, sizeof(answer->text), "%.*s",
			 (int)(attr->nla_len - NLA_HDRLEN),
			 (const char *)attr + NLA_HDRLEN);
}

static void read_reply(const struct nlmsghdr *nlh, struct genl_answer *answer)
{
	const uint8_t *p = (const uint8_t *)nlh + HEADERS;
	size_t len = nlh->nlmsg_len - HEADERS;
	const struct nlattr *attr;

	answer->messages++;
	attr = find(p, len, ELISA_A_VM_ID);
	if (attr)
		answer->vm_id = get_u32(attr);
	attr = find(p, len, ELISA_A_N_VMS);
	if (attr)
		answer->n_vms = get_u32(attr);
}

/**
 * genl_send() - send a message and read all that comes back
 *
 * The kernel handles a message before send() returns, so nothing is waited
 * for.  Without an address: with one the kernel does not ask who has opened
 * the socket.
 *
 * Return: 0, or -errno when the message could not be sent.
 */
int genl_send(int sock, const struct genl_msg *msg, struct genl_answer *answer)
{
	static _Alignas(8) uint8_t buf[65536];

	memset(answer, 0, sizeof(*answer));
	if (send(sock, msg->buf, msg->len, 0) < 0)
		return -errno;
	for (;;) {
		ssize_t len = recv(sock, buf, sizeof(buf), MSG_DONTWAIT);
		struct nlmsghdr *nlh = (struct nlmsghdr *)buf;

		if (len < 0)
			return errno == EAGAIN || errno == ENOBUFS ? 0 : -errno;
		for (; NLMSG_OK(nlh, len); nlh = NLMSG_NEXT(nlh, len)) {
			if (nlh->nlmsg_type == NLMSG_ERROR ||
			    nlh->nlmsg_type == NLMSG_DONE)
				read_error(nlh, answer);
			else if (nlh->nlmsg_type >= NLMSG_MIN_TYPE &&
				 nlh->nlmsg_len >= HEADERS)
				read_reply(nlh, answer);
		}
	}
}

/**
 * genl_resolve() - look up the family
 *
 * Return: 0 or -errno, -ENOENT when there is none.
 */
int genl_resolve(int sock, struct genl_family *family)
{
	static _Alignas(8) uint8_t buf[8192];
	struct nlmsghdr *nlh = (struct nlmsghdr *)buf;
	const struct nlattr *attr, *group;
	struct genl_msg msg;
	ssize_t len;
	int err;

	genl_begin(&msg, GENL_ID_CTRL, 0, CTRL_CMD_GETFAMILY);
	genl_put(&msg, CTRL_ATTR_FAMILY_NAME, ELISA_GENL_NAME,
		 sizeof(ELISA_GENL_NAME));
	genl_end(&msg);
	if (send(sock, msg.buf, msg.len, 0) < 0)
		return -errno;
	len = recv(sock, buf, sizeof(buf), 0);
	if (len < 0)
		return -errno;
	if (nlh->nlmsg_type == NLMSG_ERROR) {
		memcpy(&err, buf + NLMSG_HDRLEN, sizeof(err));
		return err ? err : -EPROTO;
	}
	attr = find(buf + HEADERS, len - HEADERS, CTRL_ATTR_FAMILY_ID);
	group = find(buf + HEADERS, len - HEADERS, CTRL_ATTR_MCAST_GROUPS);
	if (!attr || !group)
		return -EPROTO;
	memcpy(&family->id, (const uint8_t *)attr + NLA_HDRLEN,
	       sizeof(family->id));
	/* The nest of groups has one nest, that of "events". */
	attr = find((const uint8_t *)group + 2 * NLA_HDRLEN,
		    group->nla_len - 2 * NLA_HDRLEN, CTRL_ATTR_MCAST_GRP_ID);
	if (!attr)
		return -EPROTO;
	family->group = get_u32(attr);
	return 0;
}

/** genl_join() - become a member of a multicast group.  Return: 0 or -errno. */
int genl_join(int sock, uint32_t group)
{
	return setsockopt(sock, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group,
			  sizeof(group)) ?
		       -errno :
		       0;
}
