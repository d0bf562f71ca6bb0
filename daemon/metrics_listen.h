/* SPDX-License-Identifier: GPL-2.0-only */
/* The socket on which metrics are served. */
#ifndef ELISACTL_METRICS_LISTEN_H
#define ELISACTL_METRICS_LISTEN_H

#define METRICS_LISTEN_DEFAULT	"127.0.0.1:9838"
#define METRICS_LISTEN_WHY_SIZE 256

/*
 * A socket that listens on WHERE: the path of a UNIX socket, which root alone
 * can connect to, or [ADDRESS:]PORT with an address of this host's loopback.
 * NULL: the one that systemd passed, or METRICS_LISTEN_DEFAULT.  -errno, with a
 * sentence in WHY; -EINVAL when WHERE is wrong itself.
 */
int metrics_listen(const char *where, char why[METRICS_LISTEN_WHY_SIZE]);

#endif /* ELISACTL_METRICS_LISTEN_H */
