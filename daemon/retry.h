/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Processes to look at again soon.  KVM announces a VM before its file
 * descriptor is in the creator's table, and nothing tells when it is.  So a
 * process is looked at after 1, 2, 4, ... ms, RETRY_TRIES times in all.
 */
#ifndef ELISACTL_RETRY_H
#define ELISACTL_RETRY_H

#include <stdbool.h>
#include <linux/types.h>
#include <stdint.h>
#include <sys/types.h>

#define RETRY_MAX   64 /* processes at a time */
#define RETRY_TRIES 11 /* about 2 s */
#define RETRY_NEVER UINT64_MAX

struct retry {
	struct {
		pid_t pid;
		unsigned int tries;
		__u64 due; /* in ms */
	} slot[RETRY_MAX];
	unsigned int n;
};

/* Begin with PID at NOW; false when there is no room. */
bool retry_add(struct retry *retry, pid_t pid, __u64 now);

/* Nothing more to look for at PID. */
void retry_drop(struct retry *retry, pid_t pid);

/*
 * A process that is due, or 0.  It becomes due again later unless it is
 * dropped; with the last try *LAST is set and it is forgotten.
 */
pid_t retry_take(struct retry *retry, __u64 now, bool *last);

/* When the next one is due. */
__u64 retry_due(const struct retry *retry);

#endif /* ELISACTL_RETRY_H */
