// SPDX-License-Identifier: GPL-2.0-only
/*
 * policy_watch VM-ID GRANTS: is what a VM may do ever a mixture of two policies?
 *
 * Asks for its policy again and again until SIGTERM.  Policies are numbered:
 * policy G has GRANTS grants whose patterns begin with "gG-", others that do
 * not, and lets the VM have 20 + G attachments.
 *
 * Prints "asked N seen N mixed N failed N": seen is the number of different
 * policies.  The status is 1 when there were mixtures or failures.
 */
#include <errno.h>
#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <elisa/netlink.h>

#include "genl.h"

#define HEADERS	     (NLMSG_HDRLEN + GENL_HDRLEN)
#define POLICIES_MAX 10

/* What one answer says. */
struct policy {
	unsigned int grants[POLICIES_MAX], others;
	uint32_t attachments;
};

static volatile sig_atomic_t stop;

static void on_term(int sig)
{
	(void)sig;
	stop = 1;
}

static void read_grant(const struct nlattr *attr, struct policy *p)
{
	const char *pattern = (const char *)attr + NLA_HDRLEN;

	if (pattern[0] == 'g' && pattern[1] >= '0' && pattern[1] <= '9' &&
	    pattern[2] == '-')
		p->grants[pattern[1] - '0']++;
	else
		p->others++;
}

/* Of the kernel's, so well-formed. */
static void read_attrs(const uint8_t *at, const uint8_t *end, int nest,
		       struct policy *p)
{
	const struct nlattr *attr;
	int type;

	for (; at + NLA_HDRLEN <= end; at += NLA_ALIGN(attr->nla_len)) {
		attr = (const struct nlattr *)at;
		type = attr->nla_type & NLA_TYPE_MASK;
		if (attr->nla_len < NLA_HDRLEN)
			return;
		if (!nest && (type == ELISA_A_GRANT || type == ELISA_A_LIMITS))
			read_attrs(at + NLA_HDRLEN, at + attr->nla_len, type,
				   p);
		else if (nest == ELISA_A_GRANT && type == ELISA_GRANT_A_PATTERN)
			read_grant(attr, p);
		else if (nest == ELISA_A_LIMITS &&
			 type == ELISA_LIMIT_A_ATTACHMENTS)
			memcpy(&p->attachments, at + NLA_HDRLEN, 4);
	}
}

/* Its number, or -1: it is none of them. */
static int number_of(const struct policy *p, unsigned int grants)
{
	int i, number = -1;

	for (i = 0; i < POLICIES_MAX; i++) {
		if (!p->grants[i])
			continue;
		if (number >= 0 || p->grants[i] != grants)
			return -1;
		number = i;
	}
	return number >= 0 && p->attachments == 20U + number ? number : -1;
}

/* The answer to one question; 0 or -errno. */
static int ask(int sock, const struct genl_msg *msg, struct policy *p)
{
	static _Alignas(8) uint8_t buf[65536];
	struct nlmsghdr *nlh;
	ssize_t len;
	int error;

	memset(p, 0, sizeof(*p));
	if (send(sock, msg->buf, msg->len, 0) < 0)
		return -errno;
	for (;;) {
		len = recv(sock, buf, sizeof(buf), 0);
		if (len < 0)
			return -errno;
		nlh = (struct nlmsghdr *)buf;
		for (; NLMSG_OK(nlh, len); nlh = NLMSG_NEXT(nlh, len)) {
			if (nlh->nlmsg_type == NLMSG_ERROR) {
				memcpy(&error, NLMSG_DATA(nlh), sizeof(error));
				return error;
			}
			read_attrs((uint8_t *)nlh + HEADERS,
				   (uint8_t *)nlh + nlh->nlmsg_len, 0, p);
		}
	}
}

int main(int argc, char **argv)
{
	unsigned long asked = 0, mixed = 0, failed = 0;
	bool seen[POLICIES_MAX] = { false };
	struct genl_family family;
	unsigned int n = 0, i;
	struct genl_msg msg;
	struct policy p;
	int sock, number;

	if (argc != 3)
		return 2;
	sock = genl_open();
	if (sock < 0 || genl_resolve(sock, &family))
		return 2;
	signal(SIGTERM, on_term);
	/* It never waits; others have work to do. */
	if (nice(10) == -1)
		return 2;
	genl_begin(&msg, family.id, NLM_F_ACK, ELISA_CMD_VM_POLICY_GET);
	genl_put_u32(&msg, ELISA_A_VM_ID, atoi(argv[1]));
	genl_end(&msg);
	while (!stop) {
		asked++;
		if (ask(sock, &msg, &p)) {
			failed++;
			continue;
		}
		number = number_of(&p, atoi(argv[2]));
		if (number >= 0)
			seen[number] = true;
		else
			mixed++;
	}
	for (i = 0; i < POLICIES_MAX; i++)
		n += seen[i];
	printf("asked %lu seen %u mixed %lu failed %lu\n", asked, n, mixed,
	       failed);
	return mixed || failed;
}
