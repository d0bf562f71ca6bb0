/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One print path: a command says keys and values, and -j decides how they
 * look.  The keys are an interface; do not rename them.
 */
#ifndef ELISACTL_PRINT_H
#define ELISACTL_PRINT_H

#include <stdbool.h>
#include <linux/types.h>

struct json_t;

struct print {
	bool json;
	bool failed; /* out of memory */
	struct json_t *rows;
	struct json_t *row;
};

/* For all that is printed from now on; at first neither. */
void print_style(bool pretty, bool color);

void print_begin(struct print *print, bool json);

/* Forget all rows, to begin anew; takes a struct print. */
void print_restart(void *arg);

/* Start the next row; the values after it belong to it. */
void print_row(struct print *print);
void print_uint(struct print *print, const char *key, __u64 value);
void print_real(struct print *print, const char *key, double value);
void print_text(struct print *print, const char *key, const char *value);
void print_bool(struct print *print, const char *key, bool value);
void print_hex(struct print *print, const char *key, __u64 value);
void print_none(struct print *print, const char *key); /* "-", null */

/*
 * The end, which prints: a table of all rows (a list of objects in JSON), or
 * the only row with a key on each line (an object), or on one line, which is
 * TEXT unless it is JSON.  The exit status is returned.
 */
int print_table(struct print *print);
int print_object(struct print *print);
int print_line(struct print *print, const char *text);

/*
 * Keep only the row whose KEY is VALUE, to end with print_object(); false when
 * there is none.
 */
bool print_select(struct print *print, const char *key, __u64 value);

/* The end without printing. */
void print_drop(struct print *print);

#endif /* ELISACTL_PRINT_H */
