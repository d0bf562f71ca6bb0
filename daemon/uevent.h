/* SPDX-License-Identifier: GPL-2.0-only */
/* KVM's uevents: a VM was created or destroyed. */
#ifndef ELISACTL_UEVENT_H
#define ELISACTL_UEVENT_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define UEVENT_SIZE 8192 /* the kernel's own limit is 2048 + headers */

struct uevent_kvm {
	bool create; /* otherwise: destroyed */
	pid_t pid;   /* of the creating thread, not process */
};

/* False when this is some other uevent, or none at all. */
bool uevent_parse(const char *buf, size_t len, struct uevent_kvm *event);

/* A non-blocking socket, or -errno. */
int uevent_open(void);

/* 1: *EVENT is one; 0: another; -EAGAIN: none; -ENOBUFS: some were lost. */
int uevent_read(int fd, struct uevent_kvm *event);

#endif /* ELISACTL_UEVENT_H */
