// SPDX-License-Identifier: GPL-2.0-only
#include "retry.h"

static void remove_slot(struct retry *retry, unsigned int i)
{
	retry->slot[i] = retry->slot[--retry->n];
}

bool retry_add(struct retry *retry, pid_t pid, __u64 now)
{
	/* It may have created another VM: begin anew. */
	retry_drop(retry, pid);
	if (retry->n == RETRY_MAX)
		return false;
	retry->slot[retry->n].pid = pid;
	retry->slot[retry->n].tries = 0;
	retry->slot[retry->n].due = now;
	retry->n++;
	return true;
}

void retry_drop(struct retry *retry, pid_t pid)
{
	unsigned int i;

	for (i = 0; i < retry->n; i++) {
		if (retry->slot[i].pid == pid) {
			remove_slot(retry, i);
			return;
		}
	}
}

pid_t retry_take(struct retry *retry, __u64 now, bool *last)
{
	unsigned int i;

	for (i = 0; i < retry->n; i++) {
		pid_t pid = retry->slot[i].pid;

		if (retry->slot[i].due > now)
			continue;
		retry->slot[i].due = now + (1ULL << retry->slot[i].tries);
		*last = ++retry->slot[i].tries == RETRY_TRIES;
		if (*last)
			remove_slot(retry, i);
		return pid;
	}
	return 0;
}

__u64 retry_due(const struct retry *retry)
{
	__u64 due = RETRY_NEVER;
	unsigned int i;

	for (i = 0; i < retry->n; i++) {
		if (retry->slot[i].due < due)
			due = retry->slot[i].due;
	}
	return due;
}
