/* SPDX-License-Identifier: GPL-2.0-only */
/* sd_notify(3) without the library: one datagram. */
#ifndef ELISACTL_NOTIFY_H
#define ELISACTL_NOTIFY_H

/* Like "READY=1\nSTATUS=..."; nothing happens when no one asked for it. */
void notify(const char *state);

#endif /* ELISACTL_NOTIFY_H */
