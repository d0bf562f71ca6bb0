/* SPDX-License-Identifier: GPL-2.0-only */
/* What doctor_*.c share: looking into files, and making rows. */
#ifndef ELISACTL_DOCTOR_FIND_H
#define ELISACTL_DOCTOR_FIND_H

#include <stdbool.h>
#include <stddef.h>

#include "doctor.h"

/* The row that is being made, and who wants it. */
struct finder {
	doctor_fn fn;
	void *arg;
	struct doctor_row row;
};

/* What was found, for the row that comes next. */
void finder_found(struct finder *f, const char *fmt, ...) __printf(2, 3);

/* The row is complete; FMT says what to do, "" for nothing. */
void finder_row(struct finder *f, const char *what, enum doctor_state state,
		const char *fmt, ...) __printf(4, 5);

/* All of these take PATH below host->root. */
int find_open(const struct doctor_host *host, const char *path); /* -1 */
bool find_file(const struct doctor_host *host, const char *path);

/* The first line without its newline; false when there is none. */
bool find_line(const struct doctor_host *host, const char *path, char *line,
	       size_t size);

/* Is there a line "KEY : ... WORD ..."?  Without WORD: a line of that key. */
bool find_word(const struct doctor_host *host, const char *path,
	       const char *key, const char *word);

/*
 * Bit n is set if a line begins with WORD[n], up to a blank or its end.  One
 * pass: a file of tracefs takes long.
 */
unsigned int find_lines(const struct doctor_host *host, const char *path,
			const char *const *word, unsigned int n);

/* The parts of the check. */
void doctor_cpu(const struct doctor_host *host, struct finder *f);
void doctor_kernel(const struct doctor_host *host, struct finder *f);
void doctor_module(const struct doctor_host *host, struct finder *f);

#endif /* ELISACTL_DOCTOR_FIND_H */
