/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The daemon's control socket: one request, one answer, both a message.
 *
 * The request is "reload"; the answer is a JSON object.  Only root may connect:
 * the folder is root's alone, and the peer's uid is looked at besides.
 */
#ifndef ELISACTL_CONTROL_H
#define ELISACTL_CONTROL_H

#include <stdbool.h>
#include <stddef.h>

#define CONTROL_DEFAULT_SOCKET "/run/elisa/control"
#define CONTROL_REQUEST_SIZE   64
#define CONTROL_ANSWER_SIZE    65536
#define CONTROL_CLIENTS	       4

/*
 * A socket that listens, non-blocking; -EADDRINUSE: another daemon does
 * already.  What a daemon that is gone has left is removed.
 */
int control_listen(const char *path);

/* The next client, non-blocking, or -errno; -EPERM: it is not root. */
int control_accept(int sock);

/*
 * A client's request, zero-terminated, of printable characters.  -EAGAIN: none
 * yet; -EBADMSG: not one, or the client is gone.
 */
int control_receive(int client, char request[CONTROL_REQUEST_SIZE]);

/* Client: send a request and wait for the answer; 0 or -errno. */
int control_ask(const char *path, const char *request,
		char answer[CONTROL_ANSWER_SIZE]);

#endif /* ELISACTL_CONTROL_H */
