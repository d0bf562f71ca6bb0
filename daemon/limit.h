/* SPDX-License-Identifier: GPL-2.0-only */
/* The limits of a VM: the one table of their names, units and ranges. */
#ifndef ELISACTL_LIMIT_H
#define ELISACTL_LIMIT_H

#include <stdbool.h>
#include <stddef.h>
#include <linux/types.h>

#include <elisa/netlink.h>

struct limit {
	const char *key;   /* in the policy and on the command line */
	unsigned int attr; /* ELISA_LIMIT_A_* */
	bool is_size;	   /* written in bytes, K, M or G; kept in pages */
	__u32 most;	   /* of what the module takes */
	__u32 standard;	   /* what the module takes when it is not set */
};

/* In the order of ELISA_LIMIT_A_*; the last one has no key. */
extern const struct limit limits_table[];

/* NULL when there is none. */
const struct limit *limit_by_key(const char *key);
const struct limit *limit_by_attr(unsigned int attr);

/* "attachments, instances, ..." */
#define LIMIT_KEYS_SIZE 128
void limit_keys(char text[LIMIT_KEYS_SIZE]);

/*
 * The value that TEXT stands for.  On error -EINVAL, with a sentence in WHY and
 * a hint or NULL in *HINT.
 */
int limit_parse(const struct limit *limit, const char *text, size_t len,
		__u32 *value, char *why, size_t why_size, const char **hint);

/* The reverse: "64", "64M". */
#define LIMIT_TEXT_SIZE 20
void limit_format(const struct limit *limit, __u32 value,
		  char text[LIMIT_TEXT_SIZE]);

#endif /* ELISACTL_LIMIT_H */
