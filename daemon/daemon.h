/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ELISACTL_DAEMON_H
#define ELISACTL_DAEMON_H

/* Runs until SIGTERM; returns the exit status. */
int daemon_run(const char *config, const char *control);

#endif /* ELISACTL_DAEMON_H */
