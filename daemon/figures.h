/* SPDX-License-Identifier: GPL-2.0-only */
/* What the module tells of a VM: one table for stats, top and metrics. */
#ifndef ELISACTL_FIGURES_H
#define ELISACTL_FIGURES_H

#include <stdbool.h>
#include <stddef.h>

#include <elisa/netlink.h>

struct figure {
	unsigned int attr;  /* enum elisa_stat_attr */
	const char *key;    /* in JSON: never to be renamed */
	const char *metric; /* for Prometheus: neither */
	const char *help;
	bool counter;	    /* else it goes up and down */
	unsigned int scale; /* of the metric; 0 is 1 */
};

/* The end has no key. */
extern const struct figure figures[];

#endif /* ELISACTL_FIGURES_H */
