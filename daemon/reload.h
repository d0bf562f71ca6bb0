/* SPDX-License-Identifier: GPL-2.0-only */
/* Make a policy the one that is in force, and say what came of it. */
#ifndef ELISACTL_RELOAD_H
#define ELISACTL_RELOAD_H

#include "policy.h"

struct enl;
struct json_t;

struct reload {
	unsigned int kept, enrolled, changed, removed, failed, by_hand;
	unsigned int attachments, exports; /* revoked */
	struct json_t *failures;	   /* or NULL */
};

/*
 * All or nothing up to the point where the module is told: until then 0 or
 * -errno with a sentence in enl->error, and nothing has changed.  From there on
 * each VM gets its policy as a whole or, if the module refuses it, keeps the one
 * it has and is named.
 */
int reload_apply(struct reload *reload, struct enl *enl,
		 const struct policy *policy);
void reload_free(struct reload *reload);

/* The answer to a client: JSON on the heap, NULL when out of memory. */
char *reload_answer(const struct reload *reload, const char *config,
		    size_t n_entries);
char *reload_refusal(const char *why);

#endif /* ELISACTL_RELOAD_H */
