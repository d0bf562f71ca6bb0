/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Between elisactl, which may ask the module, and its HTTP server, a program
 * without any rights (metrics_http.c).
 *
 * The server has two descriptors: a socket that listens, and a connection of
 * type SOCK_SEQPACKET to elisactl.  A message on that is a number.  0 from the
 * server says that it is ready.  With any other it asks for the metrics; the
 * answer is the same number, and a file with the text, sealed.
 */
#ifndef ELISACTL_METRICS_HTTP_H
#define ELISACTL_METRICS_HTTP_H

#include <linux/types.h>

#define METRICS_HTTP_PROGRAM "elisactl-metrics-http"
#define METRICS_HTTP_LISTEN  3
#define METRICS_HTTP_SOURCE  4

struct metrics_http_msg {
	__u32 number;
};

#endif /* ELISACTL_METRICS_HTTP_H */
