/* SPDX-License-Identifier: GPL-2.0-only */
/* Answers what the HTTP server asks, see metrics_http.h. */
#ifndef ELISACTL_METRICS_SERVE_H
#define ELISACTL_METRICS_SERVE_H

#include <stdio.h>

/*
 * Start the HTTP server on LISTEN_FD, without rights, and answer it by what
 * WRITE writes until SIGTERM or SIGINT; the exit status.
 */
int metrics_serve(int listen_fd, void (*write)(FILE *to));

#endif /* ELISACTL_METRICS_SERVE_H */
