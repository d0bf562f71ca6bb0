/* SPDX-License-Identifier: GPL-2.0-only */
/* What there is, told as events: for whom events were lost. */
#ifndef ELISACTL_RESYNC_H
#define ELISACTL_RESYNC_H

#include <stddef.h>

#include "nl_event.h"

struct enl;

struct resync {
	struct enl_event *events; /* VMs, exports, then attachments */
	size_t n;
};

/* 0 or -errno, with the reason in enl->error; then there is nothing to free. */
int resync_take(struct enl *enl, struct resync *resync);
void resync_free(struct resync *resync);

#endif /* ELISACTL_RESYNC_H */
