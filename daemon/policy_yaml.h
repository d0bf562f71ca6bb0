/* SPDX-License-Identifier: GPL-2.0-only */
/* The policy files, elisa.conf(5). */
#ifndef ELISACTL_POLICY_YAML_H
#define ELISACTL_POLICY_YAML_H

#include <stddef.h>

#include "policy.h"

#define POLICY_DEFAULT_FILE "/etc/elisa/elisa.conf"
#define POLICY_CONF_DIR	    "conf.d" /* beside that file */
#define POLICY_FILE_MAX	    (1024 * 1024)
#define POLICY_FILES_MAX    256
#define POLICY_ERR_SIZE	    1024

/* Text that is, or could be, the content of a file. */
struct policy_text {
	const char *file;
	const char *buf;
	size_t len;
};

/*
 * All return 0 or -errno with "FILE:LINE:COL: message (hint)" in ERR; POLICY is
 * then empty.  Several files are one policy: entries in the order of the files,
 * defaults for all of them.
 */
int policy_parse(struct policy *policy, const struct policy_text *texts,
		 size_t n, char *err, size_t err_size);
/* These files, which must be safe from other users. */
int policy_load_files(struct policy *policy, char *const *files, size_t n,
		      char *err, size_t err_size);
/* FILE, and behind it *.conf of the folder conf.d beside it, sorted. */
int policy_load(struct policy *policy, const char *file, char *err,
		size_t err_size);

#endif /* ELISACTL_POLICY_YAML_H */
