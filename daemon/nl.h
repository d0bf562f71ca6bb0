/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The netlink conversation with the module.  What is said, the messages'
 * content, is in nl_*.c and does no I/O.
 */
#ifndef ELISACTL_NL_H
#define ELISACTL_NL_H

#include <stdbool.h>
#include <stddef.h>
#include <linux/types.h>

struct nl_msg;
struct nl_sock;
struct nlmsghdr;

struct enl {
	struct nl_sock *sock;
	int family;
	char error[512]; /* one sentence, after any failure */
};

/* Called for each message of an answer; 0 or -errno. */
typedef int (*enl_fn)(struct nlmsghdr *nlh, void *arg);

/* -ENOENT: the module is not loaded. */
int enl_open(struct enl *enl);
void enl_close(struct enl *enl);

/* A socket that is joined to the events; -ENOENT as above. */
int enl_open_events(struct enl *enl);
int enl_fd(const struct enl *enl);

/*
 * One pending batch of events; -ENOBUFS: some were lost; -EAGAIN: none;
 * -ENODEV: the module is unloaded, there will be no more.
 */
int enl_read_events(struct enl *enl, enl_fn fn, void *arg);

/*
 * Send and wait for the end of the answer; FN may be NULL.  Both free the
 * message.  The error is the kernel's, with its extended ACK text.
 */
int enl_request(struct enl *enl, struct nl_msg *msg, enl_fn fn, void *arg);

/* RESTART is called when the dump was torn by a change and begins anew. */
int enl_dump(struct enl *enl, __u8 cmd, enl_fn fn, void (*restart)(void *),
	     void *arg);

/* Does the controller of generic netlink tell here that the module is gone? */
bool enl_tells_gone(struct nlmsghdr *nlh);

/* A message with the family's header, NULL when out of memory. */
struct nl_msg *enl_msg(int family, __u8 cmd, int flags);

/*
 * The extended ACK text of an error or done message, into TEXT; empty when
 * there is none.  Returns the message's errno, negative, or 0.
 */
int enl_ack_parse(const struct nlmsghdr *nlh, char *text, size_t size);

/*
 * -EPROTO unless VERSION, of a module's protocol, is ours; then TEXT is one
 * sentence that says which side is to be updated.
 */
int enl_version_check(unsigned int version, char *text, size_t size);

#endif /* ELISACTL_NL_H */
