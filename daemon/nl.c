// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <netlink/genl/ctrl.h>
#include <netlink/genl/family.h>
#include <netlink/genl/genl.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <netlink/socket.h>

#include <elisa/netlink.h>

#include "compiler.h"
#include "nl.h"

/* Room for ELISA_GRANTS_MAX grants or ELISA_ENTRIES_MAX entries, and the rest. */
#define MSG_SIZE 16384

/* A dump that keeps being torn: give up and say so. */
#define DUMP_TRIES 8

/* Events come in bursts, when a VM with many attachments ends. */
#define EVENTS_RCVBUF (1024 * 1024)

struct exchange {
	struct enl *enl;
	enl_fn fn;
	void *arg;
	int error;
	bool done;
	bool torn;
	char text[256]; /* extended ACK */
};

static int __printf(3, 4)
fail(struct enl *enl, int error, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(enl->error, sizeof(enl->error), fmt, ap);
	va_end(ap);
	return error;
}

/* libnl has error numbers of its own. */
static int from_nle(int nle)
{
	switch (nle < 0 ? -nle : nle) {
	case 0:
		return 0;
	case NLE_OBJ_NOTFOUND:
		return -ENOENT;
	case NLE_PERM:
	case NLE_NOACCESS:
		return -EPERM;
	case NLE_NOMEM:
		/* libnl has no number of its own for ENOBUFS. */
		return -ENOBUFS;
	case NLE_AGAIN:
		return -EAGAIN;
	case NLE_INTR:
		return -EINTR;
	case NLE_PROTO_MISMATCH:
	case NLE_AF_NOSUPPORT:
		return -EPROTONOSUPPORT;
	default:
		return -EIO;
	}
}

static int fail_nle(struct enl *enl, int nle, const char *what)
{
	int ret = from_nle(nle);

	if (ret == -EPERM)
		return fail(enl, ret, "%s: permission denied: this needs root",
			    what);
	return fail(enl, ret, "%s: %s", what, nl_geterror(nle));
}

void enl_close(struct enl *enl)
{
	if (enl->sock)
		nl_socket_free(enl->sock);
	enl->sock = NULL;
}

/*
 * The version changes when messages mean something else, not when there are
 * more of them: see exchange() for those.
 */
static int check_version(struct enl *enl)
{
	struct genl_family *family;
	struct nl_cache *cache;
	int ret;

	ret = genl_ctrl_alloc_cache(enl->sock, &cache);
	if (ret < 0)
		return fail_nle(enl, ret,
				"cannot look up the elisa module's version");
	family = genl_ctrl_search_by_name(cache, ELISA_GENL_NAME);
	if (!family) {
		ret = fail(enl, -ENOENT,
			   "the elisa module was unloaded just now");
	} else {
		ret = enl_version_check(genl_family_get_version(family),
					enl->error, sizeof(enl->error));
		genl_family_put(family);
	}
	nl_cache_free(cache);
	return ret;
}

int enl_open(struct enl *enl)
{
	int one = 1;
	int ret;

	memset(enl, 0, sizeof(*enl));
	enl->sock = nl_socket_alloc();
	if (!enl->sock)
		return fail(enl, -ENOMEM, "out of memory");
	ret = genl_connect(enl->sock);
	if (ret < 0) {
		ret = fail_nle(enl, ret,
			       "cannot open a generic netlink socket");
		goto err_close;
	}
	/* Old kernels lack these; all we lose is the text or strictness. */
	setsockopt(nl_socket_get_fd(enl->sock), SOL_NETLINK, NETLINK_EXT_ACK,
		   &one, sizeof(one));
	setsockopt(nl_socket_get_fd(enl->sock), SOL_NETLINK, NETLINK_CAP_ACK,
		   &one, sizeof(one));
	setsockopt(nl_socket_get_fd(enl->sock), SOL_NETLINK,
		   NETLINK_GET_STRICT_CHK, &one, sizeof(one));

	ret = genl_ctrl_resolve(enl->sock, ELISA_GENL_NAME);
	if (ret == -NLE_OBJ_NOTFOUND) {
		/* The family is not seen from other network namespaces. */
		ret = fail(enl, -ENOENT,
			   access("/sys/module/elisa", F_OK) ?
				   "the elisa module is not loaded: modprobe elisa" :
				   "the elisa module serves the host's own network namespace only: run this outside of containers");
		goto err_close;
	}
	if (ret < 0) {
		ret = fail_nle(enl, ret,
			       "cannot look up the elisa module's netlink family");
		goto err_close;
	}
	enl->family = ret;
	ret = check_version(enl);
	if (ret)
		goto err_close;
	return 0;

err_close:
	enl_close(enl);
	return ret;
}

int enl_open_events(struct enl *enl)
{
	int size = EVENTS_RCVBUF;
	int group, ret;

	ret = enl_open(enl);
	if (ret)
		return ret;
	group = genl_ctrl_resolve_grp(enl->sock, ELISA_GENL_NAME,
				      ELISA_GENL_MCGRP_EVENTS);
	if (group < 0) {
		ret = fail_nle(enl, group,
			       "cannot find the elisa module's events");
		goto err_close;
	}
	/* Multicast messages have no sequence. */
	nl_socket_disable_seq_check(enl->sock);
	ret = nl_socket_add_membership(enl->sock, group);
	if (ret < 0) {
		ret = fail_nle(enl, ret,
			       "cannot join the elisa module's events");
		goto err_close;
	}
	/* Without it we would only not be told when the module is unloaded. */
	group = genl_ctrl_resolve_grp(enl->sock, "nlctrl", "notify");
	if (group >= 0)
		nl_socket_add_membership(enl->sock, group);
	setsockopt(nl_socket_get_fd(enl->sock), SOL_SOCKET, SO_RCVBUFFORCE,
		   &size, sizeof(size));
	ret = nl_socket_set_nonblocking(enl->sock);
	if (ret < 0) {
		ret = fail_nle(enl, ret, "cannot set up the event socket");
		goto err_close;
	}
	return 0;

err_close:
	enl_close(enl);
	return ret;
}

int enl_fd(const struct enl *enl)
{
	return nl_socket_get_fd(enl->sock);
}

struct nl_msg *enl_msg(int family, __u8 cmd, int flags)
{
	struct nl_msg *msg = nlmsg_alloc_size(MSG_SIZE);

	if (!msg)
		return NULL;
	if (!genlmsg_put(msg, NL_AUTO_PORT, NL_AUTO_SEQ, family, 0, flags, cmd,
			 ELISA_GENL_VERSION)) {
		nlmsg_free(msg);
		return NULL;
	}
	return msg;
}

static int on_valid(struct nl_msg *msg, void *arg)
{
	struct nlmsghdr *nlh = nlmsg_hdr(msg);
	struct exchange *x = arg;
	int ret;

	if (enl_tells_gone(nlh)) {
		x->error =
			fail(x->enl, -ENODEV, "the elisa module was unloaded");
	} else if (x->fn && nlh->nlmsg_type == x->enl->family && !x->error) {
		ret = x->fn(nlh, x->arg);
		if (ret)
			x->error = ret;
	}
	/* Also after an error: what is left in the socket must be read. */
	return NL_OK;
}

static int on_ack(struct nl_msg *msg, void *arg)
{
	struct exchange *x = arg;

	(void)msg;
	x->done = true;
	return NL_OK;
}

static int on_finish(struct nl_msg *msg, void *arg)
{
	struct exchange *x = arg;
	int error;

	/* The end of a dump carries its error. */
	error = enl_ack_parse(nlmsg_hdr(msg), x->text, sizeof(x->text));
	if (!x->error)
		x->error = error;
	x->done = true;
	return NL_OK;
}

static int on_torn(struct nl_msg *msg, void *arg)
{
	struct exchange *x = arg;

	(void)msg;
	x->torn = true;
	return NL_OK;
}

static int on_error(struct sockaddr_nl *from, struct nlmsgerr *nlerr, void *arg)
{
	/* The error is the message's payload; its header is in front. */
	const struct nlmsghdr *nlh =
		(const struct nlmsghdr *)((const char *)nlerr - NLMSG_HDRLEN);
	struct exchange *x = arg;

	(void)from;
	x->error = enl_ack_parse(nlh, x->text, sizeof(x->text));
	if (!x->error)
		x->error = -EBADMSG;
	x->done = true;
	return NL_STOP;
}

static int recv_until_done(struct enl *enl, struct exchange *x)
{
	struct nl_cb *cb = nl_cb_alloc(NL_CB_DEFAULT);
	int ret = 0;

	if (!cb)
		return fail(enl, -ENOMEM, "out of memory");
	nl_cb_set(cb, NL_CB_VALID, NL_CB_CUSTOM, on_valid, x);
	nl_cb_set(cb, NL_CB_ACK, NL_CB_CUSTOM, on_ack, x);
	nl_cb_set(cb, NL_CB_FINISH, NL_CB_CUSTOM, on_finish, x);
	nl_cb_set(cb, NL_CB_DUMP_INTR, NL_CB_CUSTOM, on_torn, x);
	nl_cb_err(cb, NL_CB_CUSTOM, on_error, x);

	while (!x->done) {
		ret = nl_recvmsgs(enl->sock, cb);
		if (ret < 0 && ret != -NLE_INTR && !x->done) {
			ret = fail_nle(enl, ret,
				       "no answer from the elisa module");
			break;
		}
		ret = 0;
	}
	nl_cb_put(cb);
	return ret;
}

static int exchange(struct enl *enl, struct nl_msg *msg, struct exchange *x)
{
	int ret;

	ret = nl_send_auto(enl->sock, msg);
	nlmsg_free(msg);
	if (ret < 0)
		return fail_nle(enl, ret, "cannot send to the elisa module");
	ret = recv_until_done(enl, x);
	if (ret)
		return ret;
	if (!x->error)
		return 0;
	if (x->text[0])
		return fail(enl, x->error, "%s (%s)", x->text,
			    strerror(-x->error));
	if (x->error == -EPERM)
		return fail(enl, x->error,
			    "permission denied: this needs root");
	/* The family's own refusals have a text. */
	if (x->error == -EOPNOTSUPP)
		return fail(enl, x->error,
			    "the loaded elisa module is older than elisactl and cannot do this: load the new one");
	if (x->error == -EBADMSG)
		return fail(enl, x->error,
			    "an answer of the elisa module makes no sense: are module and elisactl of one version?");
	return fail(enl, x->error, "%s", strerror(-x->error));
}

int enl_request(struct enl *enl, struct nl_msg *msg, enl_fn fn, void *arg)
{
	struct exchange x = { .enl = enl, .fn = fn, .arg = arg };

	if (!msg)
		return fail(enl, -ENOMEM, "out of memory");
	nlmsg_hdr(msg)->nlmsg_flags |= NLM_F_ACK;
	return exchange(enl, msg, &x);
}

int enl_dump(struct enl *enl, __u8 cmd, enl_fn fn, void (*restart)(void *),
	     void *arg)
{
	unsigned int i;
	int ret;

	for (i = 0; i < DUMP_TRIES; i++) {
		struct exchange x = { .enl = enl, .fn = fn, .arg = arg };
		struct nl_msg *msg = enl_msg(enl->family, cmd, NLM_F_DUMP);

		if (!msg)
			return fail(enl, -ENOMEM, "out of memory");
		ret = exchange(enl, msg, &x);
		if (ret || !x.torn)
			return ret;
		restart(arg);
	}
	return fail(enl, -EAGAIN,
		    "the list keeps changing while it is read; try again");
}

int enl_read_events(struct enl *enl, enl_fn fn, void *arg)
{
	struct exchange x = { .enl = enl, .fn = fn, .arg = arg };
	struct nl_cb *cb = nl_cb_alloc(NL_CB_DEFAULT);
	int ret;

	if (!cb)
		return fail(enl, -ENOMEM, "out of memory");
	nl_cb_set(cb, NL_CB_VALID, NL_CB_CUSTOM, on_valid, &x);
	nl_cb_set(cb, NL_CB_SEQ_CHECK, NL_CB_CUSTOM, on_ack, &x);
	ret = nl_recvmsgs(enl->sock, cb);
	nl_cb_put(cb);
	if (ret < 0)
		return fail_nle(enl, ret, "cannot read events");
	return x.error;
}
