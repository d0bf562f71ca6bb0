/* SPDX-License-Identifier: GPL-2.0-only */
/* What `elisactl top` shows; does no I/O but to the stream that it is given. */
#ifndef ELISACTL_TOP_H
#define ELISACTL_TOP_H

#include <stdbool.h>
#include <stdio.h>
#include <linux/types.h>

#include <elisa/netlink.h>

struct enl_vm;
struct print;
struct snapshot;

struct top_row {
	const struct enl_vm *vm;	   /* of the newer snapshot */
	bool has_rates;			   /* it was in the older one, too */
	double rate[ELISA_STAT_A_MAX + 1]; /* a second */
};

/*
 * A row for each VM of NOW, the busiest first; BEFORE was SECONDS earlier, or
 * is NULL.  To be freed; NULL when out of memory or there is no VM.
 */
struct top_row *top_rows(const struct snapshot *before,
			 const struct snapshot *now, double seconds);

/* A table of at most HEIGHT lines of at most WIDTH characters; 0: no limit. */
void top_text(FILE *to, const struct snapshot *now, const struct top_row *rows,
	      unsigned int width, unsigned int height, const char *eol);

/* For JSON; appends to PRINT's rows. */
void top_json(struct print *print, const struct snapshot *now,
	      const struct top_row *rows);

#endif /* ELISACTL_TOP_H */
