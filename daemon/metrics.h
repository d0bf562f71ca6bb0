/* SPDX-License-Identifier: GPL-2.0-only */
/* Prometheus' text format, version 0.0.4.  The names are an interface. */
#ifndef ELISACTL_METRICS_H
#define ELISACTL_METRICS_H

#include <stdio.h>

struct snapshot;

/* SNAPSHOT is NULL when the module does not answer: that is a metric, too. */
void metrics_print(FILE *to, const struct snapshot *snapshot);

#endif /* ELISACTL_METRICS_H */
