/* SPDX-License-Identifier: GPL-2.0-only */
/* The policy file, elisa.conf(5). */
#ifndef ELISACTL_POLICY_YAML_H
#define ELISACTL_POLICY_YAML_H

#include <stddef.h>

#include "policy.h"

#define POLICY_DEFAULT_FILE	"/etc/elisa/elisa.conf"
#define POLICY_FILE_MAX		(1024 * 1024)

/*
 * Both return 0 or -errno with "FILE:LINE:COL: message (hint)" in ERR; POLICY
 * is then empty.
 */
int policy_parse(struct policy *policy, const char *file, const char *buf,
		 size_t len, char *err, size_t err_size);
int policy_load(struct policy *policy, const char *file, char *err,
		size_t err_size);

#endif /* ELISACTL_POLICY_YAML_H */
