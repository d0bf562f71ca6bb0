// SPDX-License-Identifier: GPL-2.0-only
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "print.h"

#define COLUMNS_MAX 24

static struct {
	bool pretty;
	bool color;
} style;

void print_style(bool pretty, bool color)
{
	style.pretty = pretty;
	style.color = color;
}

/* Escape sequences around a key; "" without colours. */
static const char *bold(void)
{
	return style.color ? "\033[1m" : "";
}

static const char *plain(void)
{
	return style.color ? "\033[0m" : "";
}

void print_begin(struct print *print, bool json)
{
	memset(print, 0, sizeof(*print));
	print->json = json;
	print->rows = json_array();
	print->failed = !print->rows;
}

void print_restart(void *arg)
{
	struct print *print = arg;

	json_array_clear(print->rows);
	print->row = NULL;
}

void print_row(struct print *print)
{
	print->row = json_object();
	if (json_array_append_new(print->rows, print->row)) {
		/* It is freed; values for no row are refused below. */
		print->row = NULL;
		print->failed = true;
	}
}

static void set(struct print *print, const char *key, json_t *value)
{
	if (json_object_set_new(print->row, key, value))
		print->failed = true;
}

void print_uint(struct print *print, const char *key, __u64 value)
{
	set(print, key, json_integer((json_int_t)value));
}

void print_real(struct print *print, const char *key, double value)
{
	/* Three digits: more are noise. */
	set(print, key,
	    json_real((double)(long long)(value * 1000 + 0.5) / 1000));
}

void print_text(struct print *print, const char *key, const char *value)
{
	char *text = strdup(value);

	if (!text) {
		print->failed = true;
		return;
	}
	log_sanitize(text);
	set(print, key, json_string(text));
	free(text);
}

void print_bool(struct print *print, const char *key, bool value)
{
	set(print, key, json_boolean(value));
}

void print_hex(struct print *print, const char *key, __u64 value)
{
	char text[24];

	snprintf(text, sizeof(text), "0x%llx", value);
	set(print, key, json_string(text));
}

void print_none(struct print *print, const char *key)
{
	set(print, key, json_null());
}

static const char *cell(const json_t *value, char *buf, size_t size)
{
	if (json_is_string(value))
		return json_string_value(value);
	if (json_is_boolean(value))
		return json_is_true(value) ? "yes" : "no";
	if (json_is_real(value)) {
		snprintf(buf, size, "%.3f", json_real_value(value));
		return buf;
	}
	if (!json_is_integer(value))
		return "-";
	snprintf(buf, size, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
	return buf;
}

static void table_text(const struct print *print)
{
	int width[COLUMNS_MAX] = { 0 };
	size_t n, i, c, columns = 0;
	const char *key;
	json_t *value;
	char buf[24];

	n = json_array_size(print->rows);
	for (i = 0; i < n; i++) {
		c = 0;
		json_object_foreach(json_array_get(print->rows, i), key,
				    value) {
			int len = strlen(cell(value, buf, sizeof(buf)));

			if (c == COLUMNS_MAX)
				break;
			if (!i)
				width[c] = strlen(key);
			if (len > width[c])
				width[c] = len;
			c++;
		}
		columns = c;
	}
	for (i = 0; i <= n && n; i++) {
		/* The keys of the first row are the header. */
		json_t *row = json_array_get(print->rows, i ? i - 1 : 0);

		c = 0;
		json_object_foreach(row, key, value) {
			const char *text = i ? cell(value, buf, sizeof(buf)) :
					       key;

			if (c == COLUMNS_MAX)
				break;
			/* No blanks at the end of a line. */
			printf("%s%-*s%s%s", i ? "" : bold(),
			       c + 1 < columns ? width[c] : 0, text,
			       i ? "" : plain(), c + 1 < columns ? "  " : "\n");
			c++;
		}
	}
}

static void object_text(const struct print *print)
{
	json_t *value;
	const char *key;
	char buf[24];

	json_object_foreach(print->row, key, value)
		printf("%s%s%s: %s\n", bold(), key, plain(),
		       cell(value, buf, sizeof(buf)));
}

bool print_select(struct print *print, const char *key, __u64 value)
{
	json_t *row;
	size_t i;

	json_array_foreach(print->rows, i, row) {
		const json_t *got = json_object_get(row, key);

		if (!json_is_integer(got) ||
		    (__u64)json_integer_value(got) != value)
			continue;
		print->row = row;
		return true;
	}
	return false;
}

void print_drop(struct print *print)
{
	json_decref(print->rows);
	print->rows = NULL;
	print->row = NULL;
}

static int finish(struct print *print, bool printed)
{
	print_drop(print);
	if (print->failed) {
		complain("out of memory");
		return 1;
	}
	/* A full disk or a closed pipe is a failure like any other. */
	if (!printed || fflush(stdout) || ferror(stdout)) {
		complain("cannot write to standard output");
		return 1;
	}
	return 0;
}

static bool dump(const json_t *json)
{
	if (json_dumpf(json, stdout,
		       style.pretty ? JSON_INDENT(2) : JSON_COMPACT))
		return false;
	return putchar('\n') != EOF;
}

int print_table(struct print *print)
{
	bool ok = true;

	if (print->failed)
		return finish(print, true);
	if (print->json)
		ok = dump(print->rows);
	else
		table_text(print);
	return finish(print, ok);
}

int print_object(struct print *print)
{
	bool ok = true;

	if (print->failed)
		return finish(print, true);
	if (print->json)
		ok = dump(print->row);
	else
		object_text(print);
	return finish(print, ok);
}

int print_line(struct print *print, const char *text)
{
	bool ok;

	if (print->failed)
		return finish(print, true);
	if (print->json)
		ok = dump(print->row);
	else
		ok = puts(text) != EOF;
	return finish(print, ok);
}
